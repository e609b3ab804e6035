import CLinux
import Glibc

/// Facts about this process and its surroundings.
public enum Process {
    /// A variable of the environment. See getenv(3).
    public static func environment(_ name: String) -> String? {
        guard let value = unsafe getenv(name) else { return nil }
        return unsafe String(cString: value)
    }

    /// The words of the command line after the program's name; nil if there is not even that, as where a program was executed without
    /// any word.
    ///
    /// They come from the C library and cannot fail to be there, while `CommandLine` reads them from /proc and has none where that is
    /// hidden. Bytes that are no UTF-8 are replaced.
    public static func arguments() -> [String]? {
        let count = clinux_argument_count()
        guard count > 0 else { return nil }
        return (1..<max(1, count)).map { index in
            unsafe clinux_argument(index).map { unsafe String(cString: $0) } ?? ""
        }
    }

    /// Has every standard descriptor refer to something: /dev/null where it was closed at the start. False if that cannot be done. To be
    /// called before anything is opened, which would get the number, and what is meant for people with it.
    public static func fillStandardDescriptors() -> Bool { clinux_fill_standard_descriptors() == 0 }

    /// This process's number. See getpid(2).
    public static var identifier: Int { Int(getpid()) }

    /// How many descriptors the process may have open, as the soft limit says; nil where it may not ask. See getrlimit(2).
    public static var descriptorLimit: UInt64? {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return nil }
        return UInt64(limit.rlim_cur)
    }

    /// The lowest number that is free for a descriptor, which is how many are open where they were opened one after the other; nil
    /// if none is free. See F_DUPFD_CLOEXEC in fcntl(2).
    public static var lowestFreeDescriptor: Int? {
        let copy = fcntl(2, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { return nil }
        let descriptor = FileDescriptor(inherited: copy)
        return Int(descriptor.number)
    }

    /// Clock ticks a second, the unit of times in /proc/PID/stat. See sysconf(3).
    public static var clockTicksPerSecond: UInt64 { UInt64(max(1, sysconf(Int32(_SC_CLK_TCK)))) }
    /// The size of a page of memory, in which /proc/PID/stat counts resident memory. See sysconf(3).
    public static var pageBytes: UInt64 { UInt64(max(1, sysconf(Int32(_SC_PAGESIZE)))) }

    /// Lets go of the program's own code in memory, most of which a start needs once: what is needed again comes back from the file by
    /// itself. Where the kernel refuses, everything stays as it is. See madvise(2).
    public static func releaseCode() {
        _ = clinux_release_code()
    }

    /// Ends the process. See exit(3).
    public static func exit(status: Int32) -> Never {
        Glibc.exit(status)
    }

    /// Writes all of a text to standard output or error, waiting if need be: for a command's answer before or instead of the loop.
    public static func print(_ text: String, toError: Bool = false) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let chunk = Array(rest)
            let written = unsafe chunk.withUnsafeBytes { bytes in
                unsafe write(toError ? 2 : 1, bytes.baseAddress, bytes.count)
            }
            guard written > 0 else { return }
            rest = rest.dropFirst(written)
        }
    }
}

/// The open descriptors of this process, counted without allocation.
public struct DescriptorCounter: ~Copyable {
    private let directory: FileDescriptor

    /// `procfs` is the root of the proc file system. See proc(5).
    public init(procfs: String) throws(SystemError) {
        directory = try FileDescriptor.open(procfs + "/self/fd", O_RDONLY | O_DIRECTORY)
    }

    /// How many are open, this counter's own included. Nil if the kernel does not tell.
    public borrowing func count() -> UInt64? {
        // Since Linux 6.2 the directory's size is the count (proc(5)); before that it is 0 and the entries must be listed.
        do {
            let size = try FileStatus(of: directory).size
            return size > 0 ? UInt64(size) : countEntries()
        } catch {
            return nil
        }
    }

    private borrowing func countEntries() -> UInt64? {
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
            entries += DescriptorCounter.countRecords(records.span.extracting(0..<length))
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
