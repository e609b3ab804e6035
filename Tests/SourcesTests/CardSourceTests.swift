import Counters
import TestSupport
import Testing

@testable import Sources

/// Reading graphics cards: what sleeps is left asleep, and what stands still is no counter.
@Suite struct CardSourceTests {
    private let near = "0000:03:00.0"
    private let second: UInt64 = 1_000_000_000

    @Test func `an accumulator is read in microjoules`() throws {
        try withHwmonTree { tree in
            try tree.addCard(1, "amdgpu", at: near, ["power1_average": "15000000\n"])
            try tree.setMetrics(1, gpuMetrics(content: 4, size: 288, energy: 65_536))
            var source = try HwmonSource(opening: HwmonDiscovery(sysfs: tree.root).sensors)
            let first = source.show(0)
            #expect(first == .counter(1_000_000))
            try tree.setMetrics(1, gpuMetrics(content: 4, size: 288, energy: 65_537))
            let next = source.show(0)
            #expect(next == .counter(1_000_015))
            for broken in [gpuMetrics(content: 4, size: 288), [], gpuMetrics(format: 2, content: 1, size: 120)] {
                try tree.setMetrics(1, broken)
                let reading = source.show(0)
                #expect(reading == .failure(.garbage))
            }
        }
    }

    @Test(arguments: ["xe", "i915"])
    func `a card that sleeps is not read, and goes on where it was`(driver: String) throws {
        try withHwmonTree { tree in
            try tree.addCard(1, driver, at: near, ["energy1_input": "5\n"])
            var source = try HwmonSource(opening: HwmonDiscovery(sysfs: tree.root).sensors)
            try tree.set("hwmon1/energy1_input", to: "9\n")
            for (status, reading) in [
                ("suspended", Reading.failure(.asleep)), ("suspending", .failure(.asleep)), ("resuming", .counter(9)),
                ("unsupported", .counter(9)), ("", .counter(9)),
            ] {
                try tree.setStatus(1, status)
                let shown = source.show(0)
                #expect(shown == reading, "\(status)")
            }
        }
    }

    @Test func `the limits of a card that sleeps are not read`() throws {
        try withHwmonTree { tree in
            try tree.addCard(1, "xe", at: near, ["energy1_input": "5\n", "power1_max": "200000000\n"])
            var sources = Sources.reading(.hwmon, tree.root)
            try tree.set("hwmon1/power1_max", to: "300000000\n")
            try tree.setStatus(1, "suspended")
            let asleep = sources.refreshBound(0)
            #expect(asleep == 400_000_000)
            try tree.setStatus(1, "active")
            let awake = sources.refreshBound(0)
            #expect(awake == 600_000_000)
        }
    }

    @Test func `an accumulator that stands still while its card runs gives way to power`() throws {
        try withHwmonTree { tree in
            try tree.addCard(1, "amdgpu", at: near, ["power1_average": "15000000\n"])
            try tree.setMetrics(1, gpuMetrics(content: 3, size: 120, energy: 65_536))
            var sources = Sources.reading(.hwmon, tree.root)
            #expect(sources.counters.map(\.isEstimate) == [false])
            for seconds in [0, 9] as [UInt64] {
                let shown = sources.takeSensor(0, 0, .counter(1_000_000), span(seconds * second))
                #expect(shown == .counter(1_000_000))
            }
            let stuck = sources.takeSensor(0, 0, .counter(1_000_000), span(10 * second))
            #expect(stuck == .failure(.unregistered))
            let result = sources.find([0])
            #expect(result.reopened == [0])
            #expect(sources.counters.map(\.name) == ["hwmon1/power1_average"])
            #expect(sources.counters.map(\.identity) == ["gpu/amdgpu/0000:03:00.0"])
            #expect(sources.counters.map(\.isEstimate) == [true])
            for seconds in [11, 13] as [UInt64] {
                _ = sources.takeSensor(0, 0, .counter(15_000_000), span(seconds * second))
            }
            let later = sources.takeSensor(0, 0, .counter(15_000_000), span(14 * second))
            #expect(later == .counter(45_000_000))
        }
    }

    @Test func `an accumulator that moves, or whose card sleeps, is not given up`() throws {
        var watch = AccumulatorWatch()
        for turn in 0..<10 as Range<UInt64> { watch.take(.counter(turn), at: turn * 9 * second) }
        #expect(!watch.isStuck)
        watch.take(.failure(.asleep), at: 85 * second)
        watch.take(.counter(9), at: 200 * second)
        watch.take(.counter(9), at: 209 * second)
        #expect(!watch.isStuck)
        watch.take(.counter(9), at: 210 * second)
        #expect(watch.isStuck)
    }

    @Test func `registers of 32 bits are read twice a minute, whatever the interval is`() throws {
        for (driver, longest) in [("xe", 30 * second), ("i915", 30 * second), ("amdgpu", UInt64.max)] {
            try withHwmonTree { tree in
                try tree.addCard(1, driver, at: near, ["energy1_input": "5\n", "power1_average": "5\n"])
                let sources = Sources.reading(.hwmon, tree.root)
                #expect(sources.longestIntervalNanoseconds == longest)
            }
        }
    }

    @Test func `cards keep their numbers when others come first`() throws {
        try withHwmonTree { tree in
            try tree.addCard(1, "xe", at: "0000:83:00.0", ["energy1_input": "5\n"])
            try tree.addCard(2, "xe", at: near, ["energy1_input": "5\n"])
            var sources = Sources.reading(.hwmon, tree.root)
            #expect(sources.counters.map(\.domain.tag) == ["xe_0", "xe_1"])
            #expect(sources.counters.map(\.identity) == ["gpu/xe/0000:03:00.0", "gpu/xe/0000:83:00.0"])
            sources.recall([("gpu/xe/0000:83:00.0", "xe_0")])
            #expect(sources.counters.map(\.domain.tag) == ["xe_1", "xe_0"])
            #expect(sources.counters.map(\.domain.kind) == [.gpu, .gpu])
        }
    }

    @Test func `a card in a feed of sensors is the card that we know`() {
        #expect(FeedDiscovery.identity("gpu/xe/0000:03:00.0", of: "hwmon", isGPU: true) == "gpu/xe/0000:03:00.0")
        #expect(FeedDiscovery.identity("GPU-1", of: "nvidia", isGPU: true) == "gpu/nvidia/GPU-1")
        #expect(
            FeedDiscovery.identity("gpu/xe/0000:03:00.0", of: "any", isGPU: false) == "feeds/any/gpu/xe/0000:03:00.0")
    }

    private func span(_ moment: UInt64) -> ReadSpan {
        let moment = Moment(monotonicNanoseconds: moment, boottimeNanoseconds: moment)
        return ReadSpan(before: moment, after: moment)
    }
}
