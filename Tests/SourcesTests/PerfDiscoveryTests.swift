import Counters
import Glibc
import Kernel
import TestSupport
import Testing

@testable import Sources

@Suite struct PerfDiscoveryTests {
    @Test func `a machine without the unit has nothing and refuses nothing`() throws {
        try withTemporaryDirectory { directory in
            let discovery = PerfDiscovery(sysfs: directory, vendor: .intel)
            #expect(discovery.groups.isEmpty)
            #expect(discovery.refused.isEmpty)
        }
    }

    @Test func `a client has one group, its package first`() throws {
        let events = ["energy-cores", "energy-gpu", "energy-pkg", "energy-psys", "energy-ram"]
        try withPerfTree(events: events) { tree in
            let discovery = PerfDiscovery(sysfs: tree.root, vendor: .intel)
            #expect(discovery.refused.isEmpty)
            #expect(discovery.groups.count == 1)
            #expect(discovery.domains.map(\.tag) == ["package_0", "core_0", "uncore_0", "psys_0", "dram_0"])
            #expect(discovery.groups[0].zones.map(\.event.config) == [2, 1, 4, 5, 3])
            #expect(discovery.groups[0].zones[0].event == PerfEvent(type: 25, config: 2, processor: 0))
            #expect(discovery.groups[0].zones[0].name == "power/energy-pkg/cpu0")
        }
    }

