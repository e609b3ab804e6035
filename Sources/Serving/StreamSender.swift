import Bytes
import HTTP
import Kernel

/// Sends frames to one stream after the other, as many as each takes.
///
/// What a socket takes in part is finished from a copy of its rest: the ring is never held up by a reader.
struct StreamSender: ~Copyable {
    private(set) var frames = Frames()
    private var loss = ByteBuffer(capacity: Frames.longestLoss)

    /// Makes a frame of what has just happened.
    mutating func append(_ content: inout some Publisher & ~Copyable) { frames.append(&content) }

    /// Sends the next piece to a stream that owes nothing.
    ///
    /// - Returns: what the stream does next; `proceed` if the piece was taken whole, or if there was none.
    mutating func sendNext(_ connection: inout Connection, _ rests: inout BufferPool, at now: UInt64) -> Next {
        guard let position = connection.stream else { return .close }
        if position.isEnding { return end(position, &connection, &rests, at: now) }
        guard position.next < frames.count else { return .wait(.hangUp) }
        let lost = frames.oldest - min(position.next, frames.oldest)
        if lost > 0 {
            Frames.write(lost: lost, isChunk: position.isChunked, into: &loss)
            connection.advanceStream(to: frames.oldest)
            return loss.withBytes { StreamSender.send($0, &connection, &rests, at: now) }
        }
        connection.advanceStream(to: position.next + 1)
        return frames.withFrame(position.next, isChunk: position.isChunked) {
            StreamSender.send($0, &connection, &rests, at: now)
        }
    }

    private mutating func end(
        _ position: StreamPosition, _ connection: inout Connection, _ rests: inout BufferPool, at now: UInt64
    ) -> Next {
        connection.finish()
        guard position.isChunked else { return .linger }
        loss.removeAll()
        loss.append(Frames.lastChunk)
        let next = loss.withBytes { StreamSender.send($0, &connection, &rests, at: now) }
        if case .proceed = next { return .linger }
        return next
    }

    private static func send(
        _ piece: Span<UInt8>, _ connection: inout Connection, _ rests: inout BufferPool, at now: UInt64
    ) -> Next {
        let sent: Int
        let awaited: Interest
        switch connection.send(piece, piece.extracting(0..<0), at: now) {
        case .bytes(piece.count): return .proceed
        case .bytes(let count): (sent, awaited) = (count, .writable)
        case .wait(let interest): (sent, awaited) = (0, interest)
        case .endOfFile, .failed: return .close
        }
        var rest = rests.take()
        if rest.capacity < piece.count { rest = ByteBuffer(capacity: piece.count) }
        rest.append(piece.extracting(sent..<piece.count))
        connection.owe(Unsent(rest, nil))
        return .wait(awaited)
    }
}
