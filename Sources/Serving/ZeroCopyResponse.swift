import Bytes
import Kernel

/// The response that is sent again and again, without a copy for each client.
///
/// To copy a page costs each client more than to send it from where it lies, and the kernel memory besides. But first it has to be
/// put where that is possible: who scrapes now and then is sent a copy.
struct ZeroCopyResponse: ~Copyable {
    /// So many are sent before: by then they have cost as much as to fill the buffer.
    static let copies = 8
    /// A shorter one is copied in the time that the rest takes.
    static let leastBytes = 6 << 10

    /// Nil where there is none, or sockets do not take it: then all are sent copies.
    private var buffer: ZeroCopyBuffer?
    private var sent = 0
    private var isFilled = false
    /// The socket took nothing without a copy just now.
    private var isRefused = false
    /// While there are no more connections.
    private let mostConnections: Int
    private var isAllowed = true

    /// - Parameters:
    ///   - buffer: nil where none can be had.
    ///   - mostConnections: with more, the memory does not bear what the kernel holds for each.
    init(_ buffer: consuming ZeroCopyBuffer?, mostConnections: Int) {
        self.buffer = buffer
        self.mostConnections = mostConnections
    }

    /// So many connections are there.
    mutating func setConnections(_ count: Int) { isAllowed = count <= mostConnections }

    /// The descriptor of the buffer.
    var descriptor: Int32? {
        switch buffer {
        case .some(let buffer): buffer.descriptor.withNumber { $0 }
        case .none: nil
        }
    }

    /// Another response follows.
    mutating func forget() {
        sent = 0
        isFilled = false
    }

    /// How many bytes the response has that the buffer holds.
    var count: Int {
        switch buffer {
        case .some(let buffer): buffer.count
        case .none: 0
        }
    }

    /// Sends the response that was sent last once more without a copy, as much of it as is taken; never waits. Nil where that cannot be
    /// done, and `send` can.
    mutating func sendWithoutCopy(on connection: inout Connection, at now: UInt64) -> Movement? {
        guard isFilled, isAllowed, connection.maySendWithoutCopy else { return nil }
        let movement =
            switch buffer {
            case .some(let buffer): connection.send(buffer, at: now)
            case .none: Movement.failed
            }
        isRefused = movement == .failed
        return isRefused ? nil : movement
    }

    /// Sends a response of two pieces that is the same until `forget`, as much of it as is taken; never waits.
    mutating func send(
        _ first: Span<UInt8>, _ second: Span<UInt8>, on connection: inout Connection, at now: UInt64
    ) -> Movement {
        if isAllowed, connection.maySendWithoutCopy, fills(first, second),
            let movement = sendWithoutCopy(on: &connection, at: now)
        {
            return movement
        }
        let movement = connection.send(first, second, at: now)
        // A peer that has left is sent no copy either. Otherwise it is sockets of this kind, or of this kernel.
        if isRefused, movement != .failed {
            buffer = nil
            isFilled = false
        }
        isRefused = false
        return movement
    }

    /// Fills the buffer once the response was sent often enough; false if that is not now.
    private mutating func fills(_ first: Span<UInt8>, _ second: Span<UInt8>) -> Bool {
        guard first.count + second.count >= ZeroCopyResponse.leastBytes else { return false }
        sent += 1
        guard sent == ZeroCopyResponse.copies + 1 else { return false }
        isFilled = buffer?.replace(by: first, second) ?? false
        return isFilled
    }
}
