import Testing

@testable import Metrics

@Suite struct PowerHistogramTests {
    @Test(arguments: [
        (UInt64(1_000_000), 0), (1_000_001, 1), (2_000_000, 8), (2_000_001, 9), (500_000, -8), (500_001, -7), (1, -159),
        (1_090_507, 1), (1_090_508, 2), (1_414_213, 4), (1_414_214, 5), (1_834_008, 7), (1_834_009, 8),
        (256_000_000, 64),
        (UInt64.max, 192),
    ])
    func `a value lies in the bucket whose bounds enclose it`(microwatts: UInt64, bucket: Int) {
        #expect(PowerHistogram.bucket(of: microwatts) == bucket)
    }

    @Test func `classic buckets count what the native ones do`() {
        var histogram = PowerHistogram()
        let values: [UInt64] = [0, 1, 499_999, 500_000, 500_001, 1_000_000, 64_000_000, 64_000_001, 5_000_000_000]
        for value in values { histogram.record(microwatts: value) }
        for (index, exponent) in PowerHistogram.classicExponents.enumerated() {
            let bound = exponent < 0 ? 500_000 : UInt64(1_000_000) << UInt64(exponent)
            #expect(histogram.classicCounts[index] == UInt64(values.filter { $0 <= bound }.count))
            #expect(Double(PowerHistogram.boundLabels[index]) == Double(bound) / 1_000_000)
        }
        #expect(histogram.count == UInt64(values.count))
        #expect(histogram.zeroCount == 1)
        #expect(histogram.sumMicrowatts == values.reduce(0, +))
    }

    @Test func `no more buckets are used than may be, and no value is lost`() {
        var histogram = PowerHistogram()
        var value: UInt64 = 1
        while value < 10_000_000_000_000 {
            histogram.record(microwatts: value)
            value += value / 20 + 1
        }
        var used = 0
        var sum: UInt64 = 0
        for bucket in PowerHistogram.bucketRange where histogram[bucket] > 0 {
            used += 1
            sum += histogram[bucket]
        }
        #expect(used == PowerHistogram.mostBuckets)
        #expect(sum == histogram.count)
    }
}

@Suite struct SlidingExtremesTests {
    private let second: UInt64 = 1_000_000_000

    @Test func `nothing recorded is unknown`() {
        #expect(SlidingExtremes().extremes(at: 5 * second) == nil)
    }

    @Test func `a peak is seen for the window's length and then no more`() {
        var extremes = SlidingExtremes()
        extremes.record(900, at: 100 * second)
        for now in 101...159 {
            extremes.record(UInt64(now), at: UInt64(now) * second)
            #expect(extremes.extremes(at: UInt64(now) * second)?.highest == 900)
            #expect(extremes.extremes(at: UInt64(now) * second)?.lowest == 101)
        }
        #expect(extremes.extremes(at: 160 * second)?.highest == 159)
        #expect(extremes.extremes(at: 300 * second) == nil)
    }

    @Test func `a second's place is not read as that of a minute ago`() {
        var extremes = SlidingExtremes()
        extremes.record(900, at: 10 * second)
        extremes.record(5, at: 70 * second)
        #expect(extremes.extremes(at: 70 * second)?.highest == 5)
    }
}
