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
            var source = try HwmonSource(opening: HwmonDiscovery(sysfs: tree.root).sensors)
            #expect(readings(&source, at: second) == [.counter(UInt64.max - 1), .counter(0)])
            try tree.set("hwmon0/energy1_input", to: "7\n")
            try tree.set("hwmon0/power2_input", to: "4000000\n")
            #expect(readings(&source, at: 3 * second) == [.counter(7), .counter(6_000_000)])
        }
    }

    @Test(arguments: [
        ("", ReadFailure.empty), ("nonsense\n", .garbage), ("-4\n", .garbage), ("1000000000001\n", .garbage),
        ("99999999999999999999\n", .garbage),
    ])
    func `power that cannot be read is a gap, and integration starts anew after it`(
        content: String, failure: ReadFailure
    ) throws {
        try withHwmonTree { tree in
            try tree.add(0, "ina", ["power1_input": "1000000\n"])
            var source = try HwmonSource(opening: HwmonDiscovery(sysfs: tree.root).sensors)
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
            var source = try HwmonSource(opening: sensors)
            #expect(readings(&source, at: second) == [.failure(.driverError), .failure(.driverError)])
        }
    }

    @Test func `a sensor that went between finding and opening is an error`() throws {
        try withHwmonTree { tree in
            try tree.add(0, "ina", ["energy1_input": "1\n"])
            let sensors = HwmonDiscovery(sysfs: tree.root).sensors
            try tree.remove("hwmon0/energy1_input")
            let error = #expect(throws: SystemError.self) { _ = try HwmonSource(opening: sensors) }
            #expect(error?.code == .notFound)
        }
    }

    private func readings(_ source: inout HwmonSource, at nanoseconds: UInt64) -> [Reading] {
        [source.read(0, at: nanoseconds), source.read(1, at: nanoseconds)]
    }
}

extension HwmonSource {
    /// Reads one sensor at a time, at once.
    fileprivate mutating func read(_ index: Int, at nanoseconds: UInt64) -> Reading {
        let moment = Moment(monotonicNanoseconds: nanoseconds, boottimeNanoseconds: nanoseconds)
        return take(read(index), of: index, at: ReadSpan(moment))
    }
}
