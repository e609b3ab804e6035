import Counters
import TestSupport
import Testing

@testable import Sources

/// Energy and power of one place are counted once, as the kernel's drivers name them.
@Suite struct HwmonRailTests {
    @Test(
        arguments: [
            // ltc2947, ltc4282 and ltc4283: a name for power alone, and only the quantity.
            ("", "Power", true),
            // ina238 and sq52206: none.
            ("", "", true),
            // ibmpowernv and xe: the same for both.
            ("System", "System", true), ("pkg", "pkg", true),
            // Firmware behind scmi-hwmon names as it likes.
            ("SYS energy", "sys_power", true), ("ENM_BIG", "POW_BIG", true), ("VDD 1", "vdd1", true),
            // Two places with one number.
            ("card", "pkg", false), ("Esocket0", "fan", false), ("vdd1", "vdd2", false),
        ])
    func `energy and power with one number are of one place unless both are named and differ`(
        energy: String, power: String, isOne: Bool
    ) throws {
        try withHwmonTree { tree in
            try tree.add(
                0, "chip",
                [
                    "energy1_input": "1\n", "energy1_label": energy + "\n", "power1_input": "1\n",
                    "power1_label": power + "\n",
                ])
            let discovery = HwmonDiscovery(sysfs: tree.root)
            #expect(discovery.sensors.map(\.isIntegrated) == (isOne ? [false] : [false, true]))
            #expect(discovery.refused.map(\.reason) == (isOne ? [.duplicate] : []))
        }
    }

    @Test(arguments: [("System", "SYSTEM", true), ("", "Power", false), ("sys", "", false)])
    func `with other numbers the names have to agree`(energy: String, power: String, isOne: Bool) throws {
        try withHwmonTree { tree in
            try tree.add(
                0, "chip",
                [
                    "energy1_input": "1\n", "energy1_label": energy + "\n", "power7_input": "1\n",
                    "power7_label": power + "\n",
                ])
            #expect(HwmonDiscovery(sysfs: tree.root).sensors.count == (isOne ? 1 : 2))
        }
    }

    /// A rail was once counted twice when its energy could be read later than its power.
    @Test func `what a rail is counted by stays that`() throws {
        try withHwmonTree { tree in
            try tree.add(0, "ltc4282", ["energy1_input": "\n", "power1_input": "1\n", "power1_label": "Power\n"])
            let first = HwmonDiscovery(sysfs: tree.root)
            #expect(first.sensors.map(\.file.name) == ["power1_input"])
            var memory = first.memory
            for sensor in first.sensors { memory.keep(sensor) }
            try tree.set("hwmon0/energy1_input", to: "5\n")
            let next = HwmonDiscovery(sysfs: tree.root, remembering: memory)
            #expect(next.sensors == first.sensors)
            #expect(next.refused == [RefusedZone(name: "hwmon0/energy1_input", reason: .duplicate)])
        }
    }
}
