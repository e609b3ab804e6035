import Metrics
import Testing

@Suite struct LatencyHistogramTests {
    private static let buckets = 0..<8

    @Test func `a new histogram has counted nothing`() {
        let histogram = LatencyHistogram()
        #expect(histogram.count == 0)
        #expect(histogram.sumNanoseconds == 0)
        #expect(counts(histogram) == [0, 0, 0, 0, 0, 0, 0, 0])
    }

    @Test(arguments: buckets)
    func `a duration at a bound counts there and above`(bucket: Int) {
        var histogram = LatencyHistogram()
        histogram.record(nanoseconds: bound(bucket))
        #expect(counts(histogram) == Self.buckets.map { $0 >= bucket ? 1 : 0 })
    }

    @Test(arguments: buckets)
    func `a nanosecond below a bound counts there as well`(bucket: Int) {
        var histogram = LatencyHistogram()
        histogram.record(nanoseconds: bound(bucket) - 1)
        #expect(counts(histogram) == Self.buckets.map { $0 >= bucket ? 1 : 0 })
    }

    @Test(arguments: buckets)
    func `a nanosecond beyond a bound counts only above`(bucket: Int) {
        var histogram = LatencyHistogram()
        histogram.record(nanoseconds: bound(bucket) + 1)
        #expect(counts(histogram) == Self.buckets.map { $0 > bucket ? 1 : 0 })
        #expect(histogram.count == 1, "beyond the last bound it is still counted, which +Inf shows")
    }

    @Test func `no time at all counts everywhere`() {
        var histogram = LatencyHistogram()
        histogram.record(nanoseconds: 0)
        #expect(counts(histogram) == [1, 1, 1, 1, 1, 1, 1, 1])
        #expect(histogram.sumNanoseconds == 0)
    }

    @Test func `counts and sum add up over many durations`() {
        var histogram = LatencyHistogram()
        for bucket in Self.buckets {
            for _ in 0...bucket { histogram.record(nanoseconds: bound(bucket)) }
        }
        histogram.record(nanoseconds: 2_000_000_000)
        #expect(counts(histogram) == [1, 3, 6, 10, 15, 21, 28, 36])
        #expect(histogram.count == 37)
        let sum = Self.buckets.map { bound($0) * UInt64($0 + 1) }.reduce(2_000_000_000, +)
        #expect(histogram.sumNanoseconds == sum)
    }

    @Test func `an absurd duration does not trap`() {
        var histogram = LatencyHistogram()
        histogram.record(nanoseconds: UInt64.max)
        histogram.record(nanoseconds: UInt64.max)
        #expect(histogram.count == 2)
        #expect(counts(histogram) == [0, 0, 0, 0, 0, 0, 0, 0])
    }

    @Test func `the bounds ascend, and the labels say the same in seconds`() {
        let bounds = Self.buckets.map { LatencyHistogram.boundsMicroseconds[$0] }
        #expect(bounds == Array(Set(bounds)).sorted())
        for bucket in Self.buckets {
            #expect(Double(LatencyHistogram.boundLabels[bucket]) == Double(bounds[bucket]) / 1_000_000)
        }
    }

    private func bound(_ bucket: Int) -> UInt64 {
        LatencyHistogram.boundsMicroseconds[bucket] * 1000
    }

    private func counts(_ histogram: LatencyHistogram) -> [UInt64] {
        Self.buckets.map { histogram.cumulativeCount(upTo: $0) }
    }
}
