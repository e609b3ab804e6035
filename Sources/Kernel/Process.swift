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

    /// Lets go of what a start needs once and leaves in memory: most of the program's own code, of which what is needed again comes
    /// back from the file by itself; what was freed; and what calls that have returned left on the stack. Where the kernel refuses,
    /// everything stays as it is. To be called in the first thread. See madvise(2), malloc_trim(3).
    public static func releaseStart() {
        _ = clinux_release_code()
        clinux_release_memory()
    }

    /// Ends the process. See exit(3).
    public static func exit(status: Int32) -> Never {
        Glibc.exit(status)
    }

    /// Ends the process at once, without what libraries have prepared for its end. See _exit(2).
    public static func leave(status: Int32) -> Never {
        _exit(status)
    }

    /// Lets files that are made from now on be read by all, and written by their owner, as far as the making of each allows it. See
    /// umask(2).
    public static func showNewFiles() {
        _ = umask(0o022)
    }

    /// Lets standard input be empty from now on, for this process and for what it starts.
    public static func emptyStandardInput() throws(SystemError) {
        let nothing = try FileDescriptor.open("/dev/null", O_RDONLY)
        let number = nothing.number
        _ = try attempt { Int(dup2(number, 0)) }.orThrow("dup2")
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
    private let directory: EntryCounter

    /// `procfs` is the root of the proc file system. See proc(5).
    public init(procfs: String) throws(SystemError) {
        directory = try EntryCounter(procfs + "/self/fd")
    }

    /// How many are open, this counter's own included. Nil if the kernel does not tell.
    public borrowing func count() -> UInt64? {
        // Since Linux 6.2 the directory's size is the count (proc(5)); before that it is 0 and the entries must be listed.
        do {
            let size = try directory.size
            return size > 0 ? UInt64(size) : directory.count()
        } catch {
            return nil
        }
    }
}
