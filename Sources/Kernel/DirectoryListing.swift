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
            unsafe DirectoryListing.read(UnsafeRawBufferPointer(rebasing: buffer[..<length]), type, body)
        }
    }

    /// Each record has an inode number of eight bytes, its own length at offset 16, its type at offset 18, and at offset 19 the name,
    /// which ends in 0.
    private static func read(_ records: UnsafeRawBufferPointer, _ type: UInt8, _ body: (UInt64, Span<UInt8>) -> Void) {
        var offset = 0
        while offset + nameOffset < records.count {
            let length = unsafe Int(records[offset + 16]) | Int(records[offset + 17]) << 8
            guard length > nameOffset, offset + length <= records.count else { return }
            if unsafe records[offset + 18] == type {
                let inode = unsafe records.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                let rest = unsafe UnsafeRawBufferPointer(rebasing: records[(offset + nameOffset)..<(offset + length)])
                let name = unsafe rest.bindMemory(to: UInt8.self).span
                var end = 0
                while end < name.count, name[end] != 0 { end += 1 }
                if !isDots(name.extracting(0..<end)) { body(inode, name.extracting(0..<end)) }
            }
            offset += length
        }
    }

    private static let nameOffset = 19

    private static func isDots(_ name: Span<UInt8>) -> Bool {
        guard name.count <= 2 else { return false }
        for index in name.indices where name[index] != UInt8(ascii: ".") { return false }
        return true
    }
}
