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

/// The list. It was made from traces of the end-to-end tests, and from reading for what is rare in our own code, in the C library,
/// in Swift's runtime and in OpenSSL; `make e2e` looks for one that is missing. Where an argument decides whether a call is
/// harmless, it is checked.
///
/// Missing on purpose, because whatever needs it was done before: `socket`, `bind`, `connect`, `listen`, `execve`, `fork`, `kill`,
/// `ptrace`, `perf_event_open` and `ioctl` unless the plan has it, `memfd_create`, `prctl`, `fcntl` but for a duplicate, all that changes files but
/// where the plan says so, and all that needs a privilege.
extension AllowedCall {
    static func all(_ plan: SandboxPlan) -> [AllowedCall] {
        var calls = loop + memory + ending(processIdentifier: getpid()) + devices(plan.deviceCommands)
        if plan.servesClients { calls += clients }
        if plan.readsFiles { calls += files }
        if let directory = plan.replacingDirectory { calls += replacing(in: directory) }
        if plan.allowsThreads { calls += threads }
        if plan.opensPerfEvents { calls.append(AllowedCall("perf_event_open")) }
        if plan.watchesFiles { calls += watching }
        if plan.writesFiles { calls.append(AllowedCall("pwrite64")) }
        if let buffer = plan.zeroCopyBuffer { calls += repeating(buffer, writesFiles: plan.writesFiles) }
        return calls
    }

    /// What every loop is made of.
    private static let loop = [
        AllowedCall("epoll_wait"),  // Each turn.
        AllowedCall("epoll_pwait"),  // The same on arm64, which has no epoll_wait.
        AllowedCall("sendmsg"),  // Responses in two pieces, the journal's records, the service manager's notifications.
        AllowedCall("sendto"),  // Responses, and the log where standard error is a socket.
        AllowedCall("close"),
        AllowedCall("read"),  // The timer, signals, groups of perf events, notices of changed files, eventfds; TLS.
        AllowedCall("write"),  // The log on standard error; eventfds; TLS; feeds.
        AllowedCall("poll"),  // Before a write to a pipe of others that could not be opened anew.
        AllowedCall("ppoll"),  // The same on arm64.
        AllowedCall("clock_gettime"),  // Where the kernel's page for it (vdso) cannot tell the time.
        AllowedCall("restart_syscall"),  // By the kernel's own doing, when a stopped process goes on.
    ]

    /// What serving takes beside that.
    private static let clients = [
        AllowedCall("epoll_ctl"),  // Connections come, go, and wait to be writable.
        AllowedCall("accept4"),
        AllowedCall("recvfrom"),  // Requests.
        AllowedCall("shutdown"),  // After an error, so that its response can still be read.
        AllowedCall("setsockopt", .equal(SOL_SOCKET, 1), .equal(SO_LINGER, 2)),  // Reset, for peers that do not read.
        AllowedCall("setsockopt", .equal(SOL_SOCKET, 1), .equal(SO_SNDBUF, 2)),  // Each connection of a unix socket.
        AllowedCall("gettimeofday"),  // As clock_gettime, for OpenSSL.
        AllowedCall("getrandom"),  // TLS, and keys of the credentials' cache.
    ]

    /// Responses that are sent again and again, from a buffer that is emptied and filled anew for each.
    private static func repeating(_ buffer: Int32, writesFiles: Bool) -> [AllowedCall] {
        let calls = [AllowedCall("sendfile"), AllowedCall("ftruncate", .equal(buffer, 0))]
        return writesFiles ? calls : calls + [AllowedCall("pwrite64", .equal(buffer, 0))]
    }

    /// Feeds: files of one directory alone, by its descriptor.
    private static func replacing(in directory: Int32) -> [AllowedCall] {
        [
            AllowedCall("openat", .equal(directory, 0)),
            AllowedCall("renameat", .equal(directory, 0), .equal(directory, 2)),
            AllowedCall("renameat2", .equal(directory, 0), .equal(directory, 2), .equal(0, 4)),  // On riscv64.
            AllowedCall("unlinkat", .equal(directory, 0)),  // The end, when nothing is published any more.
        ]
    }

