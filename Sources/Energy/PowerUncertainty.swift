/// How far a measured mean power can be from the truth for reasons of reading the counter.
///
/// The counter is brought up to date about every 0.976 ms (1/1024 s) and shows whole units. Each of the two readings that make
/// a difference is therefore too low by at most the energy of one update period plus one unit, and at least by nothing; the
/// difference of two such errors is at most as large as one of them. Over an interval T at true mean power Q:
///
///     |P - Q| <= (Q x 0.976 ms + unit) / T
///
/// Q is at most P and the error more, which gives the bound by the measured power P alone:
///
///     |P - Q| <= (P x 0.976 ms + unit) / (T - 0.976 ms)
///
/// An interval of an update period or less says nothing of power.
///
/// What the counter itself gets wrong (it is a model on some processors) is not in it; see docs/accuracy.md.
public enum PowerUncertainty {
    public static let updatePeriodNanoseconds: UInt64 = 976_563

    /// The bound in microjoules for any interval at a mean power.
    public static func microjoules(meanMicrowatts: UInt64, unitMicrojoules: UInt64) -> UInt64 {
        let product = meanMicrowatts.multipliedFullWidth(by: updatePeriodNanoseconds)
        guard product.high < 1_000_000_000 else { return UInt64.max }
        let (stale, rest) = UInt64(1_000_000_000).dividingFullWidth(product)
        return stale + (rest > 0 ? 1 : 0) + unitMicrojoules
    }

    /// The bound in microwatts for the mean power of an interval; nil if the interval is too short to tell.
    public static func microwatts(
        meanMicrowatts: UInt64, unitMicrojoules: UInt64, intervalNanoseconds: UInt64
    ) -> UInt64? {
        guard intervalNanoseconds > updatePeriodNanoseconds else { return nil }
        let energy = microjoules(meanMicrowatts: meanMicrowatts, unitMicrojoules: unitMicrojoules)
        return Energy.microwatts(
            microjoules: energy, nanoseconds: intervalNanoseconds - updatePeriodNanoseconds)
    }
}
