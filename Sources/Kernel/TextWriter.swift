import CLinux
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

    /// Makes a file, or opens the one that is there, whose content stays until `empty` is called. A pipe is taken if somebody reads from
    /// it; otherwise the error has the code `.noDeviceOrReader`, at once. See open(2).
    public init(creating path: String) throws(SystemError) {
        descriptor = try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_NONBLOCK, mode: 0o666)
    }

    private init(duplicating shared: Int32) throws(SystemError) {
        // What is /dev/null only because it was closed would swallow the text.
        guard clinux_was_closed_at_start(shared) == 0 else {
            throw SystemError(call: "fstat", code: ErrorCode(number: EBADF))
        }
        // Where the descriptor is closed this throws, while the next call would take it for a bug of ours.
        _ = try FileStatus(of: shared)
        let duplicate = attempt { Int(fcntl(shared, F_DUPFD_CLOEXEC, 3)) }
        descriptor = FileDescriptor(inherited: Int32(try duplicate.orThrow("fcntl")))
    }

    /// See isatty(3).
    public var isTerminal: Bool { isatty(descriptor.number) == 1 }

    /// Writes all of a text. While it waits for the reader, signals do what they do to a program that does not block them: a reader that
    /// never reads keeps nobody from ending this one.
    public borrowing func write(_ text: String) throws(SystemError) {
        let bytes = Array(text.utf8)
        var offset = 0
        while offset < bytes.count {
            try waitUntilWritable()
            // A pipe that is writable takes so much without waiting. See pipe(7).
            switch write(bytes.span.extracting(offset..<min(bytes.count, offset + TextWriter.pieceBytes))) {
            case .value(let count): offset += count
            case .failure(let code) where code.number == EAGAIN: continue
            case .failure(let code): throw SystemError(call: "write", code: code)
            }
        }
    }

    /// Writes as much of the bytes as is taken at once.
    ///
    /// - Returns: how many were; fewer than there are if the reader has to go on first.
    public borrowing func writeAvailable(_ bytes: Span<UInt8>) throws(SystemError) -> Int {
        var offset = 0
        while offset < bytes.count {
            switch write(bytes.extracting(offset...)) {
            case .value(let count): offset += count
            case .failure(let code) where code.number == EAGAIN: return offset
            case .failure(let code): throw SystemError(call: "write", code: code)
            }
        }
        return offset
    }

    /// Whether both write to one and the same file.
    public borrowing func isSameFile(as other: borrowing TextWriter) throws(SystemError) -> Bool {
        let (own, others) = (try FileStatus(of: descriptor.number), try FileStatus(of: other.descriptor.number))
        return own.isRegular && own.device == others.device && own.inode == others.inode
    }

    /// Takes away what a file had before.
    public borrowing func empty() throws(SystemError) {
        guard try FileStatus(of: descriptor.number).isRegular else { return }
        let number = descriptor.number
        _ = try attempt { Int(ftruncate(number, 0)) }.orThrow("ftruncate")
    }

    private static let pieceBytes = 4096

    private borrowing func write(_ bytes: Span<UInt8>) -> Outcome {
        let number = descriptor.number
        return unsafe bytes.withUnsafeBytes { bytes in
            attempt { unsafe Glibc.write(number, bytes.baseAddress, bytes.count) }
        }
    }

    /// See ppoll(2).
    private borrowing func waitUntilWritable() throws(SystemError) {
        let number = descriptor.number
        _ = try attempt { Int(clinux_wait_writable(number)) }.orThrow("ppoll")
    }
}
