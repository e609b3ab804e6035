import Kernel
import TLS

/// What moving bytes over a connection gave.
enum Movement: Equatable {
    case bytes(Int)
    /// Nothing moves until the socket is ready for this, which under TLS need not be the direction that was asked for.
    case wait(Interest)
    /// The peer will send no more.
    case endOfFile
    /// The connection is of no further use.
    case failed

    init(_ transfer: Transfer, otherwise interest: Interest) {
        switch transfer {
        case .bytes(let count): self = .bytes(count)
        case .wouldBlock: self = .wait(interest)
        case .endOfFile: self = .endOfFile
        case .failed: self = .failed
        }
    }

    init(_ transfer: TLSTransfer) {
        switch transfer {
        case .bytes(let count): self = .bytes(count)
        case .wantsRead: self = .wait(.readable)
        case .wantsWrite: self = .wait(.writable)
        case .endOfFile: self = .endOfFile
        case .failed: self = .failed
        }
    }
}

/// Bytes in and out, in the clear or through TLS.
extension Connection {
    /// Takes what arrived, as much as fits; never waits.
    mutating func receive(into output: inout OutputSpan<UInt8>) -> Movement {
        guard var session = session.take() else {
            return Movement(socket.receive(into: &output), otherwise: .readable)
        }
        let movement = Movement(session.receive(into: &output))
        hasPendingBytes = session.hasPendingBytes
        self.session = consume session
        return movement
    }

    /// Sends two pieces, as much of them as is taken; never waits. After `wait`, the same bytes must come again first.
    mutating func send(_ first: Span<UInt8>, _ second: Span<UInt8>) -> Movement {
        guard var session = session.take() else {
            return Movement(socket.send(first, second), otherwise: .writable)
        }
        let movement = Movement(session.send(first, second))
        self.session = consume session
        return movement
    }

    /// Says that nothing more will be sent, and still receives; false if the peer has left.
    mutating func finishSending() -> Bool {
        closeSession()
        return socket.finishSending()
    }

    /// Tells the peer of the end through TLS, if it is spoken and the socket takes it at once: without that, anybody on the way
    /// could have cut the connection. See RFC 8446 section 6.1.
    mutating func closeSession() {
        guard var session = session.take() else { return }
        session.close()
        self.session = consume session
    }
}
