import Counters
import TestSupport
import Testing

@testable import Sources

/// Sensors are known by their devices: the kernel numbers chips in the order in which drivers are loaded.
@Suite struct HwmonIdentityTests {
    private let near = "pci0000:00/0000:03:00.0"
    private let far = "pci0000:00/0000:83:00.0"
    private let energy = ["energy1_input": "1\n", "energy1_label": "pkg\n"]

    @Test func `names go by the devices' paths, whatever their numbers are`() throws {
        for (first, second) in [(2, 10), (10, 2)] {
            try withHwmonTree { tree in
                try tree.add(first, "psu", of: near, energy)
                try tree.add(second, "psu", of: far, energy)
                let sensors = HwmonDiscovery(sysfs: tree.root).sensors
                #expect(sensors.map(\.domain.tag) == ["psu_pkg", "psu_pkg_2"])
                #expect(
                    sensors.map(\.identity) == [near, far].map { "hwmon/devices/\($0)/psu/energy1=pkg" })
            }
        }
    }

    @Test func `a device that comes later takes nobody's name`() throws {
        try withHwmonTree { tree in
            try tree.add(2, "psu", of: far, energy)
            let first = HwmonDiscovery(sysfs: tree.root)
            try tree.add(3, "psu", of: near, energy)
            let next = HwmonDiscovery(sysfs: tree.root, remembering: first.memory)
            #expect(next.sensors.map(\.domain.tag) == ["psu_pkg_2", "psu_pkg"])
            // It went and comes back under another number: its name waited for it.
            try tree.removeChip(2)
            let without = HwmonDiscovery(sysfs: tree.root, remembering: next.memory)
            #expect(without.sensors.map(\.domain.tag) == ["psu_pkg_2"])
        }
    }

    @Test func `a device that cannot be read yet has its name already`() throws {
        try withHwmonTree { tree in
            try tree.add(0, "psu", of: near, ["energy1_input": "\n", "energy1_label": "pkg\n"])
            try tree.add(1, "psu", of: far, energy)
            let first = HwmonDiscovery(sysfs: tree.root)
            #expect(first.sensors.map(\.domain.tag) == ["psu_pkg_2"])
            try tree.set("hwmon0/energy1_input", to: "1\n")
            let next = HwmonDiscovery(sysfs: tree.root, remembering: first.memory)
            #expect(next.sensors.map(\.domain.tag) == ["psu_pkg", "psu_pkg_2"])
        }
    }

    @Test func `names of an earlier run go before the order of the devices`() {
        var names = SensorNames()
        #expect(names.name("near", "psu_pkg") == "psu_pkg")
        #expect(names.name("far", "psu_pkg") == "psu_pkg_2")
        names.recall([("far", "psu_pkg"), ("gone", "psu_pkg_2"), ("older", "psu_pkg")])
        #expect(names.name("far", "psu_pkg") == "psu_pkg")
        #expect(names.name("near", "psu_pkg") == "psu_pkg_3", "the name of what is gone is kept for it")
        #expect(names.name("gone", "psu_pkg") == "psu_pkg_2")
    }

    @Test func `what belongs to a power supply measures a battery`() throws {
        try withHwmonTree { tree in
            try tree.add(0, "BAT0", of: "PNP0C0A:00/power_supply/BAT0", ["power1_input": "60000000\n"])
            try tree.add(1, "ucsi", of: "USBC000:00/ucsi", ["power1_input": "60000000\n"])
            try tree.setClass(ofDevice: 1, "power_supply")
            try tree.add(2, "power_meter", of: "ACPI000D:00", ["power1_average": "1\n", "power1_is_battery": "1\n"])
            try tree.add(3, "power_meter", of: "ACPI000D:01", ["power1_average": "1\n", "power1_is_battery": "0\n"])
            let discovery = HwmonDiscovery(sysfs: tree.root)
            #expect(discovery.domains.map(\.tag) == ["power_meter_power1_2"])
            #expect(discovery.refused.map(\.reason) == [.battery, .battery, .battery])
            #expect(discovery.refused.map(\.report.role) == [.ignored, .ignored, .ignored])
        }
    }
}
