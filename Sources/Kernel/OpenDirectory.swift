import Glibc

/// A directory that is open: what it lists, and files in it by their names alone, whatever becomes of the path to it.
public struct OpenDirectory: ~Copyable {
    private let descriptor: FileDescriptor

    /// Opens a directory. A link at the end of the path is not followed: it is an error with the code `.notADirectory`. See open(2).
    public init(at path: StoredPath) throws(SystemError) {
        descriptor = try path.open(directory: O_NOFOLLOW)
    }

    /// To whom it belongs and who may write to it. See fstat(2).
    public borrowing func status() throws(SystemError) -> FileStatus { try FileStatus(of: descriptor) }

    /// Opens a file in it for reading, and never waits. A link is not followed: it is an error with the code `.tooManyLinks`. What the
    /// name stands for need not be a regular file; `FileStatus` tells. It allocates nothing. See openat(2).
    public borrowing func open(reading name: StoredPath) throws(SystemError) -> FileDescriptor {
        try name.open(in: descriptor.number, O_RDONLY | O_NOFOLLOW)
    }

    /// Calls the closure with each name that it lists, `.` and `..` among them; to be called once for each opening. It allocates
    /// nothing. See getdents64(2).
    public borrowing func forEachName(_ body: (Span<UInt8>) -> Void) throws(SystemError) {
        try DirectoryRecords.forEach(in: descriptor) { _, _, name in body(name) }
    }
}
