/// What a family of summaries shows of a row: quantiles of lately, and all values since the start.
public struct PowerSummary: Sendable {
    /// Which quantiles there are, in thousandths, ascending.
    public static let quantileThousandths: InlineArray<3, UInt64> = [500, 950, 990]
    /// The same as a page shows them.
    static var quantileLabels: [String] { ["0.5", "0.95", "0.99"] }

    /// In the order of `quantileThousandths`; nil where there were no values lately.
    public let quantilesMicrowatts: InlineArray<3, UInt64>?
    /// How many values there were since the start.
    public let count: UInt64
    /// All of them added up, around 2^64 rather than a trap.
    public let sumMicrowatts: UInt64

    /// A summary of these quantiles, and of so many values.
    public init(quantilesMicrowatts: InlineArray<3, UInt64>?, count: UInt64, sumMicrowatts: UInt64) {
        self.quantilesMicrowatts = quantilesMicrowatts
        self.count = count
        self.sumMicrowatts = sumMicrowatts
    }

    /// The value of a quantile, by its position; absent where there is none.
    func quantile(_ index: Int) -> Value {
        quantilesMicrowatts.map { .micro($0[index]) } ?? .absent
    }
}
