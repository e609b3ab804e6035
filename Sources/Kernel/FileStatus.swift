import CLinux
import Glibc

/// The facts about an open file that this program asks for. See fstat(2).
public struct FileStatus {
    let type: clinux_file_type
    /// The device that holds the file. Device and inode together name a file.
    public let device: UInt64
    /// The file's number on its device.
    public let inode: UInt64
    /// In bytes.
    public let size: Int
    /// The number of the user that it belongs to.
    public let owner: UInt32
    /// The number of the group that it belongs to.
    public let group: UInt32
    /// The bits that chmod(1) sets.
    public let permissions: UInt16
    /// When it was written last, on the wall clock, in nanoseconds since 1970.
    public let modifiedNanoseconds: UInt64

    /// How many names it has.
    let links: UInt64
    /// Whether it is a regular file.
    public var isRegular: Bool { type == CLINUX_FILE_REGULAR }
    /// Whether it is a socket.
    public var isSocket: Bool { type == CLINUX_FILE_SOCKET }

    /// What a path leads to. See stat(2).
    public init(at path: String) throws(SystemError) {
        var status = stat()
        _ = try attempt { unsafe Int(stat(path, &status)) }.orThrow("stat")
        self.init(status)
    }

    /// What a descriptor refers to. See fstat(2).
    public init(of descriptor: borrowing FileDescriptor) throws(SystemError) {
        try self.init(of: descriptor.number)
    }

    /// What file descriptor 2 refers to; an error if it is closed.
    public static func standardError() throws(SystemError) -> FileStatus {
        try FileStatus(of: 2)
    }

    /// What a name stands for; a link is taken as what it is. See lstat(2).
    init(ofEntry path: String) throws(SystemError) {
        var status = stat()
        _ = try attempt { unsafe Int(lstat(path, &status)) }.orThrow("lstat")
        self.init(status)
    }

    init(of number: Int32) throws(SystemError) {
        var status = stat()
        // Not through `attempt`: a process may be started with a standard descriptor closed, which is no bug of ours.
        guard unsafe fstat(number, &status) == 0 else {
            throw SystemError(call: "fstat", code: ErrorCode(number: EBADF))
        }
        self.init(status)
    }

    private init(_ status: stat) {
        type = clinux_file_type(status.st_mode)
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        size = Int(status.st_size)
        owner = status.st_uid
        group = status.st_gid
        links = UInt64(status.st_nlink)
        permissions = UInt16(truncatingIfNeeded: status.st_mode & 0o7777)
        modifiedNanoseconds =
            UInt64(max(0, status.st_mtim.tv_sec)) &* 1_000_000_000 &+ UInt64(max(0, status.st_mtim.tv_nsec))
    }
}
