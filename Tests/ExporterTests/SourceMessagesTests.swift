import Accounts
import Counters
import Glibc
import Logging
import Sampling
import TestSupport
import Testing

@testable import Exporter
@testable import Kernel
@testable import Sources

/// Which source is chosen, and what is said of those that are not.
@Suite struct SourceMessagesTests {
    @Test func `everything that can be read is read, and nothing is said of what nobody misses`() throws {
        try withPowercapTree(["0": "package-0"]) { tree in
            try addSensor(tree.root)
            let logged = try LogBench()
            let measurement = open(try configuration(.auto, tree.root), logged.log)
            #expect(measurement.report.name == "powercap+hwmon")
            #expect(measurement.report.isUp == true)
            #expect(measurement.zones.map(\.zone) == ["intel-rapl:0", "hwmon0/power1_input"])
            #expect(logged.lines().isEmpty == true)
        }
    }

    @Test func `the log says how counters that a container engine hides are shown, and asks for no driver`() throws {
        try withPowercapTree { tree in
            try tree.addDanglingEntry("intel-rapl:0")
            let logged = try LogBench()
            let measurement = open(try configuration(.these([.powercap]), tree.root), logged.log)
            #expect(measurement.zones.map(\.role) == [.unreadable])
            let lines = logged.lines()
            #expect(lines.count == 2)
            #expect(lines[0].contains("zone intel-rapl:0 is not counted: hidden"))
            #expect(
                lines[1].contains("are hidden by a container engine: ") && lines[1].contains("--path.sysfs /host/sys"))
            for line in lines { #expect(!line.contains("modprobe") && !line.contains("No such file")) }
        }
    }

    @Test func `where there is no RAPL hwmon is read, and the log says why`() throws {
        try withPowercapTree { tree in
            try addSensor(tree.root)
            let logged = try LogBench()
            let measurement = open(try configuration(.auto, tree.root), logged.log)
            #expect(measurement.report.name == "hwmon")
            #expect(measurement.report.isUp == true)
            #expect(measurement.isEstimated == true)
            #expect(measurement.accounts.map(\.domain.tag) == ["ina_power1"])
            let lines = logged.lines()
            #expect(lines.count == 1)
            #expect(lines[0].hasPrefix("level=warning event=source_fallback"))
            #expect(lines[0].contains("energy is read from hwmon, because there is no RAPL counter under"))
            #expect(lines[0].contains(", and the kernel has no 'power' unit of perf events"))
        }
    }

