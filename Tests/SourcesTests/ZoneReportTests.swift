import Counters
import Kernel
import TestSupport
import Testing

@testable import Sources

@Suite struct ZoneReportTests {
    @Test func `of a laptop every zone is counted, in the order of the domains`() throws {
        let zones: KeyValuePairs = [
            "0": "package-0", "0:0": "core", "0:1": "uncore", "0:2": "dram", "1": "psys",
        ]
        try withPowercapTree(zones) { tree in
            try tree.setLimit(0, of: "intel-rapl:0", name: "long_term", microwatts: 28_000_000)
            let sources = open(.powercap, tree.root)
            #expect(
                lines(sources.zones) == [
                    "intel-rapl:0 package_0 counted ", "intel-rapl:0:0 core_0 counted ",
                    "intel-rapl:0:1 uncore_0 counted ", "intel-rapl:0:2 dram_0 counted ",
                    "intel-rapl:1 psys_0 counted ",
                ])
            let domains = (sources.zones.map(\.domain), sources.counters.map(\.domain))
            #expect(domains.0 == domains.1)
            let limits = sources.zones.map(\.limits.count)
            #expect(limits == [1, 0, 0, 0, 0])
        }
    }

    @Test func `AMD's core zone is one core`() throws {
        try withPowercapTree(["0": "package-0", "0:0": "core", "1": "package-1", "1:0": "core"]) { tree in
            let sources = open(.powercap, tree.root, .amd)
            #expect(
                lines(sources.zones) == [
                    "intel-rapl:0 package_0 counted ", "intel-rapl:0:0 core_0 lead-core ",
                    "intel-rapl:1 package_1 counted ", "intel-rapl:1:0 core_1 lead-core ",
                ])
        }
    }

    @Test func `a package that is repeated is a duplicate, and says what it repeats`() throws {
        try withPowercapTree(["0": "package-0", "0:0": "core"]) { tree in
            try tree.add("0", "package-0", controlType: "intel-rapl-mmio")
            try tree.setLimit(0, of: "intel-rapl-mmio:0", name: "long_term", microwatts: 15_000_000)
            let reports = open(.powercap, tree.root).zones
            #expect(
                lines(reports) == [
                    "intel-rapl:0 package_0 counted ", "intel-rapl:0:0 core_0 counted ",
                    "intel-rapl-mmio:0 package_0 duplicate repeats a counter that is counted already",
                ])
        }
    }

    @Test func `what cannot be counted is there, with the reason`() throws {
        try withPowercapTree(["0": "package-0", "0:0": "core", "1": "gpu", "2": "package-1"]) { tree in
            try tree.forbid("intel-rapl:0")
            try tree.set("max_energy_range_uj", of: "intel-rapl:0:0", to: "0\n")
            try tree.remove("energy_uj", of: "intel-rapl:2")
            let reports = try withoutPrivileges { open(.powercap, tree.root).zones }
            #expect(
                lines(reports) == [
                    "intel-rapl:0 package_0 unreadable permission denied",
                    "intel-rapl:0:0 core_0 unreadable max_energy_range_uj is \"0\"",
                    "intel-rapl:1 - unreadable its name 'gpu' is none that RAPL uses",
                    "intel-rapl:2 package_1 unreadable No such file or directory",
                ])
        }
    }

    @Test func `zones that are counted come first, whatever their numbers are`() throws {
        try withPowercapTree(["0": "nothing", "1": "package-0"]) { tree in
            let reports = open(.powercap, tree.root).zones
            #expect(reports.map(\.zone) == ["intel-rapl:1", "intel-rapl:0"])
        }
    }

    @Test func `more zones than there is room for are there too`() throws {
        let report = RefusedZone(name: "intel-rapl:128", domain: nil, reason: .tooMany).report
        #expect(lines([report]) == ["intel-rapl:128 - unreadable more than 128 of its kind"])
    }

    @Test func `perf's events have roles as well`() throws {
        try withPerfTree(events: ["energy-pkg", "energy-cores", "energy-new"]) { tree in
            let reports = open(.perf, tree.root, .amd).zones
            #expect(
                lines(reports) == [
                    "power/energy-pkg/cpu0 package_0 counted ", "power/energy-cores/cpu0 core_0 lead-core ",
                    "power/energy-new - unreadable its name 'energy-new' is none that RAPL uses",
                ])
        }
    }

    @Test func `hwmon's power beside energy is a duplicate`() throws {
        try withHwmonTree { tree in
            try tree.add(0, "ina", ["energy1_input": "1\n", "power1_input": "1\n", "power2_input": "none\n"])
            let reports = open(.hwmon, tree.root).zones
            #expect(
                lines(reports) == [
                    "hwmon0/energy1_input ina_energy1 counted ",
                    "hwmon0/power1_input - duplicate repeats a counter that is counted already",
                    "hwmon0/power2_input - unreadable power2_input is \"none\"",
                ])
        }
    }

    /// Opens the counters of one kind; perf's events are files that are never read.
    private func open(_ kind: SourceKind, _ root: String, _ vendor: ProcessorVendor = .intel) -> Sources {
        Sources(
            opening: .these([kind]), SystemRoots(sysfs: root, procfs: root, vendor: vendor), time: .replay,
            perfCalls: PerfCalls(
                open: { (_) throws(SystemError) in try FileDescriptor.open(reading: "/proc/version") },
                join: { (_, _) throws(SystemError) in try FileDescriptor.open(reading: "/proc/version") }))
    }

    private func lines(_ reports: [ZoneReport]) -> [String] {
        reports.map { "\($0.zone) \($0.domain?.tag ?? "-") \($0.role.rawValue) \($0.reason)" }
    }
}
