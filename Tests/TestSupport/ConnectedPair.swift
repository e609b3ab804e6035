import Glibc
import Kernel

extension FileDescriptor {
    /// A pair of connected stream sockets. See socketpair(2).
    public static func connectedPair() throws(SystemCallFailure) -> Pair {
        var numbers: [Int32] = [-1, -1]
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        try checked("socketpair", socketpair(AF_UNIX, type, 0, &numbers))
        return Pair(first: FileDescriptor(inherited: numbers[0]), second: FileDescriptor(inherited: numbers[1]))
    }

    /// Both ends of a connection.
    public struct Pair: ~Copyable {
        /// One end.
        public let first: FileDescriptor
        /// The other end.
        public let second: FileDescriptor

        /// Takes the pair apart.
        public consuming func split<Result: ~Copyable>(
            _ body: (consuming FileDescriptor, consuming FileDescriptor) throws -> Result
        ) rethrows -> Result {
            try body(first, second)
        }
    }
}
