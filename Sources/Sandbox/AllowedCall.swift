import CSeccomp
import Glibc

/// A system call that the program makes after its start, and the arguments that it makes it with.
struct AllowedCall {
    let name: String
    var conditions: [ArgumentCondition] = []

    init(_ name: String, _ conditions: ArgumentCondition...) {
        self.name = name
        self.conditions = conditions
    }
}

/// That certain bits of an argument, by its place, have a value.
struct ArgumentCondition {
    let argument: UInt32
    let mask: UInt64
    let value: UInt64

    static func none(of bits: Int32, in argument: UInt32) -> ArgumentCondition {
        ArgumentCondition(argument: argument, mask: UInt64(UInt32(bitPattern: bits)), value: 0)
    }

    /// The argument is an `int`: its upper half means nothing.
    static func equal(_ number: Int32, _ argument: UInt32) -> ArgumentCondition {
        ArgumentCondition(argument: argument, mask: 0xFFFF_FFFF, value: UInt64(UInt32(bitPattern: number)))
    }

    static func isNull(_ argument: UInt32) -> ArgumentCondition {
        ArgumentCondition(argument: argument, mask: UInt64.max, value: 0)
    }
}

/// The list. It was made from traces of the end-to-end tests, and from reading what the C library, Swift's runtime and OpenSSL
/// do rarely; `make e2e-fatal` proves that none is missing. Where an argument decides whether a call is harmless, it is checked.
///
/// Missing on purpose, because whatever needs it was done before: `socket`, `bind`, `connect`, `listen`, `execve`, `fork`, `kill`,
/// `ptrace`, `perf_event_open`, `memfd_create`, `prctl`, `ioctl`, all that changes files, and all that needs a privilege.
extension AllowedCall {
    static func all(_ plan: SandboxPlan) -> [AllowedCall] {
        var calls = loop + files + memory + ending(processIdentifier: getpid())
        if plan.allowsThreads { calls += threads }
        if !plan.removalDirectories.isEmpty { calls += removal }
        if plan.countsRefusals && !plan.isFatal { calls.append(AllowedCall("rt_sigreturn")) }
        return calls
    }

    /// What serving and sampling is made of.
    private static let loop = [
        AllowedCall("epoll_wait"),  // Each turn.
        AllowedCall("epoll_pwait"),  // The same on arm64, which has no epoll_wait.
        AllowedCall("epoll_ctl"),  // Connections come, go, and wait to be writable.
        AllowedCall("accept4"),
        AllowedCall("recvfrom"),  // Requests; TLS reads by `read`.
        AllowedCall("sendmsg"),  // Responses, the journal's datagrams, the manager's.
        AllowedCall("sendto"),  // The C library's `send`.
        AllowedCall("shutdown"),  // After an error, so that its response can still be read.
        AllowedCall("getsockopt"),  // Whether a connection has failed.
        AllowedCall("setsockopt"),  // Reset instead of an orderly end, for peers that do not read.
        AllowedCall("getpeername"),
        AllowedCall("getsockname"),
        AllowedCall("close"),
        AllowedCall("read"),  // The timer, signals, groups of perf events, notices of changed files, eventfds.
        AllowedCall("write"),  // The log on standard error.
        AllowedCall("writev"),  // The C library's last words before it aborts.
        AllowedCall("timerfd_settime"),
        AllowedCall("clock_gettime"),  // Where the kernel's page for it (vdso) cannot tell the time.
        AllowedCall("clock_getres"),
        AllowedCall("gettimeofday"),
        AllowedCall("time"),
        AllowedCall("getrandom"),  // TLS, and keys of the credentials' cache.
        AllowedCall("restart_syscall"),  // Made by the kernel's own doing when a stopped process goes on.
    ]

    /// Counters and files that are read again.
    private static let files = [
        AllowedCall("pread64"),  // Each counter, each tick.
        AllowedCall("openat", .none(of: writing, in: 2)),  // Zones that came back; certificates.
        AllowedCall("open", .none(of: writing, in: 1)),
        AllowedCall("newfstatat"),  // The count of descriptors; the sizes of files.
        AllowedCall("fstat"),
        AllowedCall("statx"),
        AllowedCall("lseek"),  // Directories that are listed again.
        AllowedCall("getdents64"),
        AllowedCall("readlink"),  // Names of certificates that are links.
        AllowedCall("readlinkat"),
        AllowedCall("fcntl", .equal(F_GETFL, 1)),  // opendir and fdopen ask how a descriptor was opened.
        AllowedCall("fcntl", .equal(F_GETFD, 1)),
        AllowedCall("fcntl", .equal(F_SETFD, 1)),
        AllowedCall("inotify_add_watch"),  // Files of the configuration, when it names others.
        AllowedCall("inotify_rm_watch"),
        AllowedCall("prlimit64", .equal(0, 0), .isNull(2)),  // process_max_fds: our own limits, not to be changed.
        AllowedCall("getrlimit"),
    ]

    /// The allocator. Memory that can be executed is never made.
    private static let memory = [
        AllowedCall("brk"),
        AllowedCall("mmap", .none(of: PROT_EXEC, in: 2)),
        AllowedCall("mprotect", .none(of: PROT_EXEC, in: 2)),
        AllowedCall("mremap"),
        AllowedCall("munmap"),
        AllowedCall("madvise"),
        AllowedCall("futex"),  // Locks of the C library and of Swift's lazy globals.
    ]

    /// The end, in order or by a bug of ours.
    private static func ending(processIdentifier: pid_t) -> [AllowedCall] {
        [
            AllowedCall("exit_group"),
            AllowedCall("rt_sigprocmask"),
            AllowedCall("rt_sigaction"),  // abort() and TLS libraries ask or set how a signal is taken.
            AllowedCall("rt_sigreturn"),
            AllowedCall("getpid"),
            AllowedCall("gettid"),
            AllowedCall("tgkill", .equal(processIdentifier, 0)),  // abort(), to this process only.
        ]
    }

    /// A helper thread, such as the one that checks a password. New processes are refused: `clone` only with the bits of a
    /// thread, and `clone3`, whose bits a filter cannot see, as if it were missing.
    private static let threads = [
        AllowedCall("clone", ArgumentCondition(argument: 0, mask: cloneBits, value: UInt64(CLONE_THREAD))),
        AllowedCall("set_robust_list"),
        AllowedCall("rseq"),
        AllowedCall("set_tid_address"),
        AllowedCall("sched_getaffinity"),  // The allocator asks how many arenas are worth it.
        AllowedCall("sched_yield"),
        AllowedCall("setpriority", .equal(Int32(PRIO_PROCESS.rawValue), 0)),  // It is to yield to the loop.
        AllowedCall("getpriority"),
        AllowedCall("sched_setscheduler"),
        AllowedCall("exit"),  // The end of a thread.
    ]

    private static let removal = [
        AllowedCall("unlink"),  // The socket of a listener.
        AllowedCall("unlinkat"),
    ]

    private static let writing = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND | temporaryFile

    /// `__O_TMPFILE`, which hides behind _GNU_SOURCE; O_TMPFILE is it and O_DIRECTORY.
    private static let temporaryFile: Int32 = 0x40_0000

    /// That it is a thread, and of no namespaces of its own.
    private static let cloneBits = UInt64(
        CLONE_THREAD | CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID
            | CLONE_NEWNET)
}
