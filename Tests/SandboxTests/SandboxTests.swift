import Glibc
import Sandbox
import TestSupport
import Testing

@testable import Kernel

@Suite struct SandboxTests {
    @Test func `nothing is left of privileges`() throws {
        let probe = try Probing()
        for layer in SandboxLayer.allCases where layer != .landlock {
            #expect(probe.isOn(layer), "\(probe.detail(of: layer))")
        }
        for set in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
            #expect(probe.status(set) == "0000000000000000", "\(set)")
        }
        if geteuid() == 0 { #expect(probe.status("CapBnd") == "0000000000000000") }
        #expect(probe.status("NoNewPrivs") == "1")
        #expect(probe.status("Seccomp") == "2")
        #expect(probe.status == 0)
    }

    @Test func `what the kernel offers is found out without giving up anything`() throws {
        let offered = offeredSandbox(procfs: "/proc")
        #expect(offered[.landlock].isOn == (landlockVersion >= 1))
        #expect(offered[.seccomp].isOn == (access("/proc/sys/kernel/seccomp/actions_avail", F_OK) == 0))
        #expect(!offeredSandbox(procfs: "/nowhere")[.seccomp].isOn)
        #expect(try Files.names(in: "/proc/self/fd").isEmpty == false)
    }

    @Test func `a layer that is left out says so`() throws {
        let probe = try Probing("layer=capabilities")
        #expect(!probe.isOn(.seccomp) && !probe.isOn(.landlock) && probe.isOn(.capabilities))
        #expect(probe.status("Seccomp") == "0")
        #expect(probe.status("NoNewPrivs") == "1")
    }

    @Test(arguments: [
        "write", "create", "remove", "mkdir", "chmod", "chown", "rename", "truncate", "socket", "bind", "connect",
        "listen", "execve", "clone", "fork", "thread", "ptrace", "kill", "tgkill", "mmap-executable",
        "mprotect-executable", "setrlimit", "setuid", "unshare", "mount", "prctl", "bpf", "perf_event_open", "ioctl",
        "setsockopt-rcvbuf", "setsockopt-tcp",
    ])
    func `whatever is not needed is refused`(attempt: String) throws {
        try withTemporaryDirectory { file in
            try writeFile(file + "/file", "x")
            let argument = attempt == "execve" ? "/bin/true" : file + "/file"
            let free = try Probing("layer=capabilities", "try:epoll_wait")
            #expect(free.result(of: "epoll_wait") == 0)
            let probe = try Probing("layer=seccomp", "try:\(attempt)=\(argument)")
            #expect(probe.result(of: attempt) == EPERM)
            #expect(probe.status == 0, "it goes on")
        }
    }

    @Test func `what the program lives on is allowed`() throws {
        let probe = try Probing(
            "try:allocate", "try:epoll_wait", "try:getrlimit", "try:setsockopt-linger", "try:setsockopt-sndbuf")
        for attempt in ["allocate", "epoll_wait", "getrlimit", "setsockopt-linger", "setsockopt-sndbuf"] {
            #expect(probe.result(of: attempt) == 0, "\(attempt)")
        }
    }

    @Test func `of a socket only how it ends can be changed, and files are watched only where it is planned`() throws {
        let probe = try Probing(
            "layer=seccomp", "try:setsockopt-linger", "try:setsockopt-keepalive", "try:setsockopt-tcp", "try:watch")
        #expect(probe.result(of: "setsockopt-linger") == 0)
        for attempt in ["setsockopt-keepalive", "setsockopt-tcp", "watch"] {
            #expect(probe.result(of: attempt) == EPERM, "\(attempt)")
        }
        #expect(try Probing("layer=seccomp", "watching", "try:watch").result(of: "watch") == 0)
    }

