/// Mean and spread of repeated measurements, in their own unit.
struct Statistics: Equatable {
    let mean: Int64
    /// Of the sample, with n - 1 in the denominator; nil for a single value.
    let standardDeviation: Int64?

    /// Nil if there are no values.
    init?(_ values: [Int64]) {
        guard !values.isEmpty else { return nil }
        let sum = values.reduce(into: Int128(0)) { $0 += Int128($1) }
        let mean = Statistics.rounded(sum, dividedBy: Int128(values.count))
        self.mean = mean
        guard values.count > 1 else {
            standardDeviation = nil
            return
        }
        let exactMean = Double(sum) / Double(values.count)
        let squares = values.reduce(into: 0.0) { $0 += (Double($1) - exactMean) * (Double($1) - exactMean) }
        let deviation = (squares / Double(values.count - 1)).squareRoot()
        standardDeviation = Int64(exactly: deviation.rounded()) ?? Int64.max
    }

    init?(_ values: [UInt64]) {
        self.init(values.map { Int64(clamping: $0) })
    }

    /// Half away from zero.
    private static func rounded(_ sum: Int128, dividedBy count: Int128) -> Int64 {
        let half = sum < 0 ? -(count / 2) : count / 2
        return Int64(clamping: (sum + half) / count)
    }
}
