import CLinux
import Glibc

/// Writes lines to a descriptor that this process shares with others, such as stderr, and never waits for the reader.
///
/// O_NONBLOCK belongs to the open file description, which a shell or a supervisor shares: setting it on stderr would
/// break their writes. So a pipe or terminal is opened once more through /proc, which gives a description of our own;
/// a socket takes MSG_DONTWAIT with each message; a regular file never makes a writer wait for a reader. Where the
/// second opening is refused, poll(2) asks first: a pipe that is writable takes PIPE_BUF bytes at once (pipe(7)).
public struct LineWriter: ~Copyable, Sendable {
    private let descriptor: FileDescriptor
    private let method: Method

    private enum Method {
        case write
        case pollThenWrite
        case send
    }

    /// The longest line that a pipe takes whole or not at all. See pipe(7).
    public static let longestLine = 4096

    /// A writer to what file descriptor 2 is now.
    public static func standardError() throws(SystemError) -> LineWriter {
        try LineWriter(duplicating: 2)
    }

    /// A writer to what `shared` refers to; the descriptor itself stays as it is.
    public init(sharing shared: borrowing FileDescriptor) throws(SystemError) {
        try self.init(duplicating: shared.number)
    }

    private init(duplicating shared: Int32) throws(SystemError) {
        switch try FileStatus(of: shared).type {
        case CLINUX_FILE_PIPE, CLINUX_FILE_TERMINAL:
            do {
                self.init(try FileDescriptor.open("/proc/self/fd/\(shared)", O_WRONLY | O_NONBLOCK), .write)
            } catch {
                self.init(try LineWriter.duplicate(shared), .pollThenWrite)
            }
        case CLINUX_FILE_SOCKET:
            self.init(try LineWriter.duplicate(shared), .send)
        default:
            self.init(try LineWriter.duplicate(shared), .write)
        }
    }

    private init(_ descriptor: consuming FileDescriptor, _ method: Method) {
        self.descriptor = descriptor
        self.method = method
    }

    /// Writes a whole line; false if it was not taken, or not all of it.
    public borrowing func write(_ line: Span<UInt8>) -> Bool {
        let number = descriptor.number
        let outcome = unsafe line.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return Outcome.value(0) }
            switch method {
            case .write:
                return attempt { unsafe Glibc.write(number, base, bytes.count) }
            case .pollThenWrite:
                guard LineWriter.isWritable(number) else { return .failure(ErrorCode(number: EAGAIN)) }
                return attempt { unsafe Glibc.write(number, base, bytes.count) }
            case .send:
                let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
                return attempt { unsafe Glibc.send(number, base, bytes.count, flags) }
            }
        }
        if case .value(line.count) = outcome { return true }
        return false
    }

    private static func isWritable(_ number: Int32) -> Bool {
        var query = pollfd(fd: number, events: Int16(POLLOUT), revents: 0)
        if case .value(1) = attempt({ unsafe Int(poll(&query, 1, 0)) }) { return true }
        return false
    }

    private static func duplicate(_ shared: Int32) throws(SystemError) -> FileDescriptor {
        let outcome = attempt { Int(fcntl(shared, F_DUPFD_CLOEXEC, 3)) }
        return FileDescriptor(inherited: Int32(try outcome.orThrow("fcntl")))
    }
}
