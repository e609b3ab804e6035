import CLinux
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
        let number = descriptor.number
        while true {
            var records = InlineArray<2048, UInt8>(repeating: 0)
            var space = records.mutableSpan
            let outcome = unsafe space.withUnsafeMutableBytes { buffer in
                guard let base = buffer.baseAddress else { return Outcome.value(0) }
                return attempt { unsafe clinux_getdents(number, base, buffer.count) }
            }
            let length = try outcome.orThrow("getdents64")
            guard length > 0 else { return }
            OpenDirectory.read(records.span.extracting(0..<length), body)
        }
    }

    /// Each record has its own length at offset 16, and at offset 19 the name, which ends in 0.
    private static func read(_ records: Span<UInt8>, _ body: (Span<UInt8>) -> Void) {
        var offset = 0
        while offset + nameOffset < records.count {
            let length = Int(records[offset + 16]) | Int(records[offset + 17]) << 8
            guard length > nameOffset, offset + length <= records.count else { return }
            var end = offset + nameOffset
            while end < offset + length, records[end] != 0 { end += 1 }
            body(records.extracting((offset + nameOffset)..<end))
            offset += length
        }
    }

    private static let nameOffset = 19
}
