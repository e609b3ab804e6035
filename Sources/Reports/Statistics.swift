/// Mean and spread of repeated measurements, in their own unit.
struct Statistics: Equatable {
    /// How many values there are.
    let count: Int
    let mean: Int64
    /// Of the sample, with n - 1 in the denominator; nil for a single value.
    let standardDeviation: Int64?
    /// Both before they were rounded.
    let exactMean: Double
    private let exactDeviation: Double?

    /// A range, its ends included.
    struct Bounds: Equatable {
        let low: Int64
        let high: Int64
    }

    /// Nil if there are no values.
    init?(_ values: [Int64]) {
        guard !values.isEmpty else { return nil }
        let sum = values.reduce(into: Int128(0)) { $0 += Int128($1) }
        let exactMean = Double(sum) / Double(values.count)
        count = values.count
        mean = Statistics.rounded(sum, dividedBy: Int128(values.count))
        self.exactMean = exactMean
        exactDeviation = Statistics.deviation(values, exactMean)
        standardDeviation = exactDeviation.map(Statistics.rounded)
    }

    init?(_ values: [UInt64]) {
        self.init(values.map { Int64(clamping: $0) })
    }

    /// The square of the standard error of the mean; nil for a single value.
    var squaredError: Double? { exactDeviation.map { $0 * $0 / Double(count) } }

    /// The 95 % confidence interval of the mean, by Student's t; nil for a single value.
    var confidence: Bounds? {
        guard let squaredError else { return nil }
        let half = StudentT.quantile(degreesOfFreedom: count - 1) * squaredError.squareRoot()
        return Bounds(low: Statistics.rounded(exactMean - half), high: Statistics.rounded(exactMean + half))
    }

    /// The nearest whole number, or the largest or smallest one.
    static func rounded(_ value: Double) -> Int64 {
        Int64(exactly: value.rounded()) ?? (value < 0 ? .min : .max)
    }

    private static func deviation(_ values: [Int64], _ mean: Double) -> Double? {
        guard values.count > 1 else { return nil }
        let squares = values.reduce(into: 0.0) { $0 += (Double($1) - mean) * (Double($1) - mean) }
        return (squares / Double(values.count - 1)).squareRoot()
    }

    /// Half away from zero.
    private static func rounded(_ sum: Int128, dividedBy count: Int128) -> Int64 {
        let half = sum < 0 ? -(count / 2) : count / 2
        return Int64(clamping: (sum + half) / count)
    }
}
