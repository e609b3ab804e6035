import Bytes
import Counters

/// What a counter can have done between two readings.
extension CounterAccountant {
    /// Energy appears in steps of a millisecond, and a reading and its clock are not taken at the same instant: an interval is
    /// judged as if it were longer by this.
    static let slackNanoseconds: UInt64 = 5_000_000

    /// So long the counter cannot run through its range, as far as the bound holds: readings further apart are gaps.
    public var knowableNanoseconds: UInt64 {
        let whole = modulus.scaled(by: 1_000_000_000, over: boundMicrowatts)
        guard whole < UInt64.max else { return UInt64.max }
        return whole - min(whole, CounterAccountant.slackNanoseconds)
    }

    /// The most that can have been consumed between two readings while the machine was awake.
    ///
    /// Inlined, since a call would be given a copy of the accountant.
    @inline(__always)
    func plausible(from start: Anchor, to end: Anchor) -> UInt64 {
        most(between: start.moment.monotonicNanoseconds, end.moment.monotonicNanoseconds, start, end)
    }

    /// The most that can have been consumed in an interval, awake.
    @inline(__always)
    public func plausible(over intervalNanoseconds: UInt64) -> UInt64 {
        boundMicrowatts.scaled(
            by: intervalNanoseconds.saturatingSum(CounterAccountant.slackNanoseconds), over: 1_000_000_000)
    }

    /// The most that can have been consumed between two readings, if sleep takes as much as being awake.
    func plausibleAsleep(from start: Anchor, to end: Anchor) -> UInt64 {
        most(between: start.moment.boottimeNanoseconds, end.moment.boottimeNanoseconds, start, end)
    }

    /// How far a counter went forward to get from one value to another; nil if it cannot have.
    func distance(from start: UInt64, to end: UInt64) -> UInt64? {
        if end >= start { return end - start }
        return modulus == CounterFacts.neverWraps ? nil : modulus - start + end
    }

    /// How far a value lies ahead of another around the range, whether or not a counter can get there.
    func ahead(of start: UInt64, _ end: UInt64) -> UInt64 {
        end >= start ? end - start : modulus - start + end
    }

    /// The widest time decides: from before the first read until after the second. Moments may come from a ledger that somebody
    /// else wrote: they may be anything, and must not trap.
    @inline(__always)
    private func most(between start: UInt64, _ end: UInt64, _ first: Anchor, _ second: Anchor) -> UInt64 {
        let reading = (first.readNanoseconds.saturatingSum(second.readNanoseconds)).saturatingSum(1) / 2
        return plausible(over: (end - min(start, end)).saturatingSum(reading))
    }
}
