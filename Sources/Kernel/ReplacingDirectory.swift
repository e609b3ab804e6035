import CLinux
import Glibc

/// An open directory in which small files are replaced whole: who reads one gets what it was or what it is, and never a part.
///
/// Calls name the files by the descriptor, so a filter of system calls can tell this directory from all others. A directory that was
/// removed takes no more files (`.notFound`).
public struct ReplacingDirectory: ~Copyable {
    private let descriptor: FileDescriptor

    /// Opens a directory; a link in its place is refused as `.notADirectory` or `.tooManyLinks`. See open(2).
    public init(_ path: String) throws(SystemError) {
        descriptor = try FileDescriptor.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
    }

    /// Puts a file with these bytes in the place of what has the name, if anything has. It is written under another name first, in the
    /// same directory, where it stays if that fails. It does not wait for the disk. See openat(2), renameat(2).
    ///
    /// - Parameters:
    ///   - name: a name without a slash.
    ///   - temporary: the other name; a link there is refused.
    public borrowing func replace(_ name: String, writing bytes: Span<UInt8>, as temporary: String) throws(SystemError)
    {
        let directory = descriptor.number
        let opened = attempt {
            unsafe Int(openat(directory, temporary, ReplacingDirectory.writing, 0o644))
        }
        let file = FileDescriptor(inherited: Int32(try opened.orThrow("openat")))
        try ReplacingDirectory.write(bytes, to: file)
        let renamed = attempt { unsafe Int(renameat(directory, temporary, directory, name)) }
        _ = try renamed.orThrow("renameat")
    }

    /// Removes a file; one that is not there is as good. See unlinkat(2).
    public borrowing func remove(_ name: String) {
        let directory = descriptor.number
        _ = attempt { unsafe Int(unlinkat(directory, name, 0)) }
    }

    /// Lends the number to a filter of system calls.
    public borrowing func withNumber<Result>(_ body: (Int32) -> Result) -> Result {
        descriptor.withNumber(body)
    }

    private static let writing = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC

    private static func write(_ bytes: Span<UInt8>, to file: borrowing FileDescriptor) throws(SystemError) {
        let number = file.number
        var offset = 0
        while offset < bytes.count {
            let outcome = unsafe bytes.extracting(offset..<bytes.count).withUnsafeBytes { rest in
                attempt { unsafe Glibc.write(number, rest.baseAddress, rest.count) }
            }
            offset += try outcome.orThrow("write")
        }
    }
}
