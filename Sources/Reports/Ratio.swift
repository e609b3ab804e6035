/// The ratio of two means of independent samples, in millionths.
struct Ratio: Equatable {
    let millionths: Int64
    /// Its 95 % confidence interval by Fieller's theorem; nil where either sample is a single value, or where the means are too
    /// uncertain for the interval to have an end.
    let confidence: Statistics.Bounds?

    /// That of a mean to itself.
    static let ofItself = Ratio(millionths: 1_000_000, confidence: nil)

    private init(millionths: Int64, confidence: Statistics.Bounds?) {
        self.millionths = millionths
        self.confidence = confidence
    }

    /// Nil unless the denominator's mean is more than nothing.
    init?(of numerator: Statistics, to denominator: Statistics) {
        guard denominator.exactMean > 0 else { return nil }
        let value = numerator.exactMean / denominator.exactMean
        millionths = Statistics.rounded(value * 1e6)
        confidence = Ratio.fieller(numerator, denominator, value)
    }

    /// All ratios r for which `numerator - r * denominator` does not differ significantly from 0.
    private static func fieller(
        _ numerator: Statistics, _ denominator: Statistics, _ value: Double
    ) -> Statistics.Bounds? {
        guard let numeratorError = numerator.squaredError, let denominatorError = denominator.squaredError,
            let freedom = degreesOfFreedom(
                (numeratorError, numerator.count), (value * value * denominatorError, denominator.count))
        else { return nil }
        let quantile = StudentT.quantile(degreesOfFreedom: freedom)
        let (a, b) = (denominator.exactMean, numerator.exactMean)
        let (aError, bError) = (quantile * quantile * denominatorError, quantile * quantile * numeratorError)
        let scale = a * a - aError
        guard scale > 0 else { return nil }
        let root = (a * a * bError + b * b * aError - aError * bError).squareRoot()
        return Statistics.Bounds(
            low: Statistics.rounded((a * b - root) / scale * 1e6),
            high: Statistics.rounded((a * b + root) / scale * 1e6))
    }

    /// Those of Welch and Satterthwaite, rounded down, which makes the interval the wider; nil where either sample is a single value.
    private static func degreesOfFreedom(_ one: (error: Double, count: Int), _ other: (error: Double, count: Int))
        -> Int?
    {
        guard one.count > 1, other.count > 1 else { return nil }
        let fewest = min(one.count, other.count) - 1
        let parts = one.error * one.error / Double(one.count - 1) + other.error * other.error / Double(other.count - 1)
        guard parts > 0 else { return fewest }
        let sum = one.error + other.error
        return max(fewest, Int(min(sum * sum / parts, Double(one.count + other.count - 2))))
    }
}
