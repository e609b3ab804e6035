import Counters
import Kernel
import TestSupport
import Testing

@testable import Sources

@Suite struct HwmonSourceTests {
    private let second: UInt64 = 1_000_000_000

    @Test func `energy is read as it is, power is integrated beside it`() throws {
        try withHwmonTree { tree in
            try tree.add(0, "ina", ["energy1_input": "18446744073709551614\n", "power2_input": "2000000\n"])
            var source = try open(tree)
            #expect(readings(&source, at: second) == [.counter(UInt64.max - 1), .counter(0)])
            try tree.set("hwmon0/energy1_input", to: "7\n")
            try tree.set("hwmon0/power2_input", to: "4000000\n")
            #expect(readings(&source, at: 3 * second) == [.counter(7), .counter(6_000_000)])
        }
    }

    @Test(arguments: [
        ("", ReadFailure.empty), ("nonsense\n", .garbage), ("-\n", .garbage), ("1000000000001\n", .garbage),
        ("99999999999999999999\n", .garbage),
    ])
    func `power that cannot be read is a gap, and integration starts anew after it`(
        content: String, failure: ReadFailure
    ) throws {
        try withHwmonTree { tree in
            try tree.add(0, "ina", ["power1_input": "1000000\n"])
            var source = try open(tree)
            _ = source.read(0, at: 0)
            let before = source.read(0, at: second)
            #expect(before == .counter(1_000_000))
            try tree.set("hwmon0/power1_input", to: content)
            let failed = source.read(0, at: 2 * second)
            #expect(failed == .failure(failure))
            try tree.set("hwmon0/power1_input", to: "1000000\n")
            let after = source.read(0, at: 3 * second)
            #expect(after == .counter(1_000_000, afterGap: true))
            let later = source.read(0, at: 4 * second)
            #expect(later == .counter(2_000_000))
        }
    }

    @Test func `a driver that fails is said to fail`() throws {
        try withHwmonTree { tree in
            try tree.add(0, "ina", ["energy1_input": "1\n", "power2_input": "1\n"])
            let sensors = HwmonDiscovery(sysfs: tree.root).sensors
            try tree.breakSensor("hwmon0/energy1_input")
            try tree.breakSensor("hwmon0/power2_input")
            var source = HwmonSource()
            for sensor in sensors { try source.append(sensor) }
            #expect(readings(&source, at: second) == [.failure(.driverError), .failure(.driverError)])
        }
    }

    @Test func `a sensor that went between finding and opening is an error`() throws {
        try withHwmonTree { tree in
            try tree.add(0, "ina", ["energy1_input": "1\n"])
            let sensors = HwmonDiscovery(sysfs: tree.root).sensors
            try tree.remove("hwmon0/energy1_input")
            let error = #expect(throws: SystemError.self) {
                var source = HwmonSource()
                try source.append(sensors[0])
            }
            #expect(error?.code == .notFound)
        }
    }

    @Test func `a card that is suspended is asleep, whatever it says that with`() {
        #expect(ReadFailure(sensor: .operationNotPermitted) == .asleep)
        #expect(ReadFailure(sensor: .noData) == .asleep)
        #expect(ReadFailure(sensor: .noDevice) == .unregistered)
        #expect(ReadFailure(sensor: .permissionDenied) == .other)
    }

    /// A negative reading was once garbage, each time and for ever.
    @Test func `power that flows back is no use, and is not taken away from what was used`() throws {
        try withHwmonTree { tree in
            try tree.add(0, "ltc2947", ["power1_input": "4000000\n"])
            var source = try open(tree)
            _ = source.read(0, at: 0)
            try tree.set("hwmon0/power1_input", to: "-15000000\n")
            let turned = source.read(0, at: second)
            #expect(turned == .counter(2_000_000), "from 4 W to none")
            let later = source.read(0, at: 3 * second)
            #expect(later == .counter(2_000_000))
        }
    }

    @Test func `the time of power is the middle of its reading`() throws {
        try withHwmonTree { tree in
            try tree.add(0, "ina", ["power1_input": "1000000\n"])
            var source = try open(tree)
            let first = source.read(0, from: 0, to: 10_000_000)
            #expect(first == .counter(0))
            let next = source.read(0, from: second, to: second + 20_000_000)
            #expect(next == .counter(1_005_000))
        }
    }

    @Test func `a sensor that is too slow is not read any more until it is opened again`() throws {
        try withHwmonTree { tree in
            try tree.add(0, "corsairpsu", ["power1_input": "1000000\n", "energy2_input": "5\n"])
            var source = try open(tree)
            _ = source.read(1, from: 0, to: 1)
            // The reading that takes too long still counts: 1 W for 1.5 s to its middle.
            let last = source.read(1, from: second, to: 2 * second)
            #expect(last == .counter(1_500_000))
            let refused = source.read(1, from: 3 * second, to: 3 * second)
            #expect(refused == .failure(.slow))
            let slow = source.slowNanoseconds(1)
            #expect(slow == second)
            let other = source.read(0, from: 3 * second, to: 3 * second)
            #expect(other == .counter(5), "the chip's other sensor is read on")
            try source.reopen(1, HwmonDiscovery(sysfs: tree.root).sensors[1])
            let again = source.read(1, from: 9 * second, to: 9 * second)
            #expect(again == .counter(1_500_000, afterGap: true))
        }
    }

    private func open(_ tree: HwmonTree) throws -> HwmonSource {
        var source = HwmonSource()
        for sensor in HwmonDiscovery(sysfs: tree.root).sensors { try source.append(sensor) }
        return source
    }

    private func readings(_ source: inout HwmonSource, at nanoseconds: UInt64) -> [Reading] {
        [source.read(0, at: nanoseconds), source.read(1, at: nanoseconds)]
    }
}

extension HwmonSource {
    /// Reads a sensor that takes no time.
    fileprivate mutating func read(_ index: Int, at nanoseconds: UInt64) -> Reading {
        read(index, from: nanoseconds, to: nanoseconds)
    }

    /// Reads a sensor that takes its time.
    fileprivate mutating func read(_ index: Int, from start: UInt64, to end: UInt64) -> Reading {
        let shown = show(index)
        return take(index, shown, from: start, to: end, boundMicrowatts: 100_000_000_000)
    }
}
