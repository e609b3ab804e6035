import Bytes
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

/// What a connection does next.
enum Next {
    /// All is sent: the next request may follow.
    case proceed
    case wait(Interest)
    /// The response that ends the connection is sent; the peer is given time to read it.
    case linger
    case close
    /// The client took too long: counted, and reset.
    case giveUp(Rejection)
}

/// What the socket did not take of a response: bytes of its own, such as the rest of the head, and then the rest of a page
/// that is lent.
struct Unsent: ~Copyable {
    private var bytes: ByteBuffer?
    private(set) var page: PageLoan?

    init(_ bytes: consuming ByteBuffer?, _ page: PageLoan?) {
        self.bytes = bytes
        self.page = page
    }

    /// Lends the bytes of its own; none if there is no buffer.
    func withBytes<Result>(_ use: (Span<UInt8>) -> Result) -> Result {
        let none = InlineArray<1, UInt8>(repeating: 0)
        return bytes?.withBytes(use) ?? use(none.span.extracting(0..<0))
    }

    /// Forgets what was sent. The page's part begins when the own bytes are gone.
    mutating func removeFirst(_ count: Int) {
        let own = min(count, withBytes { $0.count })
        bytes?.removeFirst(own)
        page?.advance(by: count - own)
    }

    /// Takes it apart: the buffer goes back to its pool.
    consuming func takeBuffer() -> ByteBuffer? { bytes }
}
