/// The unit of a hardware register that is shown in finer steps, learned from what it shows.
///
/// The kernel shifts the register's value to 2^-32 J, so all counts are multiples of the register's unit, a power of two: the zeros
/// that all of them end in tell it. Counts can happen to be multiples of more, which each further count makes less likely by half, so a
/// unit is believed after some of them, and a finer one at once when it shows.
struct LearnedUnit {
    /// So many different counts must have been seen; a wrong guess after them is one in 65,536, and ends by itself.
    private static let patience = 16

    private var bits: UInt64 = 0
    private var last: UInt64 = 0
    private var changes = 0

    /// Takes in a count of 2^-32 J.
    ///
    /// - Returns: the unit in microjoules, rounded up, if it is another one than before.
    mutating func take(_ count: UInt64) -> UInt64? {
        guard count != last else { return nil }
        last = count
        let before = microjoules
        bits |= count
        if changes < LearnedUnit.patience { changes += 1 }
        return microjoules == before ? nil : microjoules
    }

    /// Nil as long as it is not known.
    var microjoules: UInt64? {
        guard changes >= LearnedUnit.patience, bits > 0 else { return nil }
        let unit = (UInt64(1) << UInt64(bits.trailingZeroBitCount)).multipliedFullWidth(by: 1_000_000)
        let whole = unit.high << 32 | unit.low >> 32
        return unit.low & 0xFFFF_FFFF == 0 ? whole : whole + 1
    }
}
