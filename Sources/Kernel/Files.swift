import CLinux
import Glibc

/// Small files and directories, read whole at start-up. They allocate; nothing in the loop calls them.
public enum Files {
    /// The content of a file of at most `limit` bytes; longer files are cut there.
    public static func read(_ path: String, limit: Int = 4096) throws(SystemError) -> [UInt8] {
        let descriptor = try FileDescriptor.open(reading: path)
        var content: [UInt8] = []
        while content.count < limit {
            var outcome = ReadOutcome.bytes(0)
            let offset = content.count
            content.append(addingCapacity: limit - offset) { output in
                outcome = descriptor.read(at: offset, into: &output)
            }
            switch outcome {
            case .bytes(0): return content
            case .bytes: continue
            case .failed(let code): throw SystemError(call: "read", code: code)
            }
        }
        return content
    }

    /// What the first read of a file gives, at most `limit` bytes. An attribute of sysfs is whole after one, and each read asks its
    /// driver again.
    public static func readOnce(_ path: String, limit: Int = 4096) throws(SystemError) -> [UInt8] {
        let descriptor = try FileDescriptor.open(reading: path)
        var content: [UInt8] = []
        var outcome = ReadOutcome.bytes(0)
        content.append(addingCapacity: limit) { output in outcome = descriptor.read(at: 0, into: &output) }
        if case .failed(let code) = outcome { throw SystemError(call: "read", code: code) }
        return content
    }

    /// The directory in which a path lies, by the path's text alone: `/a` for `/a/b`, `/` for `/b` and `.` for `b`. The path ends in a
    /// name, not in a slash.
    public static func directory(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// Makes a directory in one that is there, which all may look into and its owner may write to. See mkdir(2).
    public static func makeDirectory(_ path: String) throws(SystemError) {
        _ = try attempt { unsafe Int(mkdir(path, 0o755)) }.orThrow("mkdir")
    }

    /// Where a path leads when all links are followed; nil if it leads nowhere. See realpath(3).
    public static func realPath(_ path: String) -> String? {
        guard let resolved = unsafe realpath(path, nil) else { return nil }
        defer { unsafe free(resolved) }
        return unsafe String(cString: resolved)
    }

    /// What a symbolic link says, which for those of /proc/PID/fd need not be a path. See readlink(2), proc(5).
    public static func link(_ path: String) throws(SystemError) -> String {
        var text = InlineArray<1024, UInt8>(repeating: 0)
        var space = text.mutableSpan
        let outcome = unsafe space.withUnsafeMutableBytes { buffer in
            guard let base = buffer.baseAddress else { return Outcome.value(0) }
            return attempt { unsafe readlink(path, base.assumingMemoryBound(to: CChar.self), buffer.count) }
        }
        let count = try outcome.orThrow("readlink")
        return String(decoding: (0..<count).map { text[$0] }, as: UTF8.self)
    }

    /// The names in a directory, sorted, without `.` and `..`. See readdir(3).
    public static func names(in path: String) throws(SystemError) -> [String] {
        guard let directory = unsafe opendir(path) else {
            throw SystemError(call: "opendir", code: lastError())
        }
        defer { unsafe closedir(directory) }
        var names: [String] = []
        while let entry = unsafe Glibc.readdir(directory) {
            let name = unsafe withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }
}
