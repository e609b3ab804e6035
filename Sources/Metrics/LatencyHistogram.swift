/// Counts of durations in fixed buckets, for a classic histogram; recording is a few comparisons.
public struct LatencyHistogram: Sendable {
    /// The buckets' upper bounds in microseconds, ascending.
    public static let boundsMicroseconds: InlineArray<8, UInt64> = [
        100, 500, 1_000, 5_000, 10_000, 50_000, 100_000, 1_000_000,
    ]
    /// The same in seconds, as a page shows them.
    public static var boundLabels: [String] { ["0.0001", "0.0005", "0.001", "0.005", "0.01", "0.05", "0.1", "1.0"] }

    private var counts = InlineArray<8, UInt64>(repeating: 0)
    /// How many durations there were.
    public private(set) var count: UInt64 = 0
    /// All durations added up, around 2^64 rather than a trap.
    public private(set) var sumNanoseconds: UInt64 = 0

    /// An empty histogram.
    public init() {}

    /// Takes in a duration.
    public mutating func record(nanoseconds: UInt64) {
        count += 1
        sumNanoseconds &+= nanoseconds
        for index in counts.indices where nanoseconds <= LatencyHistogram.boundsMicroseconds[index] * 1000 {
            counts[index] += 1
            return
        }
    }

    /// How many durations were at most the bucket's bound.
    public func cumulativeCount(upTo bucket: Int) -> UInt64 {
        var sum: UInt64 = 0
        for index in 0...bucket { sum += counts[index] }
        return sum
    }
}
