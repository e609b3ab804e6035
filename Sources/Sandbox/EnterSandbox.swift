import Kernel

/// Gives up what the plan does not keep, for good: to be called once everything is open and while there is one thread.
///
/// Each layer is as strict as this kernel allows. One that the kernel does not offer is reported and never fatal: without it the
/// program does the same, only less enclosed.
public func enterSandbox(_ plan: SandboxPlan) -> SandboxReport {
    var report = SandboxReport(allOff: "left out")
    do {
        // Landlock and seccomp demand this of a process without CAP_SYS_ADMIN, so it comes first. Seccomp comes last, because it
        // refuses the calls that the others need.
        try Privileges.forbidNew()
        if plan.holdsSecrets { try Privileges.forbidInspection() }
    } catch {
        return SandboxReport(allOff: "\(error)")
    }
    if plan.layers.contains(.landlock) { report[.landlock] = enterLandlock(plan) }
    if plan.layers.contains(.capabilities) { report[.capabilities] = giveUpCapabilities(plan) }
    if plan.layers.contains(.seccomp) { report[.seccomp] = enterSeccomp(plan) }
    return report
}

/// Which layers this kernel offers, found out without entering any. `procfs` is the root of the proc file system.
public func offeredSandbox(procfs: String) -> SandboxReport {
    var report = SandboxReport(allOff: "")
    do throws(SystemError) {
        report[.landlock] = .on("ABI \(try Landlock(reachesAbstractSockets: false).version)")
    } catch {
        report[.landlock] = .off(landlockObstacle(error))
    }
    do throws(SystemError) {
        // Exists where the kernel was built with filters. See seccomp(2), "/proc interfaces".
        _ = try Files.read(procfs + "/sys/kernel/seccomp/actions_avail")
        report[.seccomp] = .on("filters of system calls")
    } catch {
        report[.seccomp] = .off("this kernel has no filters of system calls")
    }
    report[.capabilities] = .on("any process may give them up")
    return report
}

private func enterLandlock(_ plan: SandboxPlan) -> SandboxReport.State {
    do {
        let landlock = try Landlock(reachesAbstractSockets: plan.reachesAbstractSockets)
        for path in plan.readablePaths {
            try allowIfThere { () throws(SystemError) in try landlock.allowReading(path) }
        }
        if let directory = plan.replacingDirectory { try landlock.allowReplacing(inDirectory: directory) }
        let version = landlock.version
        try landlock.enforce()
        return .on("ABI \(version)")
    } catch {
        return .off(landlockObstacle(error))
    }
}

private func landlockObstacle(_ error: SystemError) -> String {
    switch error.code {
    case .notImplemented: "this kernel has none"
    case .notSupported: "not among the security modules this kernel was started with"
    default: "\(error)"
    }
}

/// What does not exist, or may not be reached, cannot be read later either.
private func allowIfThere(_ allow: () throws(SystemError) -> Void) throws(SystemError) {
    do {
        try allow()
    } catch  where [.notFound, .notADirectory, .permissionDenied].contains(error.code) {
        return
    }
}

private func giveUpCapabilities(_ plan: SandboxPlan) -> SandboxReport.State {
    var remark = ""
    do {
        try Privileges.dropBoundingCapabilities()
    } catch {
        // It limits what a program executed from here could gain: none can be executed, and none could gain anything.
        let reason = error.code == .operationNotPermitted ? "emptying it takes CAP_SETPCAP" : "\(error.code)"
        remark =
            " (the bounding set stays, since \(reason); it matters only to programs that are started, and none can be)"
    }
    do {
        let isMonitoring = try Privileges.dropCapabilities(keepingMonitoring: plan.opensPerfEvents)
        return .on("capabilities given up\(isMonitoring ? " but CAP_PERFMON" : "")\(remark)")
    } catch {
        return .off("\(error)")
    }
}

private func enterSeccomp(_ plan: SandboxPlan) -> SandboxReport.State {
    do {
        let calls = AllowedCall.all(plan)
        let filter = try SystemCallFilter(plan.isFatal ? .killsProcess : .failsWithPermissionError)
        for call in calls { try filter.allow(call) }
        if plan.allowsThreads { try filter.denyAsMissing("clone3") }
        try filter.load()
        return .on("\(Set(calls.map(\.name)).count) calls")
    } catch {
        return .off("\(error)")
    }
}
