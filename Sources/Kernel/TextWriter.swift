import Glibc

/// Writes whole texts to a file, a pipe or a terminal and waits for the reader if need be: for a command's answer, outside of
/// any service.
public struct TextWriter: ~Copyable {
    private let descriptor: FileDescriptor

    /// A writer to what file descriptor 1 is now; an error if it is closed.
    public static func standardOutput() throws(SystemError) -> TextWriter {
        try TextWriter(duplicating: 1)
    }

    /// A writer to what file descriptor 2 is now; an error if it is closed.
    public static func standardError() throws(SystemError) -> TextWriter {
        try TextWriter(duplicating: 2)
    }

    /// Makes a file, or empties the one that is there. See open(2).
    public init(creating path: String) throws(SystemError) {
        let flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY
        let opened = attempt { unsafe Int(Glibc.open(path, flags, 0o666)) }
        descriptor = FileDescriptor(inherited: Int32(try opened.orThrow("open")))
    }

    private init(duplicating shared: Int32) throws(SystemError) {
        // Where the descriptor is closed this throws, while the next call would take it for a bug of ours.
        _ = try FileStatus(of: shared)
        let duplicate = attempt { Int(fcntl(shared, F_DUPFD_CLOEXEC, 3)) }
        descriptor = FileDescriptor(inherited: Int32(try duplicate.orThrow("fcntl")))
    }

    /// See isatty(3).
    public var isTerminal: Bool { isatty(descriptor.number) == 1 }

    /// Writes all of a text.
    public borrowing func write(_ text: String) throws(SystemError) {
        let bytes = Array(text.utf8)
        var offset = 0
        while offset < bytes.count {
            switch write(bytes.span.extracting(offset...)) {
            case .value(let count): offset += count
            case .failure(let code) where code.number == EAGAIN: try waitUntilWritable()
            case .failure(let code): throw SystemError(call: "write", code: code)
            }
        }
    }

    private borrowing func write(_ bytes: Span<UInt8>) -> Outcome {
        let number = descriptor.number
        return unsafe bytes.withUnsafeBytes { bytes in
            attempt { unsafe Glibc.write(number, bytes.baseAddress, bytes.count) }
        }
    }

    /// Somebody who shares the open file may have made it non-blocking.
    private borrowing func waitUntilWritable() throws(SystemError) {
        var query = pollfd(fd: descriptor.number, events: Int16(POLLOUT), revents: 0)
        _ = try attempt { unsafe Int(poll(&query, 1, -1)) }.orThrow("poll")
    }
}
