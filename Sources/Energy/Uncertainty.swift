/// How far the energy counted between two readings of a counter may be from what was used between the two moments.
///
/// A counter does not follow the energy but moves in steps: about once a millisecond the hardware adds to it, in whole
/// units. So a reading may be behind by what was used within one update period, and by up to one unit that was used and is
/// not shown yet. A start that is behind makes the difference too large, an end that is behind makes it too small; the bound
/// takes both at their worst and adds them up:
///
///     u = 2 x mean power x update period + 2 x unit
///
/// Since the two errors have opposite signs, one of them alone would be the bound if the power at both ends were the mean.
/// It seldom is (programs start and end with bursts and pauses), and adding both allows for twice the mean at either end.
///
/// This is a bound on what reading the counter adds, not a standard deviation. What the counter itself measures wrongly is
/// not in it.
public enum Uncertainty {
    /// 1/1024 s, the period at which RAPL adds to its counters.
    public static let updateNanoseconds: UInt64 = 976_562

    /// The bound in microjoules, rounded up; far beyond any machine's power it stays at the largest number.
    public static func microjoules(meanMicrowatts: UInt64, unitMicrojoules: UInt64) -> UInt64 {
        let (atBothEnds, overflows) = meanMicrowatts.multipliedReportingOverflow(by: 2 * updateNanoseconds)
        guard !overflows else { return UInt64.max }
        let (whole, rest) = atBothEnds.quotientAndRemainder(dividingBy: 1_000_000_000)
        return whole + (rest > 0 ? 1 : 0) + 2 * unitMicrojoules
    }
}

extension DomainAccount {
    /// The energy of one step of the counter, rounded: its register has 32 bits, so the modulus is 2^32 units.
    public var unitMicrojoules: UInt64 {
        let (whole, rest) = modulus.quotientAndRemainder(dividingBy: 1 << 32)
        return max(1, rest < 1 << 31 ? whole : whole + 1)
    }
}
