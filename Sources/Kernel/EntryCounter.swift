import Glibc

/// How many entries an open directory has, counted anew each time and without allocation.
public struct EntryCounter: ~Copyable {
    private let directory: FileDescriptor

    /// Opens a directory. See open(2).
    public init(_ path: String) throws(SystemError) {
        directory = try FileDescriptor.open(path, O_RDONLY | O_DIRECTORY)
    }

    var size: Int {
        get throws(SystemError) { try FileStatus(of: directory).size }
    }

    /// The entries without `.` and `..`; nil if they cannot be listed. See getdents64(2).
    public borrowing func count() -> UInt64? {
        let number = directory.number
        guard case .value = attempt({ Int(lseek(number, 0, SEEK_SET)) }) else { return nil }
        var entries: UInt64 = 0
        do throws(SystemError) {
            try DirectoryRecords.forEach(in: directory) { _, _, _ in entries += 1 }
        } catch {
            return nil
        }
        return entries >= 2 ? entries - 2 : 0
    }
}