    @Test func `two sockets have a group each, and one platform`() throws {
        try withPerfTree(cpumask: "0,18", events: ["energy-pkg", "energy-psys", "energy-ram"]) { tree in
            let discovery = PerfDiscovery(sysfs: tree.root, vendor: .intel)
            #expect(
                discovery.groups.map { $0.zones.map(\.domain.tag) } == [
                    ["package_0", "psys_0", "dram_0"], ["package_1", "dram_1"],
                ])
            #expect(discovery.groups[1].zones.allSatisfy { $0.event.processor == 18 })
            #expect(discovery.refused == [RefusedZone(name: "power/energy-psys/cpu18", reason: .duplicate)])
        }
    }

    @Test func `several processors of one socket count one die each`() throws {
        try withPerfTree(cpumask: "0,8,16", events: ["energy-pkg"]) { tree in
            try tree.addProcessor(0, package: 0, die: 0)
            try tree.addProcessor(8, package: 0, die: 1)
            try tree.addProcessor(16, package: 1, die: 0)
            let discovery = PerfDiscovery(sysfs: tree.root, vendor: .intel)
            #expect(discovery.domains.map(\.tag) == ["package_0_die_0", "package_0_die_1", "package_1"])
            #expect(discovery.refused.isEmpty)
        }
    }

    @Test func `processors of one socket whose dies nobody tells repeat one counter`() throws {
        try withPerfTree(cpumask: "") { tree in
            try tree.set("cpumask", to: "0,8\n")
            try tree.addProcessor(0, package: 0, die: nil)
            try tree.addProcessor(8, package: 0, die: nil)
            let discovery = PerfDiscovery(sysfs: tree.root, vendor: .intel)
            #expect(discovery.domains.map(\.tag) == ["package_0", "dram_0"])
            #expect(
                discovery.refused == [
                    RefusedZone(name: "power/energy-pkg/cpu8", reason: .duplicate),
                    RefusedZone(name: "power/energy-ram/cpu8", reason: .duplicate),
                ])
        }
    }

    @Test func `cores under AMD are the leading core alone`() throws {
        try withPerfTree(events: ["energy-cores", "energy-pkg"]) { tree in
            #expect(PerfDiscovery(sysfs: tree.root, vendor: .amd).domains.map(\.kind) == [.package, .leadCore])
            #expect(PerfDiscovery(sysfs: tree.root, vendor: .intel).domains.map(\.kind) == [.package, .core])
        }
    }

    @Test(arguments: [
        ("energy-ram.scale", "1.52587890625e-05\n", "energy-ram.scale is \"1.52587890625e-05\""),
        ("energy-ram.scale", "\n", "energy-ram.scale is \"\""),
        ("energy-ram.unit", "Watts\n", "energy-ram.unit is \"Watts\""),
        ("energy-ram", "event=0x100\n", "energy-ram is \"event=0x100\""),
        ("energy-ram", "config=0x03\n", "energy-ram is \"config=0x03\""),
    ])
    func `an event that counts something else is refused with what it shows`(
        attribute: String, content: String, reason: String
    ) throws {
        try withPerfTree { tree in
            try tree.set("events/\(attribute)", to: content)
            let discovery = PerfDiscovery(sysfs: tree.root, vendor: .intel)
            #expect(discovery.domains.map(\.tag) == ["package_0"])
            #expect(discovery.refused == [RefusedZone(name: "power/energy-ram", reason: .badAttribute(reason))])
        }
    }

    @Test func `an event without a scale or with a new name is refused`() throws {
        try withPerfTree(events: ["energy-pkg", "energy-ram", "energy-npu"]) { tree in
            try tree.remove("events/energy-ram.scale")
            let discovery = PerfDiscovery(sysfs: tree.root, vendor: .intel)
            #expect(discovery.domains.map(\.tag) == ["package_0"])
            #expect(
                discovery.refused == [
                    RefusedZone(name: "power/energy-npu", reason: .unknownName("energy-npu")),
                    RefusedZone(
                        name: "power/energy-ram",
                        reason: .badAttribute("energy-ram.scale: \(ErrorCode.notFound)")),
                ])
        }
    }

    @Test(arguments: ["", "0-", "a", "-1", "3-1", "0,,1", "0-4294967295", "0-200", "0:1"])
    func `a mask that is no list of processors is refused with what it shows`(mask: String) throws {
        try withPerfTree { tree in
            try tree.set("cpumask", to: mask + "\n")
            let discovery = PerfDiscovery(sysfs: tree.root, vendor: .intel)
            #expect(discovery.groups.isEmpty)
            #expect(discovery.refused == [RefusedZone(name: "power", reason: .badAttribute("cpumask is \"\(mask)\""))])
        }
    }

    @Test func `a mask may have ranges`() throws {
        try withPerfTree { tree in
            try tree.set("cpumask", to: "0-1,4\n")
            for processor in [0, 1, 4] { try tree.addProcessor(processor, package: processor) }
            #expect(
                PerfDiscovery(sysfs: tree.root, vendor: .intel).groups.map { $0.zones[0].event.processor } == [0, 1, 4])
        }
    }

    @Test func `a processor that nobody can place is refused, the others count`() throws {
        try withPerfTree(cpumask: "0,18") { tree in
            try writeFile(tree.root + "/devices/system/cpu/cpu18/topology/physical_package_id", "-1\n")
            let discovery = PerfDiscovery(sysfs: tree.root, vendor: .intel)
            #expect(discovery.domains.map(\.tag) == ["package_0", "dram_0"])
            #expect(
                discovery.refused == [
                    RefusedZone(name: "power/cpu18", reason: .badAttribute("physical_package_id is \"-1\""))
                ])
        }
    }

    @Test func `a unit without a number is refused`() throws {
        try withPerfTree { tree in
            try tree.set("type", to: "\n")
            let discovery = PerfDiscovery(sysfs: tree.root, vendor: .intel)
            #expect(discovery.groups.isEmpty)
            #expect(discovery.refused == [RefusedZone(name: "power", reason: .badAttribute("type is \"\""))])
        }
    }

    @Test func `there is room for so many counters and no more`() throws {
        let processors = (0..<70).map { "\($0)" }.joined(separator: ",")
        try withPerfTree(cpumask: processors) { tree in
            let discovery = PerfDiscovery(sysfs: tree.root, vendor: .intel)
            #expect(discovery.domains.count == PerfSource.capacity)
            #expect(discovery.groups.count == 64)
            #expect(discovery.refused.count == 12)
            #expect(discovery.refused.allSatisfy { $0.reason == .tooMany })
        }
    }
}
