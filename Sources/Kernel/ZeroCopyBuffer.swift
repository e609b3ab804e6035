import CLinux
import Glibc

/// Bytes that are sent without a copy, for what is sent again and again: a socket's queue refers to the pages that they lie in.
///
/// What was sent is never written over: other bytes get other pages, and the old ones live on for as long as a peer has not taken
/// them. See memfd_create(2), sendfile(2).
public struct ZeroCopyBuffer: ~Copyable {
    /// The file that they are in, which has no name in the file system.
    public let descriptor: FileDescriptor
    /// How many bytes there are.
    public private(set) var count = 0

    /// An empty one; nil where there is no memory for it, or the kernel has no such files.
    public init?() {
        guard case .value(let created) = attempt({ Int(clinux_zero_copy_buffer()) }) else { return nil }
        descriptor = FileDescriptor(inherited: Int32(created))
    }

    /// Holds two pieces, one after the other, in the place of what it held; false where there is no room, and then it holds nothing. It
    /// makes two or three system calls.
    public mutating func replace(by first: Span<UInt8>, _ second: Span<UInt8>) -> Bool {
        count = 0
        let number = descriptor.number
        guard case .value = attempt({ Int(ftruncate(number, 0)) }), append(first), append(second) else {
            count = 0
            return false
        }
        return true
    }

    private mutating func append(_ bytes: Span<UInt8>) -> Bool {
        guard bytes.isEmpty || descriptor.write(bytes, at: count) == nil else { return false }
        count += bytes.count
        return true
    }
}

extension FileDescriptor {
    /// Sends all that a buffer holds, as much of it as the kernel takes; never waits, if the socket does not block. For a peer
    /// that has left, SIGPIPE is raised, which `SignalReceiver` blocks.
    ///
    /// - Parameter pieceBytes: the most for one call, as for `send`.
    public borrowing func send(_ buffer: borrowing ZeroCopyBuffer, pieceBytes: Int = .max) -> Transfer {
        let (number, source) = (self.number, buffer.descriptor.number)
        return FileDescriptor.sendPieces(of: buffer.count, pieceBytes) { piece in
            Transfer(sending: attempt { Int(clinux_sendfile(number, source, piece.lowerBound, piece.count)) })
        }
    }
}
