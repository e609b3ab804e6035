import Energy
import Kernel
import Sandbox

/// Everything that `doctor` looks at, in the order in which it is told.
struct Examination {
    let configuration: Configuration
    /// Where the exporter would listen.
    let addresses: [SocketAddress]

    func findings() throws(SystemError) -> [Finding] {
        let (sysfs, procfs) = (configuration.sysfs, configuration.procfs)
        let machine = Machine(sysfs: sysfs, procfs: procfs)
        var findings = ProcessorCheck(machine: machine).findings

        var measurement = Measurement.open(configuration, MessageList().logger)
        let powercap = PowercapDiscovery(sysfs: sysfs, vendor: machine.vendor)
        findings += PowercapCheck(
            sysfs: sysfs, machine: machine,
            isNeeded: needs(.powercap, measurement.isUp) || needs(.auto, measurement.isUp)
        ).findings(powercap)
        findings += PerfCheck(procfs: procfs, machine: machine, isNeeded: needs(.perf, measurement.isUp))
            .findings(PerfDiscovery(sysfs: sysfs, vendor: machine.vendor))
        findings += HwmonCheck(isNeeded: needs(.hwmon, measurement.isUp)).findings(HwmonDiscovery(sysfs: sysfs))

        let source = SourceCheck(machine: machine, zones: measurement.sourceName == "powercap" ? powercap.zones : [])
        findings += source.findings(measurement, configuration.source)
        findings += try source.watch(&measurement) { () throws(SystemError) in
            try Examination.wait(milliseconds: SourceCheck.watchMilliseconds)
        }

        findings += SandboxCheck(offered: offeredSandbox(procfs: procfs)).findings
        let systemd = SystemdCheck()
        findings += systemd.findings(passed: SystemdCheck.passedSockets(Process.environment))
        let port = PortCheck(holders: PortHolders(procfs: procfs), hasSocketUnit: systemd.hasSocketUnit)
        return findings + addresses.map(port.finding)
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
