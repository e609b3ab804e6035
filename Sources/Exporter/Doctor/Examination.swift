import Energy
import Kernel
import Sandbox

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

    /// Each source, the one that is chosen, and its counters.
    private func energy(_ machine: Machine, _ systemd: SystemdCheck) throws(SystemError) -> [Finding] {
        let (sysfs, procfs) = (configuration.sysfs, configuration.procfs)
        var measurement = Measurement.open(configuration, MessageList().logger)
        let isUp = measurement.isUp
        let powercap = PowercapDiscovery(sysfs: sysfs, vendor: machine.vendor)
        var powercapCheck = PowercapCheck(
            sysfs: sysfs, machine: machine, isNeeded: needs(.powercap, isUp) || needs(.auto, isUp),
            serviceIsChanged: systemd.serviceIsChanged)
        // udev's rules are about this machine's own counters.
        if sysfs != Configuration().sysfs { powercapCheck.ruleDirectories = [] }
        let perfCheck = PerfCheck(procfs: procfs, machine: machine, isNeeded: needs(.perf, isUp))
        let hwmonCheck = HwmonCheck(isNeeded: needs(.hwmon, isUp))
        let isPowercap = measurement.sourceName == SourceChoice.powercap.rawValue
        let source = SourceCheck(machine: machine, zones: isPowercap ? powercap.zones : [])
        return powercapCheck.findings(powercap)
            + perfCheck.findings(PerfDiscovery(sysfs: sysfs, vendor: machine.vendor))
            + hwmonCheck.findings(HwmonDiscovery(sysfs: sysfs))
            + source.findings(measurement, configuration.source)
            + (try source.watch(&measurement) { () throws(SystemError) in
                try Examination.wait(milliseconds: SourceCheck.watchMilliseconds)
            })
    }

    /// The source that was chosen is missing. Of those of `auto`, powercap is the one that should be there.
    private func needs(_ choice: SourceChoice, _ isUp: Bool) -> Bool {
        !isUp && configuration.source == choice
    }

    /// Nothing is watched, so the time passes.
    private static func wait(milliseconds: Int32) throws(SystemError) {
        var batch = EventBatch(capacity: 1)
        try Epoll().wait(into: &batch, timeoutMilliseconds: milliseconds)
    }
}
