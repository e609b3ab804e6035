import TestSupport
import Testing

@testable import Metrics

@Suite struct SlidingQuantilesTests {
    private static let second: UInt64 = 1_000_000_000

    /// What the exporter keeps of a domain, and the values themselves to judge it by.
    private struct Domain {
        private var quantiles = SlidingQuantiles()
        private var extremes = SlidingExtremes()
        private var values: [(moment: UInt64, microwatts: UInt64)] = []

        mutating func record(_ microwatts: UInt64, at now: UInt64) {
            quantiles.record(microwatts: microwatts, at: now)
            extremes.record(microwatts, at: now)
            values.append((now, microwatts))
        }

        mutating func summary(at now: UInt64) -> PowerSummary {
            quantiles.summary(at: now, within: extremes.extremes(at: now))
        }

        func extremes(at now: UInt64) -> (lowest: UInt64, highest: UInt64)? { extremes.extremes(at: now) }

        /// The value that so many thousandths of those in the window are not above. The window begins with a part of 5 s.
        func truth(_ thousandths: UInt64, at now: UInt64) -> UInt64 {
            let first = (now / (5 * second) - min(now / (5 * second), 12)) * 5 * second
            let window = values.filter { $0.moment >= first }.map(\.microwatts).sorted()
            let rank = (UInt64(window.count) * thousandths + 999) / 1000
            return window[Int(max(rank, 1)) - 1]
        }
    }

    /// Values at equal distances, and what a summary says after the last.
    private func check(
        _ milliseconds: UInt64, count: UInt64, within factor: Double = 1.0906,
        sourceLocation: SourceLocation = #_sourceLocation, _ value: (UInt64) -> UInt64
    ) throws {
        var domain = Domain()
        var now = 1_000 * Self.second
        for index in 0..<count {
            now += milliseconds * 1_000_000
            domain.record(value(index), at: now)
        }
        let quantiles = try #require(domain.summary(at: now).quantilesMicrowatts, sourceLocation: sourceLocation)
        for index in quantiles.indices {
            let truth = Double(domain.truth(PowerSummary.quantileThousandths[index], at: now))
            let found = Double(quantiles[index])
            #expect(
                found <= truth * factor + 1 && found >= truth / factor - 1, "\(found) for \(truth)",
                sourceLocation: sourceLocation)
        }
    }

    @Test(arguments: [1, 5, 100, 1_000, 10_000] as [UInt64])
    func `quantiles are within a bucket's width of those of the values`(milliseconds: UInt64) throws {
        let count = min(70_000, 200_000 / milliseconds + 3)
        var generator = SplitMix64(seed: milliseconds)
        try check(milliseconds, count: count) { _ in 20_000_000 + generator.next() % 60_000_000 }
        try check(milliseconds, count: count) { 1_000_000 + $0 * 1_000 }
        try check(milliseconds, count: count) { $0 % 50 == 0 ? 90_000_000 : 28_000_000 }
        try check(milliseconds, count: count) { $0 % 3 == 0 ? 0 : 14_000_000 }
    }

    /// A single sample in the window is every quantile of it.
    @Test(arguments: [0, 1, 999, 49_999_999, 12_000_000_000, UInt64.max / 2, UInt64.max] as [UInt64])
    func `where all values are the same, so are all quantiles, to the microwatt`(microwatts: UInt64) throws {
        for count in [1, 3, 1_000] as [UInt64] {
            var domain = Domain()
            for index in 1...count { domain.record(microwatts, at: index * Self.second / 20) }
            let quantiles = try #require(domain.summary(at: count * Self.second / 20).quantilesMicrowatts)
            for index in quantiles.indices { #expect(quantiles[index] == microwatts) }
        }
    }

    @Test func `with a sample a minute there always are quantiles where there are extremes`() throws {
        var domain = Domain()
        for minute in 1...20 as ClosedRange<UInt64> {
            let start = minute * 60 * Self.second + 123_456_789
            domain.record(minute * 1_000_000, at: start)
            for second in 0..<60 as Range<UInt64> {
                let now = start + second * Self.second
                let summary = domain.summary(at: now)
                #expect((summary.quantilesMicrowatts == nil) == (domain.extremes(at: now) == nil))
                if let quantiles = summary.quantilesMicrowatts { #expect(quantiles[2] == minute * 1_000_000) }
            }
        }
    }

    @Test func `what is older than the window is forgotten, and count and sum are not`() throws {
        var domain = Domain()
        for tick in 0..<600 as Range<UInt64> {
            domain.record(90_000_000, at: 100 * Self.second + tick * Self.second / 10)
        }
        var summary = domain.summary(at: 160 * Self.second)
        #expect(try #require(summary.quantilesMicrowatts)[0] == 90_000_000)
        for tick in 0..<660 as Range<UInt64> {
            domain.record(7_000_000, at: 160 * Self.second + tick * Self.second / 10)
        }
        summary = domain.summary(at: 226 * Self.second)
        #expect(try #require(summary.quantilesMicrowatts)[2] == 7_000_000)
        #expect(summary.count == 1_260 && summary.sumMicrowatts == 600 * 90_000_000 + 660 * 7_000_000)
        summary = domain.summary(at: 9_000 * Self.second)
        #expect(summary.quantilesMicrowatts == nil && summary.count == 1_260)
    }

    @Test func `there are none without extremes, and none before the first value`() {
        var quantiles = SlidingQuantiles()
        #expect(quantiles.summary(at: 5, within: (0, .max)).quantilesMicrowatts == nil)
        quantiles.record(microwatts: 5, at: 6)
        #expect(quantiles.summary(at: 7, within: nil).quantilesMicrowatts == nil)
        #expect(quantiles.summary(at: 7, within: nil).count == 1)
    }

    /// A domain that hardly uses anything, and then for a moment thousands of watts, and the other way round.
    @Test func `values of any size are told apart to a small share of the highest`() throws {
        for (mostly, seldom) in [(3, 14_000_000_000), (14_000_000_000, 3), (0, 1), (1, 0)] as [(UInt64, UInt64)] {
            var domain = Domain()
            for tick in 1...600 as ClosedRange<UInt64> {
                domain.record(tick % 20 == 0 ? seldom : mostly, at: tick * Self.second / 10)
            }
            let quantiles = try #require(domain.summary(at: 60 * Self.second).quantilesMicrowatts)
            let bound = max(mostly, seldom) / 50_000 + 1
            for index in 0..<2 {
                #expect(quantiles[index] <= mostly + max(bound, mostly / 10))
                #expect(quantiles[index] + max(bound, mostly / 10) >= mostly)
            }
            #expect(quantiles[2] >= min(mostly, seldom) && quantiles[2] <= max(mostly, seldom))
        }
    }

    @Test(arguments: 0..<30 as Range<UInt64>)
    func `whatever comes when, quantiles ascend and lie between the extremes`(seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        var domain = Domain()
        var now = generator.next() % (1 << 50)
        for _ in 0..<2_000 {
            now += generator.next() % 50 == 0 ? generator.nextOfAnySize() % (200 * Self.second) : 100_000_000
            if generator.next() % 8 > 0 { domain.record(generator.nextOfAnySize(), at: now) }
            guard let quantiles = domain.summary(at: now).quantilesMicrowatts else { continue }
            guard let extremes = domain.extremes(at: now) else {
                Issue.record("quantiles without extremes")
                continue
            }
            #expect(extremes.lowest <= quantiles[0] && quantiles[0] <= quantiles[1])
            #expect(quantiles[1] <= quantiles[2] && quantiles[2] <= extremes.highest)
        }
    }
}
