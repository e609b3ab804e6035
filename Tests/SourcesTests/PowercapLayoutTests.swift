import Counters
import TestSupport
import Testing

@testable import Sources

/// Layouts of zones that drivers/powercap in the kernel's source allows, and that not every machine has.
@Suite struct PowercapLayoutTests {
    /// `powercap_register_zone` names zones by "%s:%x".
    @Test func `more than ten zones have hexadecimal numbers, and all are counted`() throws {
        try withPowercapTree { tree in
            for socket in 0..<20 {
                let number = String(socket, radix: 16)
                try tree.add(number, "package-\(socket)")
                try tree.add("\(number):0", "dram")
            }
            let discovery = discover(tree)
            #expect(discovery.zones.map(\.domain.tag) == (0..<20).flatMap { ["package_\($0)", "dram_\($0)"] })
            #expect(discovery.zones[20].name == "intel-rapl:a")
            #expect(discovery.refused == [])
        }
    }

    /// intel_rapl_common.c calls the platform of package 0 `psys` and that of package N `psys-N`: where several sockets share one
    /// platform, only the master package has it, which can be any.
    @Test func `the platform of another package than the first has its number`() throws {
        try withPowercapTree(["0": "package-0", "1": "package-1", "2": "psys-1"]) { tree in
            let zone = try #require(discover(tree).zones.last)
            #expect(zone.domain == Domain(kind: .psys, socket: 1))
            #expect(zone.identity == "powercap/intel-rapl/psys/psys_1")
            #expect(zone.domain.package == nil)
        }
    }

    @Test func `platforms of both kinds of names are told apart`() throws {
        try withPowercapTree(["0": "psys-1", "1": "psys", "2": "psys"]) { tree in
            #expect(discover(tree).zones.map(\.domain.tag) == ["psys_1", "psys_0", "psys_2"])
        }
    }

