import Bytes
public import Counters

/// Turns the raw readings of one wrapping counter into a total that only grows.
///
/// Pure: it knows neither clocks nor files. The rule is that nothing is added that was not consumed, as far as the bound of
/// plausible power holds:
///
/// - A step forward is taken, unless it implies more power than is plausible: then the counter was set anew.
/// - A step backward is a wrap if the power that it implies is plausible over the time *awake*, and otherwise a reset, which
///   adds the new reading, if at least that is plausible. Time asleep makes nothing plausible: the processor was off.
/// - Over an interval in which the counter can have run through its whole range, the smaller of what a wrap and what a reset
///   would mean is added.
public struct CounterAccountant: Sendable, Equatable {
    /// Where the counter starts again from 0.
    public private(set) var modulus: UInt64
    /// More power than this is not believed.
    public private(set) var boundMicrowatts: UInt64
    /// Everything counted since the first reading, in microjoules.
    public private(set) var totalMicrojoules: UInt64 = 0
    /// How often the counter ran through its range.
    public private(set) var wraps: UInt64 = 0
    /// How often it was set anew or replaced.
    public private(set) var resets: UInt64 = 0
    /// How often some of what was used stayed unknown, because nobody could follow the counter for a while.
    public private(set) var gaps: UInt64 = 0
    /// The latest reading within the range, and when it was taken.
    public private(set) var last: Anchor?

    /// A reading from which the next step is measured.
    public struct Anchor: Sendable, Equatable {
        /// What the counter showed.
        public var raw: UInt64
        /// When it was read.
        public var moment: Moment

        /// A reading and when it was taken.
        public init(raw: UInt64, moment: Moment) {
            self.raw = raw
            self.moment = moment
        }
    }

    /// Energy appears in steps of a millisecond, and a reading and its clock are not taken at the same instant: an interval is
    /// judged as if it were longer by this.
    static let slackNanoseconds: UInt64 = 5_000_000
    /// Less than this difference between the two clocks is no sleep.
    private static let shortestSleepNanoseconds: UInt64 = 10_000_000

    /// An account without a reading. Neither number may be 0.
    public init(modulus: UInt64, boundMicrowatts: UInt64) {
        precondition(modulus > 0 && boundMicrowatts > 0)
        self.modulus = modulus
        self.boundMicrowatts = boundMicrowatts
    }

    /// Goes on where another accountant was.
    public init(
        modulus: UInt64, boundMicrowatts: UInt64, totalMicrojoules: UInt64, wraps: UInt64, resets: UInt64, gaps: UInt64,
        last: Anchor?
    ) {
        self.init(modulus: modulus, boundMicrowatts: boundMicrowatts)
        self.totalMicrojoules = totalMicrojoules
        self.wraps = wraps
        self.resets = resets
        self.gaps = gaps
        self.last = last
    }

    /// The same account under another bound.
    public func withBound(_ boundMicrowatts: UInt64) -> CounterAccountant {
        CounterAccountant(
            modulus: modulus, boundMicrowatts: boundMicrowatts, totalMicrojoules: totalMicrojoules, wraps: wraps,
            resets: resets, gaps: gaps, last: last)
    }

    /// So long the counter cannot run through its range, as far as the bound holds: readings further apart are gaps.
    public var knowableNanoseconds: UInt64 {
        let whole = modulus.scaled(by: 1_000_000_000, over: boundMicrowatts)
        guard whole < UInt64.max else { return UInt64.max }
        return whole - min(whole, CounterAccountant.slackNanoseconds)
    }

    /// Takes in a reading and says what it was.
    public mutating func take(_ raw: UInt64, at moment: Moment) -> Step {
        guard raw < modulus else { return .outOfRange }
        guard let last else {
            self.last = Anchor(raw: raw, moment: moment)
            return .start
        }
        let (step, added) = judge(raw, at: moment, after: last)
        // Around 2^64 rather than a trap: 18 TJ is out of any machine's reach, but not of a broken driver's.
        totalMicrojoules &+= added
        switch step {
        case .wrap: wraps += 1
        case .reset: resets += 1
        case .gap: gaps += 1
        case .start, .advance, .outOfRange: break
        }
        self.last = Anchor(raw: raw, moment: moment)
        return step
    }

    /// Counts a gap that somebody else knows of.
    public mutating func countGap() {
        gaps += 1
    }

    /// Forgets the latest reading: the next one is a start, which adds nothing.
    public mutating func forgetLast() {
        last = nil
    }

    /// Goes on with a counter of another range: the total stays, and what the old counter had not shown yet is unknown.
    public mutating func replaceCounter(modulus: UInt64, boundMicrowatts: UInt64) {
        precondition(modulus > 0 && boundMicrowatts > 0)
        self.modulus = modulus
        self.boundMicrowatts = boundMicrowatts
        resets += 1
        last = nil
    }

    private func judge(_ raw: UInt64, at moment: Moment, after last: Anchor) -> (Step, added: UInt64) {
        let plausible = mostMicrojoules(from: last.moment, to: moment)
        let isForward = raw >= last.raw
        let delta = isForward ? raw - last.raw : modulus - last.raw + raw
        guard delta <= plausible else {
            let reason: ResetReason =
                hasSlept(from: last.moment, to: moment) ? .suspend : isForward ? .jumped : .steppedBack
            // Since it was set anew it has counted its reading; a step forward that is implausible is so from 0, too.
            return (.reset(reason), raw <= plausible ? raw : 0)
        }
        guard plausible < modulus else { return (.gap, min(delta, raw)) }
        return (isForward ? .advance : .wrap, delta)
    }

    /// The most that can have been consumed between two moments.
    private func mostMicrojoules(from start: Moment, to end: Moment) -> UInt64 {
        let awake = end.monotonicNanoseconds - min(start.monotonicNanoseconds, end.monotonicNanoseconds)
        // Moments may come from a ledger that somebody else wrote: they may be anything, and must not trap.
        let (judged, overflows) = awake.addingReportingOverflow(CounterAccountant.slackNanoseconds)
        return boundMicrowatts.scaled(by: overflows ? UInt64.max : judged, over: 1_000_000_000)
    }

    private func hasSlept(from start: Moment, to end: Moment) -> Bool {
        func asleep(_ moment: Moment) -> UInt64 {
            moment.boottimeNanoseconds - min(moment.monotonicNanoseconds, moment.boottimeNanoseconds)
        }
        let before = asleep(start)
        return asleep(end) - min(before, asleep(end)) > CounterAccountant.shortestSleepNanoseconds
    }
}
