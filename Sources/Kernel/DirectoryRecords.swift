import CLinux
import Glibc

/// What a directory lists, as getdents64(2) gives it: records, of which each has an inode number of eight bytes, its own length at
/// offset 16, its type at offset 18, and at offset 19 the name, which ends in 0.
enum DirectoryRecords {
    private static let nameOffset = 19

    /// Calls the closure with the inode number, the type and the name of each entry from where an open directory stands on, `.` and
    /// `..` among them. It allocates nothing.
    static func forEach(
        in directory: borrowing FileDescriptor, _ body: (UInt64, UInt8, Span<UInt8>) -> Void
    ) throws(SystemError) {
        let number = directory.number
        while true {
            var records = InlineArray<2048, UInt8>(repeating: 0)
            var space = records.mutableSpan
            let outcome = unsafe space.withUnsafeMutableBytes { buffer in
                guard let base = buffer.baseAddress else { return Outcome.value(0) }
                return attempt { unsafe clinux_getdents(number, base, buffer.count) }
            }
            let length = try outcome.orThrow("getdents64")
            guard length > 0 else { return }
            forEach(of: records.span.extracting(0..<length), body)
        }
    }

    /// Calls the closure with each of the records that one call gave.
    static func forEach(of records: Span<UInt8>, _ body: (UInt64, UInt8, Span<UInt8>) -> Void) {
        var offset = 0
        while offset + nameOffset < records.count {
            let length = Int(records[offset + 16]) | Int(records[offset + 17]) << 8
            guard length > nameOffset, offset + length <= records.count else { return }
            var inode: UInt64 = 0
            for index in 0..<8 { inode |= UInt64(records[offset + index]) << UInt64(8 * index) }
            var end = offset + nameOffset
            while end < offset + length, records[end] != 0 { end += 1 }
            body(inode, records[offset + 18], records.extracting((offset + nameOffset)..<end))
            offset += length
        }
    }
}
