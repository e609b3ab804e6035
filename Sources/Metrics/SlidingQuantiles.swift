/// Quantiles of the values of the last minute, and the count and the sum of all values since the start, in fixed memory.
///
/// A quantile is interpolated within a bucket 9 % wide, and never lies outside the extremes that are given with it.
public struct SlidingQuantiles: Sendable {
    private var buckets = SlidingBuckets()
    private var count: UInt64 = 0
    private var sumMicrowatts: UInt64 = 0

    /// Nothing was recorded yet.
    public init() {}

    /// Takes in a value at a moment of the monotonic clock.
    public mutating func record(microwatts: UInt64, at now: UInt64) {
        count += 1
        sumMicrowatts &+= microwatts
        buckets.record(microwatts: microwatts, at: now)
    }

    /// The summary at a moment of the monotonic clock.
    ///
    /// - Parameter extremes: of the last minute, as `SlidingExtremes` has them; without them there are no quantiles.
    public mutating func summary(
        at now: UInt64, within extremes: (lowest: UInt64, highest: UInt64)?
    ) -> PowerSummary {
        buckets.advance(to: now)
        return PowerSummary(
            quantilesMicrowatts: extremes.flatMap { quantiles(from: $0.lowest, to: $0.highest) }, count: count,
            sumMicrowatts: sumMicrowatts)
    }

    private mutating func quantiles(from lowest: UInt64, to highest: UInt64) -> InlineArray<3, UInt64>? {
        var result = InlineArray<3, UInt64>(repeating: 0)
        for index in result.indices {
            let thousandths = PowerSummary.quantileThousandths[index]
            guard let location = buckets.locate(thousandths: thousandths) else { return nil }
            result[index] = location.microwatts(from: lowest, to: highest)
        }
        return result
    }
}

extension SlidingBuckets.Location {
    /// The value there, interpolated linearly over the part of the bucket that the extremes leave.
    fileprivate func microwatts(from lowest: UInt64, to highest: UInt64) -> UInt64 {
        let upper = min(upperMicrowatts, Double(highest))
        let lower = min(max(lowerMicrowatts, Double(lowest)), upper)
        return min(max(UInt64(lower + (upper - lower) * share), lowest), highest)
    }
}
