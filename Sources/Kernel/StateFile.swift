import CLinux
import Glibc

/// A file that one program keeps its state in: locked against a second user, and written in place.
///
/// It is never mapped: memory of a file that somebody shortens, or for which the disk has no room, ends the process (SIGBUS).
public struct StateFile: ~Copyable {
    private let descriptor: FileDescriptor

    /// Opens a regular file, made if there is none, readable for its owner only, and locks it for as long as it is open. While somebody
    /// else has it locked, the error has the code `.wouldBlock`; a link is not followed. Nothing in it is changed. See flock(2).
    public init(locking path: String) throws(SystemError) {
        let descriptor = try FileDescriptor.open(regular: path, O_RDWR | O_CREAT | O_NOFOLLOW, mode: 0o600)
        let number = descriptor.number
        _ = try attempt { Int(flock(number, LOCK_EX | LOCK_NB)) }.orThrow("flock")
        self.descriptor = descriptor
    }

    /// A file that is open already, for tests.
    init(unlocked descriptor: consuming FileDescriptor) {
        self.descriptor = descriptor
    }

    /// How long it is now, in bytes.
    public borrowing func size() throws(SystemError) -> Int { try FileStatus(of: descriptor).size }

    /// What a part of it holds, with zeros where it ends before. It allocates.
    public borrowing func content(_ range: Range<Int>) throws(SystemError) -> [UInt8] {
        var content: [UInt8] = []
        while content.count < range.count {
            var outcome = ReadOutcome.bytes(0)
            let offset = content.count
            content.append(addingCapacity: range.count - offset) { output in
                outcome = descriptor.read(at: range.lowerBound + offset, into: &output)
            }
            switch outcome {
            case .bytes(0): content += Array(repeating: 0, count: range.count - offset)
            case .bytes: continue
            case .failed(let code): throw SystemError(call: "read", code: code)
            }
        }
        return content
    }

    /// Makes it at least so long, and has the file system set the space aside, so that writing there needs no more. What it holds
    /// stays. See posix_fallocate(3).
    public borrowing func allocate(_ length: Int) throws(SystemError) {
        while true {
            let code = posix_fallocate(descriptor.number, 0, length)
            if code == 0 { return }
            // It gives the number instead of setting errno.
            if code != EINTR { throw SystemError(call: "posix_fallocate", code: ErrorCode(number: code)) }
        }
    }

    /// Waits until the disk has what was written. See fdatasync(2).
    public borrowing func synchronize() throws(SystemError) {
        let number = descriptor.number
        _ = try attempt { Int(fdatasync(number)) }.orThrow("fdatasync")
    }

    /// Replaces the content from an offset on, and says why that was not possible; what was there is then written over in part. It
    /// makes one system call, and does not wait for the disk. See pwrite(2).
    public borrowing func write(_ bytes: Span<UInt8>, at offset: Int) -> ErrorCode? {
        descriptor.write(bytes, at: offset)
    }

    /// Whether it still has a name: what is written to a file without one is gone with the process. See unlink(2).
    public borrowing func isDeleted() -> Bool {
        do throws(SystemError) {
            return try FileStatus(of: descriptor).links == 0
        } catch {
            return false
        }
    }
}

extension FileDescriptor {
    /// Writes to a file from an offset on; nil, or why not all was written. It makes one system call. See pwrite(2).
    borrowing func write(_ bytes: Span<UInt8>, at offset: Int) -> ErrorCode? {
        let number = self.number
        let outcome = unsafe bytes.withUnsafeBytes { bytes in
            attempt { unsafe pwrite(number, bytes.baseAddress, bytes.count, offset) }
        }
        switch outcome {
        case .value(bytes.count): return nil
        // The room was enough for a part only.
        case .value: return .noSpace
        case .failure(let code): return code
        }
    }
}
