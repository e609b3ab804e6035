import CLinux
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
        while true {
            var records = InlineArray<1024, UInt8>(repeating: 0)
            var space = records.mutableSpan
            let outcome = unsafe space.withUnsafeMutableBytes { buffer in
                guard let base = buffer.baseAddress else { return Outcome.value(0) }
                return attempt { unsafe clinux_getdents(number, base, buffer.count) }
            }
            guard case .value(let length) = outcome else { return nil }
            if length == 0 { return entries >= 2 ? entries - 2 : 0 }
            entries += EntryCounter.countRecords(records.span.extracting(0..<length))
        }
    }

    /// Each record says its own length at offset 16. See getdents64(2).
    private static func countRecords(_ records: Span<UInt8>) -> UInt64 {
        var count: UInt64 = 0
        var offset = 0
        while offset + 18 < records.count {
            let length = Int(records[offset + 16]) | Int(records[offset + 17]) << 8
            guard length > 0 else { break }
            count += 1
            offset += length
        }
        return count
    }
}
