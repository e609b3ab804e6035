import Counters
import TestSupport
import Testing

@testable import Sources

@Suite struct PowerLimitsTests {
    @Test func `limits are read with their names, in the kernel's order`() throws {
        try withPowercapTree(["0": "package-0"]) { tree in
            try tree.setLimit(
                0, of: "intel-rapl:0", name: "long_term", microwatts: 65_000_000, maximumMicrowatts: 80_000_000)
            try tree.setLimit(1, of: "intel-rapl:0", name: "short_term", microwatts: 90_000_000, maximumMicrowatts: 0)
            try tree.setLimit(2, of: "intel-rapl:0", name: "peak_power", microwatts: 150_000_000)
            let limits = limits(tree)
            #expect(
                limits.limits == [
                    PowerLimit(constraint: "long_term", microwatts: 65_000_000, maximumMicrowatts: 80_000_000),
                    PowerLimit(constraint: "short_term", microwatts: 90_000_000, maximumMicrowatts: 0),
                    PowerLimit(constraint: "peak_power", microwatts: 150_000_000, maximumMicrowatts: nil),
                ])
            #expect(limits.highestMicrowatts == 150_000_000)
        }
    }

    @Test func `a zone without constraints has none`() throws {
        try withPowercapTree(["0": "package-0"]) { tree in
            #expect(limits(tree).limits == [])
            #expect(limits(tree).highestMicrowatts == nil)
            #expect(PowerLimits(zoneDirectory: tree.root + "/missing").limits == [])
        }
    }

    @Test func `what the firmware allows counts as well as what is set`() throws {
        try withPowercapTree(["0": "package-0"]) { tree in
            try tree.setLimit(
                0, of: "intel-rapl:0", name: "long_term", microwatts: 10_000_000, maximumMicrowatts: 400_000_000)
            #expect(limits(tree).highestMicrowatts == 400_000_000)
        }
    }

    @Test func `limits of 0 say nothing`() throws {
        try withPowercapTree(["0": "package-0"]) { tree in
            try tree.setLimit(0, of: "intel-rapl:0", name: "long_term", microwatts: 0, maximumMicrowatts: 0)
            #expect(limits(tree).limits.count == 1)
            #expect(limits(tree).highestMicrowatts == nil)
        }
    }

    @Test(arguments: ["", "\n", "abc", "-1", "1.5", "0x10", "18446744073709551616"])
    func `a constraint that makes no sense is passed over, and the others are read`(content: String) throws {
        try withPowercapTree(["0": "package-0"]) { tree in
            try tree.setLimit(0, of: "intel-rapl:0", name: "long_term", microwatts: 1)
            try tree.setLimit(1, of: "intel-rapl:0", name: "short_term", microwatts: 2)
            try tree.set("constraint_0_power_limit_uw", of: "intel-rapl:0", to: content)
            try tree.set("constraint_1_max_power_uw", of: "intel-rapl:0", to: content)
            #expect(
                limits(tree).limits == [PowerLimit(constraint: "short_term", microwatts: 2, maximumMicrowatts: nil)])
        }
    }

    @Test func `a limit without a name is no constraint`() throws {
        try withPowercapTree(["0": "package-0"]) { tree in
            try tree.set("constraint_0_power_limit_uw", of: "intel-rapl:0", to: "5\n")
            #expect(limits(tree).limits == [])
        }
    }

    private func limits(_ tree: PowercapTree) -> PowerLimits {
        PowerLimits(zoneDirectory: tree.root + "/class/powercap/intel-rapl:0")
    }
}

@Suite struct PlausiblePowerTests {
    @Test(
        arguments: [
            (.package, 1_000_000_000), (.core, 1_000_000_000), (.uncore, 1_000_000_000), (.dram, 1_000_000_000),
            (.leadCore, 1_000_000_000), (.psys, 4_000_000_000), (.sensor, 100_000_000_000),
        ] as [(DomainKind, UInt64)])
    func `where nothing is known, as much is believed as such a domain can draw`(kind: DomainKind, bound: UInt64) throws
    {
        #expect(PlausiblePower.boundMicrowatts(kind) == bound)
        try withPowercapTree(["0": "package-0"]) { tree in
            let none = PowerLimits(zoneDirectory: tree.root)
            #expect(PlausiblePower.boundMicrowatts(kind, own: none, parent: nil) == bound)
            #expect(PlausiblePower.boundMicrowatts(kind, own: none, parent: none) == bound)
        }
    }