    /// Drivers, and the end of a handler for a signal, such as a driver's library has.
    private static func devices(_ commands: DeviceCommands) -> [AllowedCall] {
        let handlers = [
            AllowedCall("rt_sigreturn"),
            AllowedCall("getdents64"),  // How many devices the driver has.
            AllowedCall("lseek"),  // The same, from the beginning.
        ]
        switch commands {
        case .none: return []
        case .one(let number):
            let condition = ArgumentCondition(argument: 1, mask: 0xFFFF_FFFF, value: UInt64(number))
            return handlers + [AllowedCall("ioctl", condition)]
        case .any: return handlers + [AllowedCall("ioctl")]
        }
    }

    /// Counters, and files that are read again.
    private static let files = [
        AllowedCall("pread64"),  // Each counter, each tick.
        AllowedCall("openat", .none(of: writing, in: 2)),  // Zones that came back; certificates.
        AllowedCall("newfstatat"),  // The number of descriptors; directories that are listed again.
        AllowedCall("fstat"),  // The same in newer C libraries.
        AllowedCall("lseek"),  // Descriptors listed anew, on kernels that do not tell their number.
        AllowedCall("getdents64"),  // Descriptors, zones.
        AllowedCall("readlink"),  // Where the links to a certificate lead.
        AllowedCall("readlinkat"),  // The same on arm64.
        AllowedCall("prlimit64", .equal(0, 0), .isNull(2)),  // process_max_fds: our own, not to be changed.
    ]

    /// The allocator. Memory that can be executed is never made.
    private static let memory = [
        AllowedCall("brk"),
        AllowedCall("mmap", .none(of: PROT_EXEC, in: 2)),
        AllowedCall("mprotect", .none(of: PROT_EXEC, in: 2)),  // Heaps and stacks of threads.
        AllowedCall("mremap"),  // Large blocks that grow.
        AllowedCall("munmap"),  // The ledger, at the end.
        AllowedCall("madvise"),  // Memory that is free again.
        AllowedCall("futex"),  // Locks of the C library and of Swift's lazy globals.
    ]

    /// The end, in order or by a bug of ours.
    private static func ending(processIdentifier: pid_t) -> [AllowedCall] {
        [
            AllowedCall("exit_group"),
            AllowedCall("rt_sigprocmask"),  // abort(), and starting a thread.
            AllowedCall("rt_sigaction"),  // abort()
            AllowedCall("getpid"),  // abort()
            AllowedCall("gettid"),  // abort()
            AllowedCall("tgkill", .equal(processIdentifier, 0)),  // abort(), to this process only.
            AllowedCall("writev"),  // The C library's last words before it.
        ]
    }

    /// A helper thread, such as the one that checks a password and yields to the loop meanwhile. New processes are refused:
    /// `clone` only with the bits of a thread, and `clone3`, whose bits a filter cannot see, as if it were missing.
    private static let threads = [
        AllowedCall("clone", ArgumentCondition(argument: 0, mask: cloneBits, value: UInt64(CLONE_THREAD))),
        AllowedCall("set_robust_list"),  // The beginning of a thread, as is the next.
        AllowedCall("rseq"),
        AllowedCall("sched_getaffinity"),  // The allocator asks how many arenas are worth it.
        AllowedCall("getpriority", .equal(Int32(PRIO_PROCESS.rawValue), 0), .equal(0, 1)),  // nice(3)
        AllowedCall("setpriority", .equal(Int32(PRIO_PROCESS.rawValue), 0), .equal(0, 1)),
        AllowedCall("exit"),  // The end of a thread.
        AllowedCall("eventfd2"),  // What it tells its end by, where passwords are asked for only after a reload.
        AllowedCall("fcntl", .equal(F_DUPFD_CLOEXEC, 1)),  // Its own descriptor for that.
    ]

    /// Files of the configuration, when it names others, or when the way to them changes.
    private static let watching = [AllowedCall("inotify_add_watch"), AllowedCall("inotify_rm_watch")]

    private static let writing = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND | temporaryFile

    /// `__O_TMPFILE`, which hides behind _GNU_SOURCE; O_TMPFILE is it and O_DIRECTORY.
    private static let temporaryFile: Int32 = 0x40_0000

    /// That it is a thread, and of no namespaces of its own.
    private static let cloneBits = UInt64(
        CLONE_THREAD | CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID
            | CLONE_NEWNET)
}
