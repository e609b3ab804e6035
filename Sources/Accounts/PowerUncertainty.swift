import Bytes

/// How far a measured mean power can be from the truth for reasons of reading the counter.
///
/// A counter is brought up to date once in an update period U (1/1024 s for RAPL) and shows whole units. Each of the two readings
/// that make a difference is therefore too low by at most the energy of one update period plus one unit, and at least by nothing;
/// the difference of two such errors is at most as large as one of them. Over an interval T at true mean power Q:
///
///     |P - Q| <= (Q x U + unit) / T
///
/// Q is at most P and the error more, which gives the bound by the measured power P alone:
///
///     |P - Q| <= (P x U + unit) / (T - U)
///
/// What a reading shows is of some moment while it was read, and it is dated to the middle. With W, the mean of how long the two
/// readings took, the interval may be longer or shorter by W, which has the effect of an update period that is longer by W.
///
/// An interval of U + W or less says nothing of power.
///
/// What the counter itself gets wrong (it is a model on some processors) is not in it; see docs/accuracy.md.
public struct PowerUncertainty: Sendable, Equatable {
    private let unitMicrojoules: UInt64
    private let updatePeriodNanoseconds: UInt64

    /// For a counter that moves by this unit and is brought up to date so often.
    public init(unitMicrojoules: UInt64, updatePeriodNanoseconds: UInt64) {
        self.unitMicrojoules = unitMicrojoules
        self.updatePeriodNanoseconds = updatePeriodNanoseconds
    }

    /// The bound in microjoules for any interval at a mean power, whose two readings took so long on average.
    public func microjoules(meanMicrowatts: UInt64, readNanoseconds: UInt64 = 0) -> UInt64 {
        let (stale, rest) = meanMicrowatts.scaledWithRemainder(
            by: updatePeriodNanoseconds.saturatingSum(readNanoseconds), over: 1_000_000_000)
        return stale.saturatingSum(rest > 0 ? 1 : 0).saturatingSum(unitMicrojoules)
    }

    /// The bound in microwatts for the mean power of an interval; nil if the interval is too short to tell.
    public func microwatts(
        meanMicrowatts: UInt64, intervalNanoseconds: UInt64, readNanoseconds: UInt64 = 0
    ) -> UInt64? {
        let unsure = updatePeriodNanoseconds.saturatingSum(readNanoseconds)
        guard intervalNanoseconds > unsure else { return nil }
        return Accounts.microwatts(
            microjoules: microjoules(meanMicrowatts: meanMicrowatts, readNanoseconds: readNanoseconds),
            nanoseconds: intervalNanoseconds - unsure)
    }
}