    @Test(
        arguments: [
            (125_000_000, nil, 250_000_000),
            (65_000_000, nil, 130_000_000),
            // Firmware that states too little.
            (1_000_000, nil, 100_000_000), (50_000_000, nil, 100_000_000), (50_000_001, nil, 100_000_002),
            // Firmware that means that there is no limit.
            (999_999_999_999, nil, 1_999_999_999_998), (1_000_000_000_000, nil, 1_000_000_000),
            (UInt64.max, nil, 1_000_000_000), (UInt64.max, 125_000_000, 250_000_000),
            // A part can take what its package may.
            (nil, 125_000_000, 250_000_000), (15_000_000, 125_000_000, 250_000_000),
            (200_000_000, 125_000_000, 400_000_000), (0, 125_000_000, 250_000_000),
        ] as [(UInt64?, UInt64?, UInt64)])
    func `twice the highest limit is believed, and no less than 100 W`(
        own: UInt64?, parent: UInt64?, bound: UInt64
    ) throws {
        try withPowercapTree(["0": "package-0", "0:0": "dram"]) { tree in
            if let own { try tree.setLimit(0, of: "intel-rapl:0:0", name: "long_term", microwatts: own) }
            if let parent { try tree.setLimit(1, of: "intel-rapl:0", name: "short_term", microwatts: parent) }
            let zones = PowercapDiscovery(sysfs: tree.root, vendor: .intel).zones
            #expect(zones.map(\.domain.tag) == ["package_0", "dram_0"])
            #expect(zones[1].boundMicrowatts == bound)
            let ofPackage = parent.map { max($0 * 2, 100_000_000) } ?? 1_000_000_000
            #expect(zones[0].boundMicrowatts == ofPackage)
            #expect(zones.map(\.facts.boundMicrowatts) == [ofPackage, bound])
        }
    }

    /// powercap_sys.c gives each zone `enabled`; intel_rapl_common.c leaves the limits as they are while it is 0.
    @Test func `limits that are not in force limit nothing, and are told all the same`() throws {
        try withPowercapTree(["0": "package-0", "0:0": "dram"]) { tree in
            for entry in ["intel-rapl:0", "intel-rapl:0:0"] {
                try tree.setLimit(0, of: entry, name: "long_term", microwatts: 15_000_000)
            }
            func bounds() -> [UInt64] {
                PowercapDiscovery(sysfs: tree.root, vendor: .intel).zones.map(\.boundMicrowatts)
            }
            try tree.set("enabled", of: "intel-rapl:0", to: "0\n")
            #expect(bounds() == [1_000_000_000, 100_000_000])
            try tree.set("enabled", of: "intel-rapl:0:0", to: "0\n")
            #expect(bounds() == [1_000_000_000, 1_000_000_000])
            try tree.set("enabled", of: "intel-rapl:0", to: "1\n")
            #expect(bounds() == [100_000_000, 100_000_000])
            try tree.remove("enabled", of: "intel-rapl:0:0")
            #expect(bounds() == [100_000_000, 100_000_000])
            #expect(limits(tree).limits.map(\.microwatts) == [15_000_000])
        }
    }

    private func limits(_ tree: PowercapTree) -> PowerLimits {
        PowerLimits(zoneDirectory: tree.root + "/class/powercap/intel-rapl:0")
    }

    @Test func `a zone tells its limits`() throws {
        try withPowercapTree(["0": "package-0", "0:0": "dram"]) { tree in
            try tree.setLimit(0, of: "intel-rapl:0", name: "long_term", microwatts: 95_000_000)
            let zones = PowercapDiscovery(sysfs: tree.root, vendor: .intel).zones
            let limit = PowerLimit(constraint: "long_term", microwatts: 95_000_000, maximumMicrowatts: nil)
            #expect(zones.map(\.limits) == [[limit], []], "its own, not its package's")
            #expect(zones.map(\.unitMicrojoules) == [61, 61])
        }
    }
}
