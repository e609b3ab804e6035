import Glibc
import TestSupport
import Testing

@testable import Energy
@testable import Exporter
@testable import Kernel

/// Which source is chosen, and what is said of those that are not.
@Suite struct MeasurementTests {
    @Test func `powercap is first, and nothing is said of the others`() throws {
        try withPowercapTree(["0": "package-0"]) { tree in
            try addSensor(tree.root)
            let logged = try LogBench()
            let measurement = Measurement.open(configuration(.auto, tree.root), logged.log)
            #expect(measurement.sourceName == "powercap")
            #expect(measurement.isUp == true)
            #expect(measurement.zones.map(\.zone) == ["intel-rapl:0"])
            #expect(logged.lines().isEmpty == true)
        }
    }

    @Test func `where there is no RAPL hwmon is read, and the log says why`() throws {
        try withPowercapTree { tree in
            try addSensor(tree.root)
            let logged = try LogBench()
            let measurement = Measurement.open(configuration(.auto, tree.root), logged.log)
            #expect(measurement.sourceName == "hwmon")
            #expect(measurement.isUp == true)
            #expect(measurement.isEstimated == true)
            #expect(measurement.sampler.accounts.map(\.domain.tag) == ["ina_power1"])
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
            let measurement = try withoutPrivileges {
                Measurement.open(configuration(.powercap, tree.root), logged.log)
            }
            #expect(measurement.sourceName == "powercap")
            #expect(measurement.isUp == false)
            #expect(measurement.zones.map(\.role) == [.unreadable])
            let lines = logged.lines()
            #expect(lines.count == 2)
            #expect(lines[0].contains("event=zone_unreadable"))
            #expect(lines[1].hasPrefix("level=error event=no_source"))
            for line in lines { #expect(line.contains("CAP_DAC_READ_SEARCH")) }
        }
    }

    @Test(arguments: [SourceChoice.powercap, .perf, .hwmon])
    func `a source that was asked for and is not there is not replaced`(choice: SourceChoice) throws {
        try withTemporaryDirectory { directory in
            if choice != .hwmon {
                for path in ["class", "class/hwmon", "devices"] {
                    try checked("mkdir", mkdir("\(directory)/\(path)", 0o755))
                }
                try addSensor(directory)
            }
            let logged = try LogBench()
            let measurement = Measurement.open(configuration(choice, directory), logged.log)
            #expect(measurement.sourceName == choice.rawValue)
            #expect(measurement.isUp == false)
            #expect(measurement.sampler.accounts.isEmpty == true)
            let lines = logged.lines()
            #expect(lines.count == 1)
            #expect(lines[0].hasPrefix("level=error event=no_source"))
        }
    }

    @Test func `without any source the log names what each of them lacks`() throws {
        try withTemporaryDirectory { directory in
            let logged = try LogBench()
            let measurement = Measurement.open(configuration(.auto, directory), logged.log)
            #expect(measurement.isUp == false)
            #expect(measurement.sourceName == "powercap")
            let lines = logged.lines()
            #expect(lines.count == 1)
            for text in ["modprobe intel_rapl_msr", "'power' unit", "hwmon shows no sensor", "--source simulated"] {
                #expect(lines[0].contains(text))
            }
        }
    }

    @Test func `the simulated machine says that it is none`() throws {
        let logged = try LogBench()
        let measurement = Measurement.open(configuration(.simulated, "/nowhere"), logged.log)
        #expect(measurement.isSimulated == true)
        #expect(measurement.zones.map(\.role) == Array(repeating: .counted, count: 5))
        let lines = logged.lines()
        #expect(lines.count == 1)
        #expect(lines[0].hasPrefix("level=warning event=simulated_source"))
        #expect(lines[0].contains("SIMULATED"))
    }

    @Test func `the processor's maker is asked under the root that was named`() throws {
        try withTemporaryDirectory { directory in
            var configuration = Configuration()
            configuration.procfs = directory
            #expect(SourceAttempts.vendor(configuration) == .unknown)
            try writeFile(directory + "/cpuinfo", "processor\t: 0\nvendor_id\t: AuthenticAMD\n")
            #expect(SourceAttempts.vendor(configuration) == .amd)
        }
    }

    private func configuration(_ source: SourceChoice, _ sysfs: String) -> Configuration {
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
