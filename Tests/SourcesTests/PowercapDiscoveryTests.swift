import Counters
import Kernel
import TestSupport
import Testing

@testable import Sources

@Suite struct PowercapDiscoveryTests {
    private let package = Domain(kind: .package, socket: 0)

    @Test func `a laptop has a package with parts, and a platform`() throws {
        let zones: KeyValuePairs = [
            "0": "package-0", "0:0": "core", "0:1": "uncore", "0:2": "dram", "1": "psys",
        ]
        try withPowercapTree(zones) { tree in
            let discovery = PowercapDiscovery(sysfs: tree.root, vendor: .intel)
            #expect(
                found(discovery) == [
                    "intel-rapl:0 package_0", "intel-rapl:0:0 core_0", "intel-rapl:0:1 uncore_0",
                    "intel-rapl:0:2 dram_0",
                    "intel-rapl:1 psys_0",
                ])
            #expect(discovery.zones.map(\.domain.package) == [0, 0, 0, 0, nil])
            #expect(discovery.refused == [])
            #expect(discovery.zones[2].directory == "\(tree.root)/class/powercap/intel-rapl:0:1")
            #expect(discovery.zones[2].counterPath == "\(tree.root)/class/powercap/intel-rapl:0:1/energy_uj")
        }
    }

    /// The kernel numbers zones in the order of their registration: here the platform came between the packages.
    @Test func `a server's second socket is known by its name and not by its number`() throws {
        let zones: KeyValuePairs = [
            "0": "package-0", "0:0": "dram", "1": "psys", "2": "package-1", "2:0": "dram",
        ]
        try withPowercapTree(zones) { tree in
            #expect(
                found(PowercapDiscovery(sysfs: tree.root, vendor: .intel)) == [
                    "intel-rapl:0 package_0", "intel-rapl:0:0 dram_0", "intel-rapl:1 psys_0", "intel-rapl:2 package_1",
                    "intel-rapl:2:0 dram_1",
                ])
        }
    }

    @Test func `sockets that were registered in reverse keep their names`() throws {
        try withPowercapTree(["0": "package-1", "0:0": "core", "1": "package-0", "1:0": "core"]) { tree in
            #expect(
                found(PowercapDiscovery(sysfs: tree.root, vendor: .intel)) == [
                    "intel-rapl:0 package_1", "intel-rapl:0:0 core_1", "intel-rapl:1 package_0",
                    "intel-rapl:1:0 core_0",
                ])
        }
    }

    @Test func `numbers are ordered as numbers, with parts behind their package`() throws {
        try withPowercapTree { tree in
            for socket in (0...11).reversed() {
                try tree.add("\(socket)", "package-\(socket)")
                try tree.add("\(socket):0", "dram")
            }
            let tags = PowercapDiscovery(sysfs: tree.root, vendor: .intel).zones.map(\.domain.tag)
            #expect(tags == (0...11).flatMap { ["package_\($0)", "dram_\($0)"] })
        }
    }

    @Test func `a package of several dies is counted die by die`() throws {
        let zones: KeyValuePairs = [
            "0": "package-0-die-0", "0:0": "dram", "1": "package-0-die-1", "1:0": "dram", "2": "package-1-die-0",
        ]
        try withPowercapTree(zones) { tree in
            let discovery = PowercapDiscovery(sysfs: tree.root, vendor: .intel)
            #expect(
                discovery.zones.map(\.domain.tag) == [
                    "package_0_die_0", "dram_0_die_0", "package_0_die_1", "dram_0_die_1", "package_1_die_0",
                ])
            #expect(discovery.zones.map(\.domain.package) == [0, 0, 0, 0, 1])
            #expect(discovery.refused == [])
        }
    }

    @Test(
        arguments: [
            (.amd, .leadCore), (.intel, .core), (.unknown, .core),
        ] as [(ProcessorVendor, DomainKind)])
    func `a core zone is one single core on AMD`(vendor: ProcessorVendor, kind: DomainKind) throws {
        try withPowercapTree(["0": "package-0", "0:0": "core"]) { tree in
            let discovery = PowercapDiscovery(sysfs: tree.root, vendor: vendor)
            #expect(discovery.zones.map(\.domain.kind) == [.package, kind])
            #expect(discovery.zones.map(\.domain.tag) == ["package_0", "core_0"])
        }
    }

    @Test func `several platforms are told apart`() throws {
        try withPowercapTree(["0": "psys", "1": "package-0", "2": "psys"]) { tree in
            #expect(
                found(PowercapDiscovery(sysfs: tree.root, vendor: .intel)) == [
                    "intel-rapl:0 psys_0", "intel-rapl:1 package_0", "intel-rapl:2 psys_1",
                ])
        }
    }

    @Test func `a package that another control type repeats is refused there`() throws {
        try withPowercapTree(["0": "package-0", "0:0": "core"]) { tree in
            try tree.add("0", "package-0", controlType: "intel-rapl-mmio")
            let discovery = PowercapDiscovery(sysfs: tree.root, vendor: .intel)
            #expect(found(discovery) == ["intel-rapl:0 package_0", "intel-rapl:0:0 core_0"])
            #expect(discovery.refused == [RefusedZone(name: "intel-rapl-mmio:0", domain: package, reason: .duplicate)])
        }
    }

    @Test func `a package that only another control type shows is counted there`() throws {
        try withPowercapTree(["0": "package-0"], controlType: "intel-rapl-mmio") { tree in
            let discovery = PowercapDiscovery(sysfs: tree.root, vendor: .intel)
            #expect(found(discovery) == ["intel-rapl-mmio:0 package_0"])
            #expect(discovery.refused == [])
        }
    }

    @Test func `a zone that may not be read is refused, and the others are counted`() throws {
        try withPowercapTree(["0": "package-0", "0:0": "core", "0:1": "dram"]) { tree in
            try tree.forbid("intel-rapl:0")
            try tree.forbid("intel-rapl:0:1")
            let discovery = try withoutPrivileges { PowercapDiscovery(sysfs: tree.root, vendor: .intel) }
            #expect(found(discovery) == ["intel-rapl:0:0 core_0"])
            #expect(
                discovery.refused == [
                    RefusedZone(name: "intel-rapl:0", domain: package, reason: .permissionDenied),
                    RefusedZone(
                        name: "intel-rapl:0:1", domain: Domain(kind: .dram, socket: 0), reason: .permissionDenied),
                ])
        }
    }

    @Test func `where the first control type may not be read, the second counts`() throws {
        try withPowercapTree(["0": "package-0"]) { tree in
            try tree.add("0", "package-0", controlType: "intel-rapl-mmio")
            try tree.forbid("intel-rapl:0")
            let discovery = try withoutPrivileges { PowercapDiscovery(sysfs: tree.root, vendor: .intel) }
            #expect(found(discovery) == ["intel-rapl-mmio:0 package_0"])
            #expect(
                discovery.refused == [RefusedZone(name: "intel-rapl:0", domain: package, reason: .permissionDenied)])
        }
    }

    @Test(
        arguments: [
            (262_143_328_850, 61), (65_532_610_987, 15), (4_294_967_295, 1), (99_999_999, 1), (1, 1),
        ] as [(UInt64, UInt64)])
    func `a counter turns over one hardware unit after its range`(range: UInt64, unit: UInt64) throws {
        try withPowercapTree(["0": "package-0"]) { tree in
            try tree.set("max_energy_range_uj", of: "intel-rapl:0", to: "\(range)\n")
            let discovery = PowercapDiscovery(sysfs: tree.root, vendor: .intel)
            #expect(discovery.zones.map(\.modulus) == [range + unit])
        }
    }

    @Test(arguments: [
        "", "\n", "0", "-1", "abc", "12abc", " 5", "5 ", "0x10", "1e9", "9223372036854775807", "18446744073709551615",
        "18446744073709551616",
    ])
    func `a range that makes no sense is named`(content: String) throws {
        try withPowercapTree(["0": "package-0", "0:0": "core"]) { tree in
            try tree.set("max_energy_range_uj", of: "intel-rapl:0", to: content)
            let discovery = PowercapDiscovery(sysfs: tree.root, vendor: .intel)
            let shown = content == "\n" ? "" : content
            #expect(found(discovery) == ["intel-rapl:0:0 core_0"])
            #expect(
                discovery.refused == [
                    RefusedZone(
                        name: "intel-rapl:0", domain: package,
                        reason: .badAttribute("max_energy_range_uj is \"\(shown)\""))
                ])
        }
    }

    @Test(arguments: ["name", "max_energy_range_uj"])
    func `an attribute that is missing is named`(attribute: String) throws {
        try withPowercapTree(["0": "package-0", "1": "package-1"]) { tree in
            try tree.remove(attribute, of: "intel-rapl:0")
            let discovery = PowercapDiscovery(sysfs: tree.root, vendor: .intel)
            #expect(found(discovery) == ["intel-rapl:1 package_1"])
            #expect(
                discovery.refused == [
                    RefusedZone(
                        name: "intel-rapl:0", domain: attribute == "name" ? nil : package,
                        reason: .badAttribute("\(attribute): No such file or directory"))
                ])
        }
    }

    @Test func `a zone without a counter is refused with the reason`() throws {
        try withPowercapTree(["0": "package-0"]) { tree in
            try tree.remove("energy_uj", of: "intel-rapl:0")
            let discovery = PowercapDiscovery(sysfs: tree.root, vendor: .intel)
            #expect(discovery.zones == [])
            #expect(
                discovery.refused == [RefusedZone(name: "intel-rapl:0", domain: package, reason: .failed(.notFound))])
        }
    }

    @Test func `a zone that went away between listing and reading is refused`() throws {
        try withPowercapTree { tree in
            try tree.addDanglingEntry("intel-rapl:0")
            let discovery = PowercapDiscovery(sysfs: tree.root, vendor: .intel)
            #expect(discovery.refused.map(\.name) == ["intel-rapl:0"])
        }
    }

    @Test(arguments: [
        "", "gpu", "Package-0", "package", "package-", "package-x", "package--1", "package-0-die", "package-0-die-",
        "package-0-die-x", "package-0-dye-1", "package-0-die-1-core", "core", "uncore", "dram",
    ])
    func `a zone at the top that has no name of RAPL's top is refused`(name: String) throws {
        try withPowercapTree(["0": name, "1": "package-0"]) { tree in
            let discovery = PowercapDiscovery(sysfs: tree.root, vendor: .intel)
            #expect(found(discovery) == ["intel-rapl:1 package_0"])
            #expect(discovery.refused == [RefusedZone(name: "intel-rapl:0", reason: .unknownName(name))])
        }
    }

    @Test func `a part of something that is no package is refused`() throws {
        try withPowercapTree(["0": "psys", "0:0": "core"]) { tree in
            let discovery = PowercapDiscovery(sysfs: tree.root, vendor: .intel)
            #expect(found(discovery) == ["intel-rapl:0 psys_0"])
            #expect(discovery.refused == [RefusedZone(name: "intel-rapl:0:0", reason: .unknownName("psys/core"))])
        }
    }

    @Test func `entries that are no zones of RAPL are passed over`() throws {
        try withPowercapTree(["0": "package-0"]) { tree in
            let strangers = [
                "dtpm", "intel-rapl:", "intel-rapl:x", "intel-rapl:0:", "intel-rapl::0", "intel-rapl:0:0:0",
                "intel-rapl0", "intel-rapl-new:0",
            ]
            for entry in strangers { try tree.addDanglingEntry(entry) }
            let discovery = PowercapDiscovery(sysfs: tree.root, vendor: .intel)
            #expect(found(discovery) == ["intel-rapl:0 package_0"])
            #expect(discovery.refused == [])
        }
    }

    @Test func `an empty class directory has no zones`() throws {
        try withPowercapTree { tree in
            let discovery = PowercapDiscovery(sysfs: tree.root, vendor: .intel)
            #expect(discovery.zones == [])
            #expect(discovery.refused == [])
        }
    }

    @Test func `a control type without zones has none`() throws {
        try withPowercapTree { tree in
            try tree.addDanglingEntry("intel-rapl")
            #expect(PowercapDiscovery(sysfs: tree.root, vendor: .intel).refused == [])
        }
    }

    @Test func `a machine without the class directory has no zones`() throws {
        try withTemporaryDirectory { directory in
            for sysfs in [directory, directory + "/missing"] {
                let discovery = PowercapDiscovery(sysfs: sysfs, vendor: .intel)
                #expect(discovery.zones == [])
                #expect(discovery.refused == [])
            }
        }
    }

    @Test func `more zones than there is room for are refused`() throws {
        try withPowercapTree { tree in
            for socket in 0..<(PowercapSource.capacity + 2) { try tree.add("\(socket)", "package-\(socket)") }
            let discovery = PowercapDiscovery(sysfs: tree.root, vendor: .intel)
            #expect(discovery.zones.count == PowercapSource.capacity)
            #expect(
                discovery.refused == [
                    RefusedZone(name: "intel-rapl:128", domain: Domain(kind: .package, socket: 128), reason: .tooMany),
                    RefusedZone(name: "intel-rapl:129", domain: Domain(kind: .package, socket: 129), reason: .tooMany),
                ])
        }
    }

    /// Which zone counts for which domain.
    private func found(_ discovery: PowercapDiscovery) -> [String] {
        discovery.zones.map { "\($0.name) \($0.domain.tag)" }
    }
}
