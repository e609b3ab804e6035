import Counters
import TestSupport
import Testing

@testable import Sources

/// Sensors that come, go and come back while the program runs.
@Suite struct SensorReturnTests {
    private let near = "pci0000:00/0000:03:00.0"
    private let far = "pci0000:00/0000:83:00.0"
    private let energy = ["energy1_input": "5\n", "energy1_label": "pkg\n"]

    @Test func `a chip that comes back under another number is the one that went`() throws {
        try withHwmonTree { tree in
            try tree.add(2, "psu", of: near, energy)
            try tree.add(3, "psu", of: far, energy)
            var sources = Sources.reading(.hwmon, tree.root)
            try tree.removeChip(2)
            try tree.removeChip(3)
            try tree.add(3, "psu", of: near, energy)
            try tree.add(2, "psu", of: far, energy)
            let result = sources.find([0, 1])
            #expect(result.reopened == [0, 1])
            #expect(result.renamed == [0, 1])
            #expect(sources.counters.map(\.name) == ["hwmon3/energy1_input", "hwmon2/energy1_input"])
            #expect(sources.counters.map(\.domain.tag) == ["psu_pkg", "psu_pkg_2"])
            try tree.set("hwmon2/energy1_input", to: "77\n")
            let reading = sources.hwmon.show(1)
            #expect(reading == .counter(77))
        }
    }

    @Test func `a chip that was never there before is one more, and takes nobody's name`() throws {
        try withHwmonTree { tree in
            try tree.add(2, "psu", of: far, energy)
            var sources = Sources.reading(.hwmon, tree.root)
            try tree.add(3, "psu", of: near, energy)
            let result = sources.find([])
            #expect(result.added == [1])
            #expect(sources.counters.map(\.domain.tag) == ["psu_pkg", "psu_pkg_2"])
            #expect(sources.counters[1].identity == "hwmon/devices/\(near)/psu/energy1=pkg")
        }
    }

    /// A meter that said "unknown" when the machine was started was once never measured.
    @Test func `a meter that does not know the power yet is measured once it does`() throws {
        try withHwmonTree { tree in
            try tree.add(0, "power_meter", ["power1_average": "4294967295000\n"])
            var sources = Sources.reading(.hwmon, tree.root)
            #expect(sources.counters.isEmpty == true)
            #expect(sources.report.refused(.hwmon).allSatisfy { $0.reason.mayPass })
            try tree.set("hwmon0/power1_average", to: "350000000\n")
            let result = sources.find([])
            #expect(result.added == [0])
            #expect(sources.zones.map(\.role) == [.counted])
        }
    }

    @Test func `a sensor that is too slow has one row, and is read again when its device appears anew`() throws {
        try withHwmonTree { tree in
            try tree.add(0, "corsairpsu", of: "usb1/1-4", ["energy1_input": "5\n"])
            var sources = Sources.reading(.hwmon, tree.root)
            _ = sources.takeSensor(0, 0, .counter(5), span(0, 600_000_000))
            sources.giveUp(0)
            let nothing = sources.find([0])
            #expect(nothing.reopened.isEmpty)
            #expect(sources.zones.map(\.role) == [.slow])
            try tree.removeChip(0)
            try tree.add(1, "corsairpsu", of: "usb1/1-4", ["energy1_input": "6\n"])
            let result = sources.find([0])
            #expect(result.reopened == [0])
            #expect(sources.zones.map(\.role) == [.counted])
            let reading = sources.hwmon.show(0)
            #expect(reading == .counter(6))
        }
    }

    @Test func `power above its limit is believed if the limit is another one now`() throws {
        try withHwmonTree { tree in
            try tree.add(0, "amdgpu", ["power1_average": "250000000\n", "power1_cap": "300000000\n"])
            var sources = Sources.reading(.hwmon, tree.root)
            #expect(sources.counters[0].boundMicrowatts == 1_000_000_000)
            let refused = sources.takeSensor(0, 0, .counter(1_500_000_000), span(0, 0))
            #expect(refused == .failure(.garbage))
            try tree.set("hwmon0/power1_cap", to: "800000000\n")
            let believed = sources.takeSensor(0, 0, .counter(1_500_000_000), span(0, 0))
            #expect(believed == .counter(0))
            #expect(sources.counters[0].boundMicrowatts == 1_600_000_000)
            #expect(sources.zones[0].limits.map(\.microwatts) == [800_000_000])
        }
    }

    private func span(_ start: UInt64, _ end: UInt64) -> ReadSpan {
        ReadSpan(
            before: Moment(monotonicNanoseconds: start, boottimeNanoseconds: start),
            after: Moment(monotonicNanoseconds: end, boottimeNanoseconds: end))
    }
}
