import Counters
import TestSupport
import Testing

@testable import Sources

/// Sensors that are slow when they are looked for.
@Suite struct SlowSensorTests {
    private let second: UInt64 = 1_000_000_000

    @Test func `one reading that takes too long is the last, and the chip's others are not waited for`() throws {
        try withHwmonTree { tree in
            try tree.add(0, "corsairpsu", ["power1_input": "1\n", "power2_input": "1\n"])
            try tree.add(1, "ina", ["power1_input": "1\n"])
            let watch = Watch(durations: [0, 0, 0, 3 * second / 2])
            let discovery = HwmonDiscovery(sysfs: tree.root, remembering: HwmonMemory(), clock: watch.read)
            #expect(discovery.domains.map(\.tag) == ["ina_power1"])
            #expect(discovery.refused.map(\.name) == ["hwmon0/power1_input", "hwmon0/power2_input"])
            #expect(discovery.refused.allSatisfy { $0.reason == .slow(nanoseconds: 3 * second / 2) })
            #expect(discovery.refused.map(\.report.role) == [.slow, .slow])
            #expect(discovery.refused.first?.report.reason == "a reading took 1.50 s")
            #expect(watch.readings == 10, "before and after three labels, the slow reading and the quick one")
            let next = HwmonDiscovery(sysfs: tree.root, remembering: discovery.memory, clock: watch.read)
            #expect(next.refused == discovery.refused)
            #expect(watch.readings == 14, "only the quick one and its label are read again")
        }
    }

    @Test func `a device that appears anew is tried again`() throws {
        try withHwmonTree { tree in
            try tree.add(0, "corsairpsu", of: "usb1/1-4", ["power1_input": "1\n"])
            let watch = Watch(durations: [0, second])
            let first = HwmonDiscovery(sysfs: tree.root, remembering: HwmonMemory(), clock: watch.read)
            #expect(first.refused.count == 1)
            try tree.removeChip(0)
            try tree.add(1, "corsairpsu", of: "usb1/1-4", ["power1_input": "1\n"])
            let next = HwmonDiscovery(sysfs: tree.root, remembering: first.memory, clock: watch.read)
            #expect(next.domains.map(\.tag) == ["corsairpsu_power1"])
        }
    }

    @Test func `a chip whose labels take too long is not asked for more`() throws {
        try withHwmonTree { tree in
            try tree.add(0, "corsairpsu", ["power1_input": "1\n", "power2_input": "1\n"])
            let watch = Watch(durations: [3 * second / 2])
            let discovery = HwmonDiscovery(sysfs: tree.root, remembering: HwmonMemory(), clock: watch.read)
            #expect(discovery.sensors.isEmpty)
            #expect(discovery.refused.allSatisfy { $0.reason == .slow(nanoseconds: 3 * second / 2) })
            #expect(watch.readings == 2)
        }
    }

    @Test func `what is open is not read once more`() throws {
        try withHwmonTree { tree in
            try tree.add(0, "ina", ["power1_input": "1\n"])
            let watch = Watch(durations: [])
            let first = HwmonDiscovery(sysfs: tree.root, remembering: HwmonMemory(), clock: watch.read)
            var memory = first.memory
            for sensor in first.sensors { memory.keep(sensor) }
            let next = HwmonDiscovery(sysfs: tree.root, remembering: memory, clock: watch.read)
            #expect(next.sensors == first.sensors)
            #expect(watch.readings == 6, "two labels and a reading")
        }
    }
}

/// Sensors that somebody else reads because they are slow.
@Suite struct SlowSensorReadingTests {
    private let second: UInt64 = 1_000_000_000
    private let long: UInt64 = 30_000_000

    @Test func `those that the loop gives up are read, under its names and identities, and no others`() throws {
        try withHwmonTree { tree in
            try tree.add(0, "corsairpsu", of: "usb1/1-4", ["power1_input": "180000000\n", "power2_input": "5\n"])
            try tree.add(1, "ina", of: "i2c-1/1-0040", ["energy1_input": "77\n"])
            // Three labels, and the first reading in the order of devices is the other chip's.
            let watch = Watch(durations: [0, 0, 0, 0, 3 * second / 2])
            var sensors = SlowSensors(sysfs: tree.root, clock: watch.read)
            let known = HwmonDiscovery(sysfs: tree.root)
            #expect(sensors.facts == known.sensors.map(\.facts))
            #expect(sensors.slowCount == 2)
            let readings = sensors.facts.indices.map { sensors.read($0) }
            #expect(readings == [nil, .counter(180_000_000), .counter(5)])
        }
    }

    @Test func `one that becomes slow is read from then on`() throws {
        try withHwmonTree { tree in
            try tree.add(0, "ina", ["power1_input": "7\n"])
            // A label, and three readings before anybody asks.
            let watch = Watch(durations: [0, 0, 0, long, long, 0])
            var sensors = SlowSensors(sysfs: tree.root, clock: watch.read)
            #expect(sensors.slowCount == 0)
            #expect((0..<3).map { _ in sensors.read(0) } == [.counter(7), .counter(7), .counter(7)])
            #expect(sensors.slowCount == 1)
        }
    }

    @Test func `one long reading by chance is none`() throws {
        try withHwmonTree { tree in
            try tree.add(0, "ina", ["power1_input": "7\n"])
            let watch = Watch(durations: [0, 0, 0, 0, long, 0, long])
            var sensors = SlowSensors(sysfs: tree.root, clock: watch.read)
            #expect((0..<5).map { _ in sensors.read(0) } == [nil, nil, nil, nil, nil])
        }
    }

    @Test func `a chip that comes or goes is noticed`() throws {
        try withHwmonTree { tree in
            try tree.add(0, "ina", ["power1_input": "7\n"])
            let sensors = SlowSensors(sysfs: tree.root)
            let before = sensors.hasChanged()
            try tree.add(1, "ina", ["power1_input": "7\n"])
            let after = sensors.hasChanged()
            #expect(!before && after)
        }
    }
}

/// A clock that is read before and after each reading of a sensor.
private final class Watch {
    private(set) var readings = 0
    private var durations: [UInt64]
    private var now: UInt64 = 0

    /// The first readings take so long, the others no time.
    init(durations: [UInt64]) {
        self.durations = durations
    }

    func read() -> UInt64 {
        readings += 1
        if readings % 2 == 0, !durations.isEmpty { now += durations.removeFirst() }
        return now
    }
}
