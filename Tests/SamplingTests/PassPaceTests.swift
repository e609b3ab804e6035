import Counters
import TestSupport
import Testing

@testable import Accounts
@testable import Sampling
@testable import Sources

/// How far apart passes are kept that take long.
@Suite struct PassPaceTests {
    private static let millisecond: UInt64 = 1_000_000
    private static let asked = 100 * millisecond

    @Test(
        arguments: [
            // A tenth is what an interval bears.
            ([10, 10, 10, 10], nil), ([11, 11], nil), ([11, 11, 11], 110), ([50, 12, 900], 120),
            ([900, 900, 5, 900, 900], nil), ([499, 499, 499], 4_990), ([3_000, 3_000, 3_000], 5_000),
            // It gets worse, and then a little better.
            ([20, 20, 20, 40, 40, 40], 400), ([40, 40, 40] + Array(repeating: 21, count: 20), 400),
        ] as [([UInt64], UInt64?)])
    func `passes that take more than a tenth of the time three times in a row are further apart`(
        milliseconds: [UInt64], interval: UInt64?
    ) {
        #expect(pace(milliseconds).intervalNanoseconds == interval.map { $0 * Self.millisecond })
    }

    @Test(arguments: [(1, nil), (10, nil), (12, 120), (19, 190)] as [(UInt64, UInt64?)])
    func `ten in a row that take less than half of that are closer together again`(
        milliseconds: UInt64, interval: UInt64?
    ) {
        let slow: [UInt64] = [40, 40, 40]
        #expect(
            pace(slow + Array(repeating: milliseconds, count: 9)).intervalNanoseconds == 400 * Self.millisecond)
        #expect(
            pace(slow + Array(repeating: milliseconds, count: 10)).intervalNanoseconds
                == interval.map { $0 * Self.millisecond })
    }

    @Test func `a pass that takes for ever is no number that overflows`() {
        var pace = PassPace()
        for _ in 0..<3 { _ = pace.take(passNanoseconds: .max, every: Self.asked) }
        #expect(pace.intervalNanoseconds == PassPace.longestNanoseconds)
    }

    @Test func `an interval of a minute is never longer for it`() {
        var pace = PassPace()
        for _ in 0..<9 { _ = pace.take(passNanoseconds: 20_000 * Self.millisecond, every: 60_000 * Self.millisecond) }
        #expect(pace.intervalNanoseconds == nil)
    }

    private func pace(_ milliseconds: [UInt64]) -> PassPace {
        var pace = PassPace()
        for duration in milliseconds {
            let before = pace.intervalNanoseconds
            let hasChanged = pace.take(passNanoseconds: duration * Self.millisecond, every: Self.asked)
            #expect(hasChanged == (before != pace.intervalNanoseconds))
        }
        return pace
    }
}

/// What that means for a machine with slow counters.
@Suite struct SlowPassTests {
    @Test func `ticks are passed over while counters are slow, and no energy is lost`() throws {
        try withBench { bench in
            bench.setReadTime(milliseconds: 60)
            // Three until it is known, then one in 600 ms.
            let slow = try bench.tick(63)
            #expect(slow == 3 + 10)
            #expect(bench.sampling.pace.intervalNanoseconds == 600_000_000)
            bench.setReadTime(milliseconds: 0)
            let layout = bench.sampling.layoutGeneration
            let recovering = try bench.tick(60)
            #expect(recovering == 10)
            #expect(bench.sampling.pace.intervalNanoseconds == nil)
            #expect(bench.sampling.layoutGeneration > layout, "what is shown of it changes")
            let quick = try bench.tick(10)
            #expect(quick == 10)
            #expect(bench.sampling.accounts[0].totalMicrojoules == (63 + 60 + 10 - 1) * 4_000_000)
        }
    }

    @Test func `a scrape causes no pass while they take long`() throws {
        try withBench { bench in
            _ = try bench.tick(3)
            #expect(bench.scrape(afterMilliseconds: 150) == true)
            bench.setReadTime(milliseconds: 60)
            _ = try bench.tick(9)
            #expect(bench.scrape(afterMilliseconds: 4_000) == false)
            bench.setReadTime(milliseconds: 0)
            _ = try bench.tick(60)
            #expect(bench.scrape(afterMilliseconds: 150) == true)
        }
    }

    @Test func `passes between ticks keep the same distance`() throws {
        try withBench { bench in
            bench.setReadTime(milliseconds: 400)
            _ = try bench.tick(3)
            let last = bench.sampling.lastPassNanoseconds
            #expect(bench.sampling.millisecondsToNextPass(at: last, every: 1_000_000_000) == 4_000)
        }
    }

    @Test func `what a counter bears comes first`() throws {
        try withBench { bench in
            bench.setBound(microwatts: 200_000_000_000)
            bench.setReadTime(milliseconds: 400)
            _ = try bench.tick(3)
            let last = bench.sampling.lastPassNanoseconds
            let longest = bench.sampling.longestIntervalNanoseconds
            #expect(longest < 4_000_000_000)
            #expect(bench.sampling.isResting(at: last + longest, every: 100_000_000) == false)
        }
    }

    private func withBench(_ body: (inout Bench) throws -> Void) throws {
        try withPowercapTree(["0": "package-0"]) { tree in
            try tree.setCounter("intel-rapl:0", 5_000_000_000)
            var bench = Bench(tree)
            try body(&bench)
        }
    }

    /// A package at a constant 40 W, ticks ten times a second as the loop takes them, and a clock that only they move.
    private struct Bench: ~Copyable {
        private(set) var sampling: Sampling
        private let tree: PowercapTree
        private let begin: Moment
        private var now: Moment

        init(_ tree: PowercapTree) {
            sampling = Sampling(.powercap(tree.root, time: .replay))
            self.tree = tree
            begin = .now()
            now = begin
        }

        mutating func setReadTime(milliseconds: UInt64) {
            sampling.sources.time = milliseconds == 0 ? .replay : .slowReplay(readNanoseconds: milliseconds * 1_000_000)
        }

        mutating func setBound(microwatts: UInt64) { sampling.setBound(0, microwatts) }

        /// - Returns: how many of the ticks read the counters.
        mutating func tick(_ count: Int) throws -> Int {
            var passes = 0
            for _ in 0..<count {
                now.monotonicNanoseconds += 100_000_000
                now.boottimeNanoseconds += 100_000_000
                guard !sampling.isResting(at: now.monotonicNanoseconds, every: 100_000_000) else { continue }
                let elapsed = now.monotonicNanoseconds - begin.monotonicNanoseconds
                try tree.setCounter("intel-rapl:0", 5_000_000_000 + elapsed / 1_000 * 40)
                _ = sampling.pass(at: now, every: 100_000_000)
                passes += 1
            }
            return passes
        }

        /// - Returns: whether a scrape so long after the latest pass causes one.
        mutating func scrape(afterMilliseconds milliseconds: UInt64) -> Bool {
            var moment = now
            moment.monotonicNanoseconds = sampling.lastPassNanoseconds + milliseconds * 1_000_000
            return sampling.refreshIfStale(at: moment, every: 100_000_000)
        }
    }
}