    /// No other file is shortened, and none but those of the plan is written.
    @Test func `only the buffer for responses is filled anew, and only where it is planned`() throws {
        let planned = try Probing("layer=seccomp", "buffer=99", "try:ftruncate=99", "try:pwrite=99", "try:sendfile=99")
        for attempt in ["ftruncate", "pwrite", "sendfile"] { #expect(planned.result(of: attempt) == 0, "\(attempt)") }
        let other = try Probing("layer=seccomp", "buffer=99", "try:ftruncate=98", "try:pwrite=98")
        for attempt in ["ftruncate", "pwrite"] { #expect(other.result(of: attempt) == EPERM, "\(attempt)") }
        let both = try Probing("layer=seccomp", "buffer=99", "files", "try:ftruncate=98", "try:pwrite=98")
        #expect(both.result(of: "ftruncate") == EPERM && both.result(of: "pwrite") == 0)
        let none = try Probing("layer=seccomp", "try:ftruncate=99", "try:pwrite=99", "try:sendfile=99")
        for attempt in ["ftruncate", "pwrite", "sendfile"] { #expect(none.result(of: attempt) == EPERM, "\(attempt)") }
    }

    /// Energy events that are lost come back only so.
    @Test func `where performance events are planned they may be opened, and the capability for it is kept`() throws {
        let probe = try Probing("perf", "try:perf_event_open", "try:socket")
        #expect(probe.result(of: "perf_event_open") != EPERM)
        #expect(probe.result(of: "socket") == EPERM)
        let before = try Probing("layer=landlock").status("CapPrm").flatMap { UInt64($0, radix: 16) } ?? 0
        let monitoring = before & 1 << 38
        for set in ["CapPrm", "CapEff"] {
            #expect(probe.status(set).flatMap { UInt64($0, radix: 16) } == monitoring)
        }
        for set in ["CapInh", "CapAmb"] { #expect(probe.status(set).flatMap { UInt64($0, radix: 16) } == 0) }
    }

    @Test func `threads may be started where they are planned, and processes never`() throws {
        let probe = try Probing("threads", "try:thread", "try:clone", "try:clone3", "try:fork")
        #expect(probe.result(of: "thread") == 0)
        #expect(try Probing("threads", "fatal", "try:thread").result(of: "thread") == 0)
        #expect(probe.result(of: "clone") == EPERM)
        #expect(probe.result(of: "clone3") == ENOSYS, "the C library falls back to clone")
        #expect(probe.result(of: "fork") == EPERM)
    }

    @Test func `a reader replaces files of its directory and of no other, and opens nothing else`() throws {
        try withTemporaryDirectory { directory in
            let feeds = directory + "/feeds"
            try checked("mkdir", mkdir(feeds, 0o755))
            try writeFile(feeds + "/other", "x")
            let probe = try Probing(
                "reader", "replacing=\(feeds)", "fatal", "try:replace=a.feed", "try:epoll_wait", "try:allocate")
            for attempt in ["replace", "epoll_wait", "allocate"] {
                #expect(probe.result(of: attempt) == 0, "\(attempt)")
            }
            #expect(try Files.read(feeds + "/a.feed") == [3])
            let refused = [
                "read=\(feeds)/other", "create=\(directory)/new", "remove=\(feeds)/other", "setsockopt-linger",
            ]
            for attempt in refused {
                let probe = try Probing("reader", "replacing=\(feeds)", "layer=seccomp", "try:\(attempt)")
                let name = String(attempt.prefix { $0 != "=" })
                #expect(probe.result(of: name) == EPERM, "\(attempt)")
            }
        }
    }

    @Test(.enabled(if: landlockVersion >= 1, "this kernel has no landlock"))
    func `by landlock too files are made in the planned directory only`() throws {
        try withTemporaryDirectory { directory in
            let feeds = directory + "/feeds"
            try checked("mkdir", mkdir(feeds, 0o755))
            let probe = try Probing(
                "layer=landlock", "replacing=\(feeds)", "try:replace=a.feed", "try:read=\(feeds)/a.feed",
                "try:create=\(directory)/new", "try:mkdir=\(feeds)/new")
            #expect(probe.result(of: "replace") == 0)
            for attempt in ["read", "create", "mkdir"] { #expect(probe.result(of: attempt) == EACCES, "\(attempt)") }
        }
    }

    @Test func `of a driver's commands only the planned one is allowed, or all`() throws {
        for (plan, number, result) in [("device=17", "17", 0), ("device=17", "18", EPERM), ("device=any", "18", 0)] {
            let probe = try Probing("layer=seccomp", "reader", plan, "try:ioctl-number=\(number)")
            #expect(probe.result(of: "ioctl-number") == result, "\(plan) \(number)")
        }
        #expect(try Probing("layer=seccomp", "try:ioctl-number=17").result(of: "ioctl-number") == EPERM)
    }

    @Test func `in the fatal form an unknown call ends the process`() throws {
        let probe = try Probing("fatal", "try:epoll_wait", "try:socket", "try:getrlimit")
        #expect(probe.result(of: "epoll_wait") == 0)
        #expect(probe.result(of: "socket") == nil)
        #expect(probe.result(of: "getrlimit") == nil)
        #expect(probe.wasEnded(by: SIGSYS))
    }

    @Test func `a bug still ends it as it should`() throws {
        let probe = try Probing("fatal", "try:abort")
        #expect(probe.wasEnded(by: SIGABRT))
    }

    // Landlock by itself, so that seccomp does not answer first.

    @Test(.enabled(if: landlockVersion >= 1, "this kernel has no landlock"))
    func `only planned files are readable, and nothing is writable`() throws {
        try withTemporaryDirectory { directory in
            let planned = directory + "/planned"
            try checked("mkdir", mkdir(planned, 0o755))
            try writeFile(planned + "/file", "x")
            try writeFile(directory + "/file", "x")
            let probe = try Probing(
                "layer=landlock", "readable=\(planned)", "try:read=\(planned)/file", "try:list=\(planned)",
                "try:write=\(planned)/file", "try:create=\(planned)/new", "try:remove=\(planned)/file",
                "try:mkdir=\(planned)/new", "try:truncate=\(planned)/file", "try:execve=/bin/true")
            #expect(probe.isOn(.landlock), "\(probe.detail(of: .landlock))")
            #expect(probe.result(of: "read") == 0)
            #expect(probe.result(of: "list") == 0)
            for attempt in ["write", "create", "remove", "mkdir", "execve"] {
                #expect(probe.result(of: attempt) == EACCES, "\(attempt)")
            }
            if landlockVersion >= 3 { #expect(probe.result(of: "truncate") == EACCES) }
            for path in [directory + "/file", "/proc/self/status", "/etc/passwd"] {
                let outside = try Probing("layer=landlock", "readable=\(planned)", "try:read=\(path)")
                #expect(outside.result(of: "read") == EACCES, "\(path)")
            }
        }
    }

    @Test(.enabled(if: landlockVersion >= 1, "this kernel has no landlock"))
    func `a single file can be readable, and what does not exist is left out`() throws {
        try withTemporaryDirectory { directory in
            try writeFile(directory + "/file", "x")
            try writeFile(directory + "/other", "x")
            let probe = try Probing(
                "layer=landlock", "readable=\(directory)/file", "readable=\(directory)/none",
                "try:read=\(directory)/file")
            #expect(probe.isOn(.landlock), "\(probe.detail(of: .landlock))")
            #expect(probe.result(of: "read") == 0)
            let other = try Probing("readable=\(directory)/file", "try:read=\(directory)/other")
            #expect(other.result(of: "read") == EACCES)
        }
    }

    @Test(.enabled(if: landlockVersion >= 4, "this kernel's landlock knows no ports"))
    func `no port is opened or connected to`() throws {
        let probe = try Probing("layer=landlock", "try:bind", "try:connect")
        #expect(probe.result(of: "bind") == EACCES)
        #expect(probe.result(of: "connect") == EACCES)
    }

    @Test(.enabled(if: landlockVersion >= 6, "this kernel's landlock knows no signals and abstract sockets"))
    func `signals stay inside, and messages to abstract sockets go where they are planned`() throws {
        let receiver = try DatagramReceiver()
        let name = String(receiver.path.dropFirst())
        let probe = try Probing("layer=landlock", "try:kill", "try:send-abstract=\(name)")
        #expect(probe.result(of: "kill") == EPERM)
        #expect(probe.result(of: "send-abstract") == EPERM)
        let planned = try Probing("abstract", "try:send-abstract=\(name)")
        #expect(planned.result(of: "send-abstract") == 0)
    }

    @Test func `a file that may be replaced stays readable where it is and where it lies`() throws {
        try withTemporaryDirectory { directory in
            for name in ["live", "archive"] { try checked("mkdir", mkdir("\(directory)/\(name)", 0o755)) }
            try writeFile(directory + "/archive/certificate", "x")
            try checked("symlink", symlink("../archive/certificate", directory + "/live/certificate"))
            var plan = SandboxPlan()
            plan.keepReadable(file: directory + "/live/certificate")
            plan.keepReadable(file: directory + "/live/none")
            #expect(plan.readablePaths == [directory + "/live", directory + "/archive"])
        }
    }

    @Test func `a report says what is on and why not`() {
        let report = SandboxReport(allOff: "--no-sandbox")
        #expect(!report.isComplete)
        #expect(
            report.summary
                == "landlock off (--no-sandbox), seccomp off (--no-sandbox), capabilities kept (--no-sandbox)")
    }
}

/// What landlock can do here; 0 without it.
private let landlockVersion: Int = {
    do {
        return try Landlock(reachesAbstractSockets: false).version
    } catch {
        return 0
    }
}()
