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

    @Test func `every bucket begins above the bound of the one before, up to its own`() {
        for bucket in PowerHistogram.bucketRange where bucket > -60 && bucket <= 192 {
            let bound = PowerHistogram.upperWatts(ofBucket: bucket) * 1_000_000
            guard bound < 0x1p53 else { break }
            let last = UInt64(bound)
            #expect(PowerHistogram.bucket(of: last) == bucket, "\(last) uW")
            #expect(
                PowerHistogram.bucket(of: last + 1) == min(bucket + 1, PowerHistogram.bucketRange.upperBound),
                "\(last + 1) uW")
        }
    }

    @Test func `classic buckets count what the native ones do`() {
        var histogram = PowerHistogram()
        let values: [UInt64] = [0, 1, 499_999, 500_000, 500_001, 1_000_000, 64_000_000, 64_000_001, 5_000_000_000]
        for value in values { histogram.record(microwatts: value) }
        let labels = PowerHistogram.boundLabels
        let bounds = labels.compactMap(Double.init)
        #expect(bounds.count == PowerHistogram.classicCount && labels.count == bounds.count)
        for (index, bound) in bounds.enumerated() {
            #expect(histogram.classicCounts[index] == UInt64(values.filter { Double($0) / 1_000_000 <= bound }.count))
        }
        #expect(histogram.count == UInt64(values.count))
        #expect(histogram.zeroCount == 1)
        #expect(histogram.sumMicrowatts == values.reduce(0, +))
    }

    @Test func `four classic buckets make a doubling, and each fourth bound is a power of two`() {
        let bounds = PowerHistogram.boundLabels.compactMap(Double.init)
        #expect(bounds.first == 0.5 && bounds.last == 4096)
        for (lower, upper) in zip(bounds, bounds.dropFirst(4)) { #expect(upper == 2 * lower) }
        for (lower, upper) in zip(bounds, bounds.dropFirst()) { #expect(abs(upper / lower - 1.189207115) < 1e-9) }
        #expect(
            PowerHistogram.boundLabels.prefix(5) == [
                "0.5", "0.5946035575013605", "0.7071067811865476", "0.8408964152537145", "1.0",
            ])
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
