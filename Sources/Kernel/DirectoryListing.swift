import CLinux
import Glibc

/// Lists the directories or the links in a directory. It has one buffer for all listings, and allocates nothing more.
@safe
public struct DirectoryListing: ~Copyable {
    /// Room for some hundred records at a time; any number is listed, a part after the other.
    private static let bufferBytes = 16_384

    private let buffer: UnsafeMutableRawBufferPointer

    /// An unused buffer.
    public init() {
        unsafe buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: DirectoryListing.bufferBytes, alignment: 8)
    }

    deinit {
        unsafe buffer.deallocate()
    }

    /// Calls the closure with the number (inode) and the name of each directory in a directory, without `.` and `..`.
    ///
    /// Where the file system does not say what an entry is (cgroup2, tmpfs, ext4, XFS and Btrfs do), it counts as none. What comes or
    /// goes during the listing may be there or not. See getdents64(2).
    public mutating func forEachDirectory(
        in path: borrowing PathBuffer, _ body: (UInt64, Span<UInt8>) -> Void
    ) throws(SystemError) {
        try forEach(UInt8(DT_DIR), in: path, body)
    }

    /// Calls the closure with the name of each symbolic link in a directory, wherever it points; otherwise the same.
    public mutating func forEachLink(
        in path: borrowing PathBuffer, _ body: (Span<UInt8>) -> Void
    ) throws(SystemError) {
        try forEach(UInt8(DT_LNK), in: path) { _, name in body(name) }
    }

    private mutating func forEach(
        _ type: UInt8, in path: borrowing PathBuffer, _ body: (UInt64, Span<UInt8>) -> Void
    ) throws(SystemError) {
        let directory = try FileDescriptor.open(path, O_RDONLY | O_DIRECTORY)
        let number = directory.number
        while true {
            let outcome = attempt {
                guard let base = unsafe buffer.baseAddress else { return 0 }
                return unsafe clinux_getdents(number, base, buffer.count)
            }
            let length = try outcome.orThrow("getdents64")
            guard length > 0 else { return }
            let records = unsafe UnsafeRawBufferPointer(rebasing: buffer[..<length]).bindMemory(to: UInt8.self)
            unsafe DirectoryRecords.forEach(of: records.span) { inode, found, name in
                if found == type, !DirectoryListing.isDots(name) { body(inode, name) }
            }
        }
    }

    private static func isDots(_ name: Span<UInt8>) -> Bool {
        guard name.count <= 2 else { return false }
        for index in name.indices where name[index] != UInt8(ascii: ".") { return false }
        return true
    }
}
