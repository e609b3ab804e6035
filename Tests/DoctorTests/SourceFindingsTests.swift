import Counters
import Glibc
import TestSupport
import Testing

@testable import Doctor
@testable import Kernel
@testable import Sources

/// What `doctor` says of the sources, one after the other.
@Suite struct SourceFindingsTests {
    @Test func `counters that can be read are named`() throws {
        try withPowercapTree(["0": "package-0", "0:0": "dram"]) { tree in
            let findings = try powercap(tree, hardware)
            #expect(
                findings == [
                    Finding(
                        .ok, .powercap,
                        "2 energy counters under \(tree.root)/class/powercap can be read: package_0, dram_0.")
                ])
        }
    }

    @Test func `a duplicate and a zone of another kind are notes`() throws {
        try withPowercapTree(["0": "package-0", "1": "gpu"]) { tree in
            try tree.add("0", "package-0", controlType: "intel-rapl-mmio")
            let findings = try powercap(tree, hardware)
            #expect(findings.map(\.status) == [.ok, .note, .note])
            #expect(findings[1].sentence.contains("intel-rapl:1 is not counted: its name 'gpu'"))
            #expect(findings[2].sentence.contains("intel-rapl-mmio:0 (package_0) repeats a counter"))
        }
    }

    @Test func `who may not read is told by whom the file is owned, and what helps`() throws {
        try withPowercapTree(["0": "package-0"]) { tree in
            try tree.forbid("intel-rapl:0")
            let findings = try withoutPrivileges { try powercap(tree, hardware) }
            #expect(findings.map(\.status) == [.problem])
            let user = Account.userName(isPrivileged ? 65_534 : Account.user) ?? ""
            #expect(
                findings[0].sentence.contains(
                    "1 energy counter may not be read (intel-rapl:0): energy_uj has mode 0000,")
            )
            #expect(findings[0].sentence.contains("this is user \(user);"))
            #expect(findings[0].remedy?.contains("CAP_DAC_READ_SEARCH") == true)
        }
    }

    @Test(.enabled(if: isPrivileged, "only root can give files to a group that it is not in"))
    func `a counter that a group may read is read by joining it`() throws {
        try withPowercapTree(["0": "package-0"]) { tree in
            try tree.forbid("intel-rapl:0")
            let counter = tree.root + "/class/powercap/intel-rapl:0/energy_uj"
            try checked("chown", chown(counter, 0, 54_321))
            try checked("chmod", chmod(counter, 0o440))
            let remedy = try withoutPrivileges { try powercap(tree, hardware)[0].remedy }
            #expect(remedy?.hasPrefix("sudo usermod --append --groups 54321 ") == true)
        }
    }

    @Test func `where the rule is installed udev is to apply it`() throws {
        try withPowercapTree(["0": "package-0"]) { tree in
            try tree.forbid("intel-rapl:0")
            try writeFile(tree.root + "/60-pyjoules-exporter.rules", "")
            let remedy = try withoutPrivileges { try powercap(tree, hardware)[0].remedy }
            #expect(remedy?.contains("udevadm trigger --action=add --subsystem-match=powercap") == true)
        }
    }

    @Test(arguments: [(false, Finding.Status.problem), (true, .note)])
    func `who may read is told that the service may not`(serviceIsChanged: Bool, status: Finding.Status) throws {
        try withPowercapTree(["0": "package-0"]) { tree in
            try writeFile(tree.root + "/60-pyjoules-exporter.rules", "")
            var check = PowercapCheck(
                sysfs: tree.root, machine: try machine(hardware), isNeeded: true, serviceIsChanged: serviceIsChanged)
            check.ruleDirectories = [tree.root]
            let findings = check.findings(PowercapDiscovery(sysfs: tree.root, vendor: .intel))
            #expect(findings.map(\.status) == [.ok, status])
            #expect(findings[1].sentence.contains("its group pyjoules may not: energy_uj has mode 0644, owner "))
            #expect(findings[1].remedy?.contains("udevadm trigger") == true)
        }
    }

    @Test func `one counter that may not be read among others is a problem`() throws {
        try withPowercapTree(["0": "package-0", "0:0": "dram"]) { tree in
            try tree.forbid("intel-rapl:0:0")
            let findings = try withoutPrivileges { try powercap(tree, hardware, isNeeded: false) }
            #expect(findings.map(\.status) == [.ok, .problem])
        }
    }

    @Test func `counters that a container engine hides are mounted elsewhere`() throws {
        try withPowercapTree { tree in
            try tree.addDanglingEntry("intel-rapl:0")
            let findings = try powercap(tree, hardware)
            #expect(findings.count == 1)
            #expect(findings[0].status == .problem)
            #expect(findings[0].sentence.hasPrefix("1 energy counter under \(tree.root)/class/powercap is hidden"))
            #expect(findings[0].remedy?.contains("--path.sysfs /host/sys") == true)
            // One among others that can be read is told by itself.
            try tree.add("1", "package-1")
            #expect(try powercap(tree, hardware).map(\.status) == [.ok, .note])
        }
    }

    @Test func `without a counter the driver is to be loaded`() throws {
        try withPowercapTree { tree in
            let findings = try powercap(tree, hardware)
            #expect(findings.map(\.remedy) == ["sudo modprobe intel_rapl_msr"])
            #expect(findings.map(\.status) == [.problem])
            #expect(try powercap(tree, hardware, isNeeded: false).map(\.status) == [.note])
            try makeDirectories("module/intel_rapl_msr", in: tree.root)
            #expect(try powercap(tree, hardware).map(\.remedy) == ["install a newer kernel"])
        }
    }

    @Test func `a counter that is there and cannot be used is told as it is, and no driver is asked for`() throws {
        try withPowercapTree(["0": "package-0"]) { tree in
            try tree.set("max_energy_range_uj", of: "intel-rapl:0", to: "0\n")
            let findings = try powercap(tree, hardware)
            #expect(findings.map(\.status) == [.problem, .note])
            #expect(findings.map(\.remedy) == [nil, nil])
            #expect(findings[1].sentence.contains("max_energy_range_uj is \"0\""))
        }
    }

    @Test func `without the framework a kernel with it is needed`() throws {
        try withTemporaryDirectory { directory in
            let check = PowercapCheck(sysfs: directory, machine: try machine(hardware), isNeeded: true)
            let findings = check.findings(PowercapDiscovery(sysfs: directory, vendor: .intel))
            #expect(findings.count == 1)
            #expect(findings[0].remedy?.contains("CONFIG_POWERCAP") == true)
        }
    }

    @Test(arguments: [
        ("vendor_id\t: GenuineIntel\nflags\t: hypervisor\n", "only its host has them"),
        ("CPU implementer\t: 0x41\n", "ARM"),
    ])
    func `where there can be none no driver is asked for`(cpuinfo: String, words: String) throws {
        try withPowercapTree { tree in
            let findings = try powercap(tree, cpuinfo)
            #expect(findings.count == 1)
            #expect(findings[0].sentence.contains(words))
            #expect(findings[0].remedy?.contains("modprobe") != true)
        }
    }

    @Test func `perf events that can be counted are named, with what that takes`() throws {
        let findings = try perf(paranoid: "1", opening: nil)
        #expect(
            findings.map(\.sentence) == [
                "2 energy events of the kernel's power unit can be counted: package_0, dram_0.",
                "Counting a whole processor takes CAP_PERFMON, as kernel.perf_event_paranoid is 1.",
            ])
        #expect(findings.allSatisfy { $0.status == .ok })
    }

    @Test(arguments: [("3", "CAP_SYS_ADMIN"), ("2", "CAP_PERFMON"), ("0", "seccomp")])
    func `perf events that may not be counted say what the setting asks for`(paranoid: String, words: String) throws {
        let findings = try perf(paranoid: paranoid, opening: .permissionDenied)
        #expect(findings[0].status == .problem)
        #expect(findings[0].sentence.contains("kernel.perf_event_paranoid is \(paranoid)"))
        #expect(findings[0].remedy?.contains(words) == true)
    }

    @Test func `perf events that fail are told with the error`() throws {
        let findings = try perf(paranoid: "0", opening: .notFound)
        #expect(findings[0].sentence.contains("power/energy-pkg/cpu0 cannot be counted: perf_event_open"))
    }

    @Test func `a perf event that fails takes nothing from the others`() throws {
        // The event of memory is the only one that can be opened.
        let findings = try perf(paranoid: "0", opening: .invalidArgument, except: 3)
        #expect(findings.map(\.status) == [.ok, .note, .ok])
        #expect(findings[0].sentence == "1 energy event of the kernel's power unit can be counted: dram_0.")
        #expect(findings[1].sentence.hasPrefix("power/energy-pkg/cpu0 is not counted: "))
    }

    @Test func `without perf events the module is to be loaded, where it can help`() throws {
        try withTemporaryDirectory { directory in
            let discovery = PerfDiscovery(sysfs: directory, vendor: .intel)
            let onHardware = PerfCheck(procfs: directory, machine: try machine(hardware), isNeeded: false)
            #expect(onHardware.findings(discovery, nil, refused: []).map(\.remedy) == ["sudo modprobe rapl"])
            #expect(onHardware.findings(discovery, nil, refused: []).map(\.status) == [.note])
            let virtual = PerfCheck(procfs: directory, machine: try machine("flags\t: hypervisor\n"), isNeeded: true)
            #expect(virtual.findings(discovery, nil, refused: []).map(\.remedy) == [nil])
            #expect(virtual.findings(discovery, nil, refused: []).map(\.status) == [.problem])
        }
    }

    @Test func `sensors are named, and those of power are estimates`() throws {
        try withHwmonTree { tree in
            try tree.add(0, "ina", ["power1_input": "1000\n"])
            try tree.add(1, "amd_energy", ["energy1_input": "1000\n", "energy1_label": "Esocket0\n"])
            let findings = HwmonCheck(place: Surroundings(), isNeeded: true).findings(HwmonDiscovery(sysfs: tree.root))
            #expect(findings.map(\.status) == [.ok, .note])
            #expect(
                findings[0].sentence == "2 sensors of energy or power can be read: ina_power1, amd_energy_esocket0.")
            #expect(findings[1].sentence.hasPrefix("ina_power1 tells power and no energy"))
        }
    }

    @Test func `no sensor is a problem only if one was asked for`() throws {
        try withHwmonTree { tree in
            let discovery = HwmonDiscovery(sysfs: tree.root)
            #expect(HwmonCheck(place: Surroundings(), isNeeded: false).findings(discovery).map(\.status) == [.note])
            #expect(HwmonCheck(place: Surroundings(), isNeeded: true).findings(discovery).map(\.status) == [.problem])
        }
    }

    @Test func `a sensor that may not be read or makes no sense is told`() throws {
        try withHwmonTree { tree in
            try tree.add(0, "ina", ["power1_input": "watt\n", "power2_input": "1\n"])
            try checked("chmod", chmod(tree.root + "/class/hwmon/hwmon0/power2_input", 0))
            let findings = try withoutPrivileges {
                HwmonCheck(place: Surroundings(), isNeeded: true).findings(HwmonDiscovery(sysfs: tree.root))
            }
            #expect(findings.map(\.status) == [.note, .problem])
            #expect(findings[0].sentence.contains("power1_input is \"watt\""))
            #expect(findings[1].sentence == "hwmon0/power2_input may not be read.")
        }
    }

    @Test func `a battery is told of, and is no problem`() throws {
        try withHwmonTree { tree in
            try tree.add(0, "BAT0", of: "PNP0C0A:00/power_supply/BAT0", ["power1_input": "60000000\n"])
            let findings = HwmonCheck(place: Surroundings(), isNeeded: false).findings(HwmonDiscovery(sysfs: tree.root))
            #expect(findings.map(\.status) == [.note])
            #expect(
                findings[0].sentence
                    == "hwmon0/power1_input is not counted: battery: what charges it is not use.")
        }
    }

    private let hardware = "vendor_id\t: GenuineIntel\nmodel name\t: Intel(R) Core(TM) i7\nflags\t: fpu\n"

    private func machine(_ cpuinfo: String) throws -> Machine {
        var result: Machine?
        try withMachine(cpuinfo: cpuinfo) { machine in result = machine }
        return try #require(result)
    }

    private func powercap(_ tree: PowercapTree, _ cpuinfo: String, isNeeded: Bool = true) throws -> [Finding] {
        var check = PowercapCheck(sysfs: tree.root, machine: try machine(cpuinfo), isNeeded: isNeeded)
        check.ruleDirectories = [tree.root]
        return check.findings(PowercapDiscovery(sysfs: tree.root, vendor: .intel))
    }

    /// A unit with two events, which are opened, or refused with an error.
    private func perf(paranoid: String, opening code: ErrorCode?, except: UInt64? = nil) throws -> [Finding] {
        var findings: [Finding] = []
        try withPerfTree { tree in
            try makeDirectories("sys/kernel", in: tree.root)
            try writeFile(tree.root + "/sys/kernel/perf_event_paranoid", paranoid + "\n")
            let open = { (event: PerfEvent) throws(SystemError) in
                if let code, event.config != except { throw SystemError(call: "perf_event_open", code: code) }
                return try FileDescriptor.open(reading: "/proc/version")
            }
            let calls = PerfCalls(
                open: { (event) throws(SystemError) in try open(event) },
                join: { (event, _) throws(SystemError) in try open(event) })
            let check = PerfCheck(procfs: tree.root, machine: try machine(hardware), isNeeded: true)
            var report = Sources.reading(.hwmon, tree.root).report
            report.completeSurvey(SystemRoots(sysfs: tree.root, procfs: tree.root, vendor: .intel), perfCalls: calls)
            findings = check.findings(
                try #require(report.perf), report.perfError, refused: report.refused(.perf))
        }
        return findings
    }
}
