import Counters
import TestSupport
import Testing

@testable import Sources

/// What a chip's limits say of how much power is believed. See Documentation/hwmon/sysfs-interface.rst in the kernel's source.
@Suite struct SensorLimitsTests {
    @Test(
        arguments: [
            ([:], 100_000_000_000), (["power1_max": "3000000000\n"], 6_000_000_000),
            (["power1_rated_max": "1600000000\n", "power1_crit": "2000000000\n"], 4_000_000_000),
            (["power1_cap": "14000000000\n", "power1_cap_max": "16000000000\n"], 32_000_000_000),
            // Off, or an alarm that the user has set to little: a limit like that is passed.
            (["power1_max": "0\n"], 100_000_000_000), (["power1_max": "10000000\n"], 1_000_000_000),
            // ACPI's "unknown" is no limit.
            (["power1_cap": "4294967295000\n"], 100_000_000_000), (["power1_cap_max": "none\n"], 100_000_000_000),
            (["power1_cap": "4294967295000\n", "power1_max": "3000000000\n"], 6_000_000_000),
            (["power2_max": "3000000000\n"], 100_000_000_000),
        ] as [([String: String], UInt64)])
    func `twice the highest limit is believed, and without limits more than the largest machine draws`(
        limits: [String: String], bound: UInt64
    ) throws {
        try withHwmonTree { tree in
            try tree.add(0, "chip", ["power1_input": "1\n"].merging(limits) { first, _ in first })
            let sensor = try #require(HwmonDiscovery(sysfs: tree.root).sensors.first)
            #expect(sensor.boundMicrowatts == bound)
            #expect(sensor.facts.boundMicrowatts == bound)
        }
    }

    /// 10 kW were once the most that was believed of anything.
    @Test func `a chassis that draws 14 kW is measured, and the meter that does not know it yet is not`() throws {
        try withHwmonTree { tree in
            try tree.add(0, "power_meter", ["power1_average": "14000000000\n"])
            try tree.add(1, "power_meter", ["power1_average": "4294967295000\n"])
            let discovery = HwmonDiscovery(sysfs: tree.root)
            #expect(discovery.sensors.map(\.name) == ["hwmon0/power1_average"])
            #expect(
                discovery.refused == [
                    RefusedZone(
                        name: "hwmon1/power1_average", reason: .badAttribute("power1_average is \"4294967295000\""))
                ])
        }
    }

    @Test func `an energy counter has the limits of its power channel, which may have nothing else`() throws {
        try withHwmonTree { tree in
            try tree.add(
                0, "chip",
                [
                    "energy1_input": "1\n", "energy1_label": "card\n", "energy2_input": "1\n", "energy2_label": "pkg\n",
                    "power1_max": "600000000\n", "power1_label": "card\n", "power2_max": "900000000\n",
                    "power2_label": "other\n",
                ])
            let sensors = HwmonDiscovery(sysfs: tree.root).sensors
            #expect(sensors.map(\.boundMicrowatts) == [1_200_000_000, 100_000_000_000])
            #expect(
                sensors[0].limits == [
                    PowerLimit(constraint: "max", microwatts: 600_000_000, maximumMicrowatts: nil)
                ])
        }
    }
}
