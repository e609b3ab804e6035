import Counters
import Kernel
import Sampling
import Sandbox
import Sources

/// Everything that `doctor` looks at, in the order in which it is told.
struct Examination {
    let configuration: Configuration
    /// Where the exporter would listen.
    let addresses: [SocketAddress]

    func findings() throws(SystemError) -> [Finding] {
        let machine = Machine(sysfs: configuration.sysfs, procfs: configuration.procfs)
        let systemd = SystemdCheck()
        let port = PortCheck(
            holders: PortHolders(procfs: configuration.procfs),
            socketUnitAddress: systemd.hasSocketUnit ? .any(port: Configuration().defaultPort) : nil)
        return ProcessorCheck(machine: machine).findings + (try energy(machine, systemd))
            + SandboxCheck(offered: offeredSandbox(procfs: configuration.procfs)).findings
            + systemd.findings(passed: SystemdCheck.passedSockets(Process.environment))
            + addresses.map(port.finding)
    }

    /// Each source, those that are chosen, and their counters.
    private func energy(_ machine: Machine, _ systemd: SystemdCheck) throws(SystemError) -> [Finding] {
        let roots = SystemRoots(sysfs: configuration.sysfs, procfs: configuration.procfs, vendor: machine.vendor)
        var sampling = Sampling(Sources(opening: configuration.source, roots))
        var report = sampling.report
        report.completeSurvey(roots)
        let source = SourceCheck(machine: machine, report: report)
        return findings(report, machine, systemd) + source.findings
            + (try source.watch(&sampling) { () throws(SystemError) in
                try Examination.wait(milliseconds: SourceCheck.watchMilliseconds)
            })
    }

    /// What each source shows.
    private func findings(_ report: SourceReport, _ machine: Machine, _ systemd: SystemdCheck) -> [Finding] {
        var powercap = PowercapCheck(
            sysfs: configuration.sysfs, machine: machine, isNeeded: needs(.powercap, report),
            serviceIsChanged: systemd.serviceIsChanged)
        // udev's rules are about this machine's own counters.
        if configuration.sysfs != Configuration().sysfs { powercap.ruleDirectories = [] }
        let perf = PerfCheck(procfs: configuration.procfs, machine: machine, isNeeded: needs(.perf, report))
        let hwmon = HwmonCheck(isNeeded: needs(.hwmon, report))
        return (report.powercap.map(powercap.findings) ?? [])
            + (report.perf.map { perf.findings($0, report.perfError) } ?? [])
            + (report.hwmon.map(hwmon.findings) ?? [])
    }

    /// The source that was chosen is missing. Of those of `auto`, powercap is the one that should be there.
    private func needs(_ kind: SourceKind, _ report: SourceReport) -> Bool {
        if report.choice == .auto { return !report.isUp && kind == .powercap }
        return report.choice.names(kind) && report.states.contains { $0.kind == kind && !$0.isUp }
    }

    /// Nothing is watched, so the time passes.
    private static func wait(milliseconds: Int32) throws(SystemError) {
        var batch = EventBatch(capacity: 1)
        try Epoll().wait(into: &batch, timeoutMilliseconds: milliseconds)
    }
}