    /// `powercap_register_zone` asks for no name that nobody else has. Those that show one counter are found by their readings.
    @Test func `packages of one name are told apart, and each has its own parts`() throws {
        try withPowercapTree { tree in
            for number in ["0", "1", "2"] {
                try tree.add(number, "package-1")
                try tree.add("\(number):0", "dram")
            }
            let discovery = discover(tree)
            #expect(
                discovery.zones.map { "\($0.name) \($0.domain.tag)" } == [
                    "intel-rapl:0 package_1", "intel-rapl:0:0 dram_1", "intel-rapl:1 package_1_die_1",
                    "intel-rapl:1:0 dram_1_die_1", "intel-rapl:2 package_1_die_2", "intel-rapl:2:0 dram_1_die_2",
                ])
            #expect(discovery.zones.allSatisfy { $0.domain.package == 1 })
            #expect(Set(discovery.zones.map(\.identity)).count == 6)
            #expect(discovery.refused == [])
        }
    }

    /// Of several dies each has its number, and a second of one name the next that is free.
    @Test func `dies of one name are told apart`() throws {
        try withPowercapTree([
            "0": "package-0-die-0", "1": "package-0-die-1", "2": "package-0-die-0", "2:0": "core",
        ]) { tree in
            #expect(
                discover(tree).zones.map(\.domain.tag) == [
                    "package_0_die_0", "package_0_die_1", "package_0_die_2", "core_0_die_2",
                ])
        }
    }

    @Test func `zones of other control types are counted under their own names`() throws {
        try withPowercapTree(["0": "package-0"]) { tree in
            try tree.add("0", "SoC", controlType: "arm-scmi")
            try tree.add("0:0", "Big CPU", controlType: "arm-scmi")
            try tree.add("0", "package-0", controlType: "vendor-caps")
            let discovery = discover(tree)
            #expect(
                discovery.zones.map { "\($0.name) \($0.domain.tag)" } == [
                    "intel-rapl:0 package_0", "arm-scmi:0 arm_scmi_soc", "arm-scmi:0:0 arm_scmi_soc_big_cpu",
                    "vendor-caps:0 vendor_caps_package_0",
                ])
            #expect(discovery.zones.dropFirst().allSatisfy { $0.domain.kind == .zone && $0.domain.package == nil })
            #expect(discovery.zones[2].identity == "powercap/arm-scmi/zone/SoC/Big CPU")
            #expect(discovery.refused == [])
        }
    }

    @Test func `zones that repeat a name are told apart`() throws {
        try withPowercapTree { tree in
            for number in ["0", "1", "2"] { try tree.add(number, "cluster", controlType: "dtpm") }
            let zones = discover(tree).zones
            #expect(zones.map(\.domain.tag) == ["dtpm_cluster", "dtpm_cluster_2", "dtpm_cluster_3"])
            #expect(Set(zones.map(\.identity)).count == 3)
        }
    }

    @Test(arguments: [("package", "0"), ("core", "3"), ("psys", "1"), ("lead_core", "0"), ("dram", "0-die-1")])
    func `no zone's name can be taken for a part of the processor`(controlType: String, name: String) throws {
        try withPowercapTree { tree in
            try tree.add("0", name, controlType: controlType)
            let tags = discover(tree).zones.map(\.domain.tag)
            #expect(tags.count == 1)
            #expect(!tags.contains(where: Domain.isProcessorTag))
        }
    }

    /// `power_uw` alone is enough to register a zone (powercap_sys.c), as arm_scmi_powercap.c and dtpm.c do.
    @Test(arguments: ["arm-scmi", "dtpm", "vendor-caps"])
    func `a zone without energy is refused with its reason`(controlType: String) throws {
        try withPowercapTree(["0": "package-0"]) { tree in
            for number in ["0", "0:0"] {
                try tree.add(number, "SoC", controlType: controlType)
                try tree.remove("energy_uj", of: "\(controlType):\(number)")
                try tree.set("power_uw", of: "\(controlType):\(number)", to: "5000000\n")
            }
            let discovery = discover(tree)
            #expect(discovery.zones.map(\.name) == ["intel-rapl:0"])
            #expect(discovery.refused.map(\.name) == ["\(controlType):0", "\(controlType):0:0"])
            #expect(discovery.refused.allSatisfy { $0.reason == .noEnergy(showsPower: true) })
            #expect(discovery.refused.map(\.report.reason) == Array(repeating: "shows no energy, only power", count: 2))
        }
    }

    /// `max_energy_range_uj` is optional.
    @Test func `a zone that shows nothing is refused, and one without a range does not start again`() throws {
        try withPowercapTree { tree in
            try tree.add("0", "power only", controlType: "arm-scmi")
            try tree.remove("energy_uj", of: "arm-scmi:0")
            try tree.add("1", "no range", controlType: "arm-scmi")
            try tree.remove("max_energy_range_uj", of: "arm-scmi:1")
            try tree.add("2", "endless", controlType: "arm-scmi")
            try tree.set("max_energy_range_uj", of: "arm-scmi:2", to: "18446744073709551615\n")
            try tree.add("3", "short", controlType: "arm-scmi")
            try tree.set("max_energy_range_uj", of: "arm-scmi:3", to: "999999\n")
            let discovery = discover(tree)
            #expect(discovery.zones.map(\.name) == ["arm-scmi:1", "arm-scmi:2", "arm-scmi:3"])
            #expect(discovery.zones.map(\.modulus) == [CounterFacts.neverWraps, CounterFacts.neverWraps, 1_000_000])
            #expect(discovery.refused == [RefusedZone(name: "arm-scmi:0", reason: .noEnergy(showsPower: false))])
        }
    }

    @Test(arguments: ["intel-rapl:x", "intel-rapl:0:0:0", "intel-rapl-new:0", "other:"])
    func `whatever shows energy is counted or refused, whatever it is called`(entry: String) throws {
        try withPowercapTree(["0": "package-0"]) { tree in
            try tree.add("0:0", "core")
            let parts = entry.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            try tree.addStranger(entry, controlType: String(parts[0]), name: "something")
            let discovery = discover(tree)
            let names = discovery.zones.map(\.name) + discovery.refused.map(\.name)
            #expect(names.filter { $0 == entry } == [entry])
            #expect(discovery.refused.allSatisfy { !$0.reason.description.isEmpty })
        }
    }

    /// A machine of 40 sockets has more zones than there is room for.
    @Test func `parts give way to what they lie in`() throws {
        try withPowercapTree { tree in
            for socket in 0..<100 {
                let number = String(socket, radix: 16)
                try tree.add(number, "package-\(socket)")
                try tree.add("\(number):0", "dram")
            }
            let discovery = discover(tree)
            #expect(discovery.zones.count == PowercapSource.capacity)
            #expect(discovery.zones.count { $0.domain.kind == .package } == 100)
            #expect(discovery.refused.count == 200 - PowercapSource.capacity)
            #expect(discovery.refused.allSatisfy { $0.reason == .tooMany && $0.domain?.kind == .dram })
        }
    }

    /// The right to open them was given up since; once they were refused when another zone was looked for.
    @Test func `what is read already needs no right to be found again`() throws {
        try withPowercapTree(["0": "package-0", "1": "package-1"]) { tree in
            let facts = discover(tree).zones.map(\.facts)
            for entry in ["intel-rapl:0", "intel-rapl:1"] { try tree.forbid(entry) }
            try withoutPrivileges {
                let again = PowercapDiscovery(
                    sysfs: tree.root, vendor: .intel, known: KnownCounters(facts, lost: [1]))
                #expect(again.zones.map(\.name) == ["intel-rapl:0"])
                #expect(again.refused.map(\.reason) == [.permissionDenied])
            }
        }
    }

    @Test func `a zone keeps its name in a run, whoever comes before it`() throws {
        try withPowercapTree { tree in
            try tree.add("1", "a b", controlType: "x")
            let first = discover(tree).zones.map(\.facts)
            try tree.add("0", "a-b", controlType: "x")
            let again = PowercapDiscovery(sysfs: tree.root, vendor: .intel, known: KnownCounters(first)).zones
            #expect(again.map { "\($0.name) \($0.domain.tag)" } == ["x:0 x_a_b_2", "x:1 x_a_b"])
        }
    }

    private func discover(_ tree: PowercapTree) -> PowercapDiscovery {
        PowercapDiscovery(sysfs: tree.root, vendor: .intel)
    }
}
