import Counters
import Kernel
import TestSupport
import Testing

@testable import Sources

@Suite struct HwmonDiscoveryTests {
    @Test func `a machine without the class has nothing and refuses nothing`() throws {
        try withTemporaryDirectory { directory in
            let discovery = HwmonDiscovery(sysfs: directory)
            #expect(discovery.sensors.isEmpty)
            #expect(discovery.refused.isEmpty)
        }
    }

    @Test func `chips without energy and power are passed over in silence`() throws {
        try withHwmonTree { tree in
            try tree.add(0, "coretemp", ["temp1_input": "45000\n", "temp1_label": "Package id 0\n"])
            try tree.add(
                1, "nvme", ["power": "", "power1_cap": "5\n", "energy_input": "5\n", "power1_input_lowest": "1\n"])
            let discovery = HwmonDiscovery(sysfs: tree.root)
            #expect(discovery.sensors.isEmpty)
            #expect(discovery.refused.isEmpty)
        }
    }

    @Test func `a sensor is named by its chip and label, or its file`() throws {
        try withHwmonTree { tree in
            try tree.add(
                0, "ina3221",
                [
                    "power1_input": "1\n", "power1_label": "VDD_CPU/GPU  +12V\n",
                    "power2_input": "1\n", "power2_label": "\n",
                    "power3_input": "1\n", "power3_label": "µ\n",
                    "power4_input": "1\n",
                ])
            try tree.add(1, "Scmi-Sensors", ["energy10_input": "1\n", "energy9_input": "1\n"])
            let discovery = HwmonDiscovery(sysfs: tree.root)
            #expect(
                discovery.domains.map(\.tag) == [
                    "ina3221_vdd_cpu_gpu_12v", "ina3221_power2", "ina3221_power3", "ina3221_power4",
                    "scmi_sensors_energy9", "scmi_sensors_energy10",
                ])
            #expect(discovery.domains.allSatisfy { $0.kind == .sensor && $0.package == nil })
            #expect(discovery.sensors.map(\.isIntegrated) == [true, true, true, true, false, false])
            #expect(discovery.sensors.last?.name == "hwmon1/energy10_input")
        }
    }

    @Test func `the same label again gets a number, which is itself no one else's`() throws {
        try withHwmonTree { tree in
            try tree.add(2, "ina", ["power1_input": "1\n", "power1_label": "in\n"])
            try tree.add(
                10, "ina",
                ["power1_input": "1\n", "power1_label": "in\n", "power2_input": "1\n", "power2_label": "IN\n"])
            try tree.add(3, "ina", ["power1_input": "1\n", "power1_label": "in_2\n"])
            let discovery = HwmonDiscovery(sysfs: tree.root)
            #expect(discovery.domains.map(\.tag) == ["ina_in", "ina_in_2", "ina_in_3", "ina_in_4"])
            #expect(discovery.sensors.map(\.name).first == "hwmon2/power1_input")
            #expect(Set(discovery.domains).count == 4)
        }
    }

    @Test func `an energy counter comes before the power of the same label`() throws {
        try withHwmonTree { tree in
            try tree.add(
                0, "occ",
                [
                    "energy1_input": "1\n", "energy1_label": "system\n", "power7_input": "1\n",
                    "power7_label": "system\n",
                    "power8_input": "1\n", "power8_label": "fans\n",
                ])
            try tree.add(1, "ina238", ["energy1_input": "1\n", "power1_input": "1\n", "power2_input": "1\n"])
            let discovery = HwmonDiscovery(sysfs: tree.root)
            #expect(discovery.domains.map(\.tag) == ["occ_system", "occ_fans", "ina238_energy1", "ina238_power2"])
            #expect(
                discovery.refused == [
                    RefusedZone(name: "hwmon0/power7_input", reason: .duplicate),
                    RefusedZone(name: "hwmon1/power1_input", reason: .duplicate),
                ])
        }
    }

    @Test func `power counts where its chip's energy counter cannot be read`() throws {
        try withHwmonTree { tree in
            try tree.add(0, "ina238", ["energy1_input": "\n", "power1_input": "1\n"])
            let discovery = HwmonDiscovery(sysfs: tree.root)
            #expect(discovery.domains.map(\.tag) == ["ina238_power1"])
            #expect(
                discovery.refused == [
                    RefusedZone(name: "hwmon0/energy1_input", reason: .badAttribute("energy1_input is \"\""))
                ])
        }
    }

    @Test func `an average is read where there is no power at the moment`() throws {
        try withHwmonTree { tree in
            try tree.add(0, "power_meter", ["power1_average": "1\n"])
            try tree.add(1, "amdgpu", ["power1_average": "1\n", "power1_input": "1\n", "power1_label": "PPT\n"])
            let sensors = HwmonDiscovery(sysfs: tree.root).sensors
            #expect(sensors.map(\.name) == ["hwmon0/power1_average", "hwmon1/power1_input"])
            #expect(sensors.map(\.domain.tag) == ["power_meter_power1", "amdgpu_ppt"])
        }
    }

    /// amdgpu shows both for every chip: `power1_input` gives EOPNOTSUPP, EINVAL or nothing where only the average is known.
    @Test(arguments: ["", "\n", "N/A\n", "EIO"])
    func `an average is read where power at the moment cannot be`(content: String) throws {
        try withHwmonTree { tree in
            let files = [
                "power1_average": "20000000\n", "power1_input": content, "power1_label": "PPT\n",
                "power1_cap": "200000000\n",
            ]
            try tree.add(0, "amdgpu", of: "0000:03:00.0", files)
            if content == "EIO" { try tree.breakSensor("hwmon0/power1_input") }
            let discovery = HwmonDiscovery(sysfs: tree.root)
            #expect(discovery.sensors.map(\.name) == ["hwmon0/power1_average"])
            #expect(discovery.domains.map(\.tag) == ["amdgpu_ppt"])
            #expect(discovery.sensors[0].identity == "hwmon/devices/0000:03:00.0/amdgpu/power1=PPT")
            #expect(discovery.sensors[0].limits.map(\.microwatts) == [200_000_000])
            #expect(discovery.refused == [])
            // It is read by the average as long as it is there, whatever comes.
            var memory = discovery.memory
            memory.keep(discovery.sensors[0])
            if content != "EIO" { try tree.set("hwmon0/power1_input", to: "1\n") }
            let next = HwmonDiscovery(sysfs: tree.root, remembering: memory)
            #expect(next.sensors == discovery.sensors)
        }
    }

    @Test func `where neither power at the moment nor its average can be read the first is told`() throws {
        try withHwmonTree { tree in
            try tree.add(0, "amdgpu", ["power1_average": "none\n", "power1_input": "\n"])
            let discovery = HwmonDiscovery(sysfs: tree.root)
            #expect(discovery.sensors == [])
            #expect(
                discovery.refused == [
                    RefusedZone(name: "hwmon0/power1_input", reason: .badAttribute("power1_input is \"\""))
                ])
        }
    }

    @Test func `the attributes of old drivers are found on the device`() throws {
        try withHwmonTree { tree in
            try tree.addOld(0, "aem0", ["energy1_input": "5\n"])
            let sensors = HwmonDiscovery(sysfs: tree.root).sensors
            #expect(sensors.map(\.domain.tag) == ["aem0_energy1"])
            #expect(sensors.map(\.path) == [tree.root + "/class/hwmon/hwmon0/device/energy1_input"])
        }
    }

    @Test func `what cannot be read is refused with its reason, the chip's other sensors count`() throws {
        try withHwmonTree { tree in
            try tree.add(
                0, "ina",
                [
                    "power1_input": "1\n", "power2_input": "-\n", "power3_input": "1000000000001\n",
                    "power4_input": "2\n",
                ])
            try tree.breakSensor("hwmon0/power1_input")
            try tree.add(1, "nameless", ["power1_input": "1\n"])
            try tree.remove("hwmon1/name")
            let discovery = HwmonDiscovery(sysfs: tree.root)
            #expect(discovery.domains.map(\.tag) == ["ina_power4"])
            #expect(
                discovery.refused == [
                    RefusedZone(name: "hwmon0/power1_input", reason: .failed(.inputOutput)),
                    RefusedZone(name: "hwmon0/power2_input", reason: .badAttribute("power2_input is \"-\"")),
                    RefusedZone(
                        name: "hwmon0/power3_input", reason: .badAttribute("power3_input is \"1000000000001\"")),
                    RefusedZone(name: "hwmon1", reason: .badAttribute("name: \(ErrorCode.notFound)")),
                ])
        }
    }

    @Test func `there is room for so many sensors and no more`() throws {
        try withHwmonTree { tree in
            var attributes: [String: String] = [:]
            for number in 1...130 { attributes["energy\(number)_input"] = "1\n" }
            try tree.add(0, "amd_energy", attributes)
            let discovery = HwmonDiscovery(sysfs: tree.root)
            #expect(discovery.sensors.count == HwmonSource.capacity)
            #expect(
                discovery.refused
                    == [129, 130].map {
                        RefusedZone(name: "hwmon0/energy\($0)_input", reason: .tooMany)
                    })
        }
    }

    @Test
    func `where there is no room for all, the sockets come before their cores, and a small chip before a large one`()
        throws
    {
        try withHwmonTree { tree in
            var attributes: [String: String] = [:]
            for core in 0..<128 {
                attributes["energy\(core + 1)_input"] = "1\n"
                attributes["energy\(core + 1)_label"] = "Ecore\(core)\n"
            }
            for socket in 0...1 {
                attributes["energy\(socket + 129)_input"] = "1\n"
                attributes["energy\(socket + 129)_label"] = "Esocket\(socket)\n"
            }
            try tree.add(0, "amd_energy", attributes)
            try tree.add(1, "corsairpsu", ["power1_input": "1\n", "power1_label": "power +12v\n"])
            let discovery = HwmonDiscovery(sysfs: tree.root)
            let tags = discovery.domains.map(\.tag)
            #expect(tags.count == HwmonSource.capacity)
            #expect(tags.suffix(3) == ["amd_energy_esocket0", "amd_energy_esocket1", "corsairpsu_power_12v"])
            #expect(
                discovery.refused.map(\.name) == [126, 127, 128].map { "hwmon0/energy\($0)_input" })
            #expect(discovery.refused.allSatisfy { $0.reason == .tooMany })
        }
    }

    /// Named before a processor's counters, or while one of them was missing, a sensor once had the name of one: two series alike.
    @Test func `no sensor has the name of a part of a processor, whatever else there is`() throws {
        try withHwmonTree { tree in
            try tree.add(0, "package", ["energy1_input": "1\n", "energy1_label": "0\n"])
            try tree.add(1, "psys", ["energy1_input": "1\n", "energy1_label": "1\n"])
            try tree.add(2, "core", ["energy1_input": "1\n", "energy1_label": "0 die 3\n"])
            try tree.add(3, "package", ["energy1_input": "1\n", "energy1_label": "left\n"])
            let discovery = HwmonDiscovery(sysfs: tree.root)
            #expect(discovery.domains.map(\.tag) == ["package_0_2", "psys_1_2", "core_0_die_3_2", "package_left"])
        }
    }
}
