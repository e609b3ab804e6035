import CLinux
import Glibc

/// An open file description's number, owned: closed exactly once, when the owner goes.
public struct FileDescriptor: ~Copyable, Sendable {
    let number: Int32

    /// Takes over a descriptor that this process was given, such as by socket activation.
    public init(inherited number: Int32) {
        precondition(number >= 0)
        self.number = number
    }

    /// Takes over a descriptor that this process was told it would have, and keeps programs that are executed from here from
    /// having it too; nil if there is none of that number. See F_SETFD in fcntl(2).
    public init?(announced number: Int32) {
        // Not through `attempt`: that the number means nothing is not our mistake.
        guard number >= 0, fcntl(number, F_SETFD, FD_CLOEXEC) == 0 else { return nil }
        self.number = number
    }

    /// Never retried: Linux frees the number even when it reports an error. See close(2).
    deinit {
        let result = close(number)
        precondition(result == 0 || errno != EBADF)
    }

    /// Opens an existing regular file for reading, and never waits: whatever else has the name, such as a pipe without a writer, is an
    /// error with the code `.notRegularFile`. See open(2).
    public static func open(reading path: String) throws(SystemError) -> FileDescriptor {
        try open(regular: path, O_RDONLY)
    }

    /// Opens a regular file, with `mode` if it is made.
    static func open(regular path: String, _ flags: Int32, mode: mode_t = 0) throws(SystemError) -> FileDescriptor {
        let descriptor = try open(path, flags | O_NONBLOCK, mode: mode)
        guard try FileStatus(of: descriptor).isRegular else { throw SystemError(call: "open", code: .notRegularFile) }
        return descriptor
    }

    /// Lends the number to a C library that makes its own system calls. What it keeps of it must end before the descriptor does.
    public borrowing func withNumber<Result, Failure: Error>(
        _ body: (Int32) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(number)
    }

    static func open(_ path: String, _ flags: Int32, mode: mode_t = 0) throws(SystemError) -> FileDescriptor {
        let outcome = attempt { unsafe Int(Glibc.open(path, flags | O_CLOEXEC | O_NOCTTY, mode)) }
        return FileDescriptor(inherited: Int32(try outcome.orThrow("open")))
    }

    /// Reads from an absolute offset; an empty result is the end of the file. See pread(2).
    public borrowing func read(
        at offset: Int, into output: inout OutputSpan<UInt8>
    ) -> ReadOutcome {
        let outcome = unsafe fill(&output) { buffer, count in unsafe clinux_pread(number, buffer, count, offset) }
        switch outcome {
        case .value(let count): return .bytes(count)
        case .failure(let code): return .failed(code)
        }
    }
}

/// What a read of a file gave.
public enum ReadOutcome: Equatable, Sendable {
    /// So many bytes; zero at the end of the file.
    case bytes(Int)
    case failed(ErrorCode)
}

/// Lets a call write into free space and claims what it wrote.
@inline(__always)
func fill(
    _ output: inout OutputSpan<UInt8>, with call: (UnsafeMutableRawPointer, Int) -> Int
) -> Outcome {
    unsafe output.withUnsafeMutableBufferPointer { buffer, initialized in
        guard let base = buffer.baseAddress, initialized < buffer.count else { return .value(0) }
        let outcome = attempt { unsafe call(base + initialized, buffer.count - initialized) }
        if case .value(let count) = outcome { initialized += count }
        return outcome
    }
}