    @Test func `counters that may not be read are no source, and the log names the remedy`() throws {
        try withPowercapTree(["0": "package-0"]) { tree in
            try tree.forbid("intel-rapl:0")
            let logged = try LogBench()
            let configuration = try configuration(.these([.powercap]), tree.root)
            let (report, zones) = try withoutPrivileges {
                let measurement = open(configuration, logged.log)
                return (measurement.report, measurement.zones)
            }
            #expect(report.name == "powercap")
            #expect(report.isUp == false)
            #expect(zones.map(\.role) == [.unreadable])
            let lines = logged.lines()
            #expect(lines.count == 2)
            #expect(lines[0].contains("event=zone_unreadable"))
            #expect(lines[1].hasPrefix("level=error event=no_source"))
            for line in lines { #expect(line.contains("CAP_DAC_READ_SEARCH")) }
        }
    }

    @Test func `zones that are refused for one reason are one line, and those for another another`() throws {
        try withPowercapTree(["0": "package-0", "0:0": "core", "0:1": "uncore", "1": "what", "2": "psys"]) { tree in
            for zone in ["intel-rapl:0:0", "intel-rapl:0:1", "intel-rapl:2"] { try tree.forbid(zone) }
            let logged = try LogBench()
            let configuration = try configuration(.these([.powercap]), tree.root)
            try withoutPrivileges { _ = open(configuration, logged.log) }
            let lines = logged.lines()
            #expect(lines.count == 2)
            let forbidden = try #require(lines.first { $0.contains("may not be read") })
            #expect(forbidden.contains("zones intel-rapl:0:0, intel-rapl:0:1, intel-rapl:2 may not be read"))
            #expect(forbidden.contains("zone=intel-rapl:0:0,intel-rapl:0:1,intel-rapl:2"))
            #expect(lines.contains { $0.contains("zone intel-rapl:1 is not counted: its name 'what'") })
        }
    }

    @Test(arguments: [SourceKind.powercap, .perf, .hwmon])
    func `a source that was asked for and is not there is not replaced`(choice: SourceKind) throws {
        try withTemporaryDirectory { directory in
            if choice != .hwmon {
                for path in ["class", "class/hwmon", "devices"] {
                    try checked("mkdir", mkdir("\(directory)/\(path)", 0o755))
                }
                try addSensor(directory)
            }
            let logged = try LogBench()
            let measurement = open(try configuration(.these([choice]), directory), logged.log)
            #expect(measurement.report.name == choice.rawValue)
            #expect(measurement.report.isUp == false)
            #expect(measurement.accounts.isEmpty == true)
            let lines = logged.lines()
            #expect(lines.count == 1)
            #expect(lines[0].hasPrefix("level=error event=no_source"))
        }
    }

    @Test func `without any source the log names what each of them lacks`() throws {
        try withTemporaryDirectory { directory in
            let logged = try LogBench()
            let measurement = open(try configuration(.auto, directory), logged.log)
            #expect(measurement.report.isUp == false)
            #expect(measurement.report.name == "powercap")
            let lines = logged.lines()
            #expect(lines.count == 1)
            for text in ["modprobe intel_rapl_msr", "'power' unit", "hwmon shows no sensor", "--source simulated"] {
                #expect(lines[0].contains(text))
            }
        }
    }

    @Test func `the simulated machine says that it is none`() throws {
        let logged = try LogBench()
        let measurement = open(try configuration(.simulated, "/nowhere"), logged.log)
        #expect(measurement.report.isSimulated == true)
        #expect(measurement.zones.map(\.role) == Array(repeating: .counted, count: 5))
        let lines = logged.lines()
        #expect(lines.count == 1)
        #expect(lines[0].hasPrefix("level=warning event=simulated_source"))
        #expect(lines[0].contains("SIMULATED"))
    }

    @Test func `the processor's maker is asked under the root that was named`() throws {
        try withTemporaryDirectory { directory in
            try writeFile(directory + "/cpuinfo", "processor\t: 0\nvendor_id\t: AuthenticAMD\n")
            #expect(ProcessorIdentity(procfs: directory).vendor == .amd)
            #expect(ProcessorIdentity(procfs: directory).remark == nil)
        }
    }

    @Test(arguments: [nil, ""] as [String?])
    func `where cpuinfo is hidden the processor itself is asked, and the log says so`(content: String?) throws {
        try withPowercapTree(["0": "package-0"]) { tree in
            let logged = try LogBench()
            let configuration = try configuration(.auto, tree.root)
            try checked("unlink", unlink(tree.root + "/cpuinfo"))
            if let content { try writeFile(tree.root + "/cpuinfo", content) }
            let measurement = open(configuration, logged.log)
            let lines = logged.lines()
            #expect(lines.count == 1)
            #expect(lines[0].contains("event=processor_asked"))
            #expect(lines[0].contains("/cpuinfo") && lines[0].contains("the processor itself was asked"))
            #expect(measurement.report.processorRemark?.contains(Processor.maker() ?? "it does not tell") == true)
            let identity = ProcessorIdentity(procfs: tree.root)
            #expect(identity.vendor == ProcessorVendor(maker: Processor.maker()))
        }
    }

    @Test func `several sources are read side by side, and what is missing among them is said`() throws {
        try withPowercapTree(["0": "package-0"]) { tree in
            let logged = try LogBench()
            let missing = open(try configuration(.these([.powercap, .hwmon]), tree.root), logged.log)
            #expect(missing.report.name == "powercap")
            let lines = logged.lines()
            #expect(lines.count == 1)
            #expect(lines[0].hasPrefix("level=warning event=source_fallback"))
            #expect(lines[0].contains("energy is read from powercap only, because hwmon shows no sensor"))
            try addSensor(tree.root)
            let both = open(try configuration(.these([.powercap, .hwmon]), tree.root), logged.log)
            #expect(both.accounts.map(\.domain.tag) == ["package_0", "ina_power1"])
            #expect(logged.lines().isEmpty == true)
        }
    }

    /// Opens what is asked for, and says what was found.
    private func open(_ configuration: Configuration, _ log: Logger) -> Sampling {
        let sampling = Sampling(Sources(configuration))
        SourceMessages.report(sampling.report, log)
        return sampling
    }

    private func configuration(_ source: SourceChoice, _ sysfs: String) throws -> Configuration {
        if sysfs != "/nowhere" { try writeFile(sysfs + "/cpuinfo", "vendor_id\t: GenuineIntel\n") }
        var configuration = Configuration()
        configuration.source = source
        configuration.sysfs = sysfs
        configuration.procfs = sysfs
        return configuration
    }

    /// Adds a chip that tells power.
    private func addSensor(_ root: String) throws {
        let chip = root + "/class/hwmon/hwmon0"
        for path in [root + "/class/hwmon", chip] where access(path, F_OK) != 0 {
            try checked("mkdir", mkdir(path, 0o755))
        }
        try writeFile(chip + "/name", "ina\n")
        try writeFile(chip + "/power1_input", "1000\n")
    }
}
