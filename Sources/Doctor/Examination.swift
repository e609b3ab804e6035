import Counters
public import Kernel
import Sampling
import Sandbox
public import Sources

/// Everything that `doctor` looks at, in the order in which it is told.
public struct Examination {
    let source: SourceChoice
    private let sysfs: String
    private let procfs: String
    private let feeds: String
    private let cgroupfs: String?
    private let podNames: String?
    /// Empty where nobody named any.
    private let addresses: [SocketAddress]

    /// Where the exporter listens by itself, and so does its socket unit as it comes.
    static let usualPort: UInt16 = 9091
    private static let usualSysfs = "/sys"

    /// - Parameters:
    ///   - source: where energy is to be read.
    ///   - sysfs: the root of sysfs.
    ///   - procfs: the root of procfs.
    ///   - cgroupfs: where the cgroups are, if not at the usual place in `sysfs`.
    ///   - podNames: where kubelet makes links to containers' logs, if the names of pods are wanted.
    ///   - addresses: where the exporter would listen; empty for where its socket unit says, or for the usual port.
    public init(
        source: SourceChoice, sysfs: String, procfs: String, feeds: String = SystemRoots.usualFeeds,
        cgroupfs: String? = nil, podNames: String? = nil, addresses: [SocketAddress]
    ) {
        self.feeds = feeds
        self.source = source
        self.sysfs = sysfs
        self.procfs = procfs
        self.cgroupfs = cgroupfs
        self.podNames = podNames
        self.addresses = addresses
    }

    /// Looks at everything; it takes a moment, in which counters are watched, and an exporter that runs is. Nothing is changed.
    public func report() throws(SystemError) -> DoctorReport {
        let machine = Machine(sysfs: sysfs, procfs: procfs)
        let systemd = SystemdCheck()
        let units = addresses.isEmpty ? systemd.units : nil
        let ports = look(at: units, hasUnit: systemd.hasSocketUnit && addresses.isEmpty)
        let exporters = ports.filter(\.result.isServed).map { ExporterCheck.looking(at: $0.address) }
        let state = DoctorReport.Exporter(exporters.map(\.state), simulates: source == .simulated)
        let findings =
            ProcessorCheck(machine: machine).findings + (try energy(machine, systemd, isMeasured: state == .measures))
            + CgroupCheck(cgroupfs: cgroupfs, podNames: podNames, sysfs: sysfs, procfs: procfs).findings
            + SandboxCheck(offered: offeredSandbox(procfs: procfs)).findings
            + systemd.findings(passed: SystemdCheck.passedSockets(Process.environment))
            + (units.map { systemd.findings($0, isServed: !exporters.isEmpty) } ?? [])
            + ports.map(\.result.finding) + exporters.map(\.finding)
        return DoctorReport(findings: findings, exporter: state)
    }

    /// Where an exporter listens, or would.
    private func look(
        at units: Units?, hasUnit: Bool
    ) -> [(address: SocketAddress, result: PortCheck.Result)] {
        let unit = hasUnit ? SocketUnit(units) : nil
        let check = PortCheck(holders: PortHolders(procfs: procfs), unit: unit)
        let usual = unit?.addresses ?? [.any(port: Examination.usualPort)]
        return (addresses.isEmpty ? usual : addresses).map { ($0, check.look(at: $0)) }
    }

    /// Each source, those that are chosen, and their counters.
    private func energy(
        _ machine: Machine, _ systemd: SystemdCheck, isMeasured: Bool
    ) throws(SystemError) -> [Finding] {
        let roots = SystemRoots(sysfs: sysfs, procfs: procfs, feeds: feeds, vendor: machine.vendor)
        var sampling = Sampling(Sources(opening: source, roots))
        var report = sampling.report
        report.completeSurvey(roots)
        let check = SourceCheck(machine: machine, report: report, isMeasured: isMeasured)
        return findings(report, machine, systemd, isMeasured: isMeasured) + check.findings
            + (try check.watch(&sampling) { () throws(SystemError) in
                try Examination.wait(milliseconds: SourceCheck.watchMilliseconds)
            })
    }

    /// What each source shows.
    private func findings(
        _ report: SourceReport, _ machine: Machine, _ systemd: SystemdCheck, isMeasured: Bool
    ) -> [Finding] {
        var powercap = PowercapCheck(
            sysfs: sysfs, machine: machine, isNeeded: needs(.powercap, report) && !isMeasured,
            serviceIsChanged: systemd.serviceIsChanged)
        // udev's rules are about this machine's own counters.
        if sysfs != Examination.usualSysfs { powercap.ruleDirectories = [] }
        let perf = PerfCheck(procfs: procfs, machine: machine, isNeeded: needs(.perf, report))
        let hwmon = HwmonCheck(place: machine.place, isNeeded: needs(.hwmon, report))
        let feeds = FeedsCheck(isNeeded: needs(.feeds, report))
        var found: [Finding] = report.powercap.map(powercap.findings) ?? []
        if let counters = report.perf {
            found += perf.findings(counters, report.perfError, refused: report.refused(.perf))
        }
        found += report.hwmon.map(hwmon.findings) ?? []
        found += report.feeds.map(feeds.findings) ?? []
        return found + KernelCardCheck(sysfs: sysfs).findings
            + CardCheck(sysfs: sysfs, procfs: procfs).findings(report.feeds)
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

    /// The same for whom it does not matter if it does not.
    static func pause(milliseconds: Int32) {
        do throws(SystemError) {
            try wait(milliseconds: milliseconds)
        } catch {
            return
        }
    }
}
