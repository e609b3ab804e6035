import Bytes
public import Counters

/// Turns the raw readings of one counter into a total that only grows.
///
/// Pure: it knows neither clocks nor files. The rule is that nothing is added that was not consumed, as far as the bound of
/// plausible power holds:
///
/// - A step forward, or around the end of the range, is taken if the power that it implies is plausible over the time awake; a
///   step forward also if it is plausible over the time asleep.
/// - Any other step over a sleep, or of a counter that had gone and is found again, is a reset at once.
/// - Any other step puts the counter in doubt, and what follows decides: see `follow`.
/// - Over an interval in which the counter can have run through its whole range, the smaller of what a wrap and what a reset
///   would mean is added.
///
/// **Believed and published.** Counters glitch, so that what was believed can prove false. The published total is the highest
/// value that the believed one ever had; while it is ahead, the difference is a debt, which what is used next pays.
public struct CounterAccountant: Sendable, Equatable {
    /// Where the counter starts again from 0.
    public private(set) var modulus: UInt64
    /// More power than this is not believed.
    public private(set) var boundMicrowatts: UInt64
    /// Everything counted since the first reading, in microjoules: the published total.
    public internal(set) var totalMicrojoules: UInt64 = 0
    /// So much of the total was never used, as it turned out.
    public internal(set) var debtMicrojoules: UInt64 = 0
    /// How often the counter ran through its range.
    public internal(set) var wraps: UInt64 = 0
    /// How often it was set anew or replaced.
    public internal(set) var resets: UInt64 = 0
    /// How often some of what was used stayed unknown, because nobody could follow the counter for a while.
    public internal(set) var gaps: UInt64 = 0
    /// How often it showed something else for a while, and went on as if nothing had been.
    public internal(set) var glitches: UInt64 = 0
    /// The latest reading that was believed.
    public internal(set) var last: Anchor?
    /// What was seen since then, while it is not decided what it was.
    public internal(set) var doubt: Doubt?
    /// The course that was given up when the counter was last believed to be set anew.
    var former: FormerCourse?
    /// The largest step that was taken as an advance: no false one can have added more.
    var largestRiseMicrojoules: UInt64 = 0
    /// The counter had gone from the kernel since the latest reading.
    private var isReturned = false

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

    /// What is believed to have been counted, around 2^64.
    public var believedMicrojoules: UInt64 { totalMicrojoules &- debtMicrojoules }

    /// A first reading that is in doubt has just been taken in: it is judged again if the bound changes now.
    public var hasNewDoubt: Bool {
        guard let doubt else { return false }
        return doubt.readings == 1 && doubt.sinceNanoseconds == doubt.newSinceNanoseconds
    }

    /// Takes in a reading and says what it was.
    public mutating func take(_ raw: UInt64, at span: ReadSpan) -> Step {
        guard raw < modulus else { return .outOfRange }
        let reading = Anchor(raw, span)
        defer { isReturned = false }
        guard let last else {
            self.last = reading
            return .start
        }
        if let doubt, !isReturned, !reading.moment.hasSlept(since: doubt.latest.moment) {
            return follow(doubt, to: reading, after: last)
        }
        doubt = nil
        return advance(to: reading, from: last)
    }

    /// Sets the bound, and judges again what has just been found in doubt.
    ///
    /// - Returns: what the latest reading was, if it was judged again.
    public mutating func setBound(_ boundMicrowatts: UInt64) -> Step? {
        precondition(boundMicrowatts > 0)
        self.boundMicrowatts = boundMicrowatts
        guard let doubt, hasNewDoubt, let last else { return nil }
        self.doubt = nil
        return advance(to: doubt.latest, from: last)
    }

    /// The same account under another bound; a doubt goes on under it.
    public func withBound(_ boundMicrowatts: UInt64) -> CounterAccountant {
        var other = self
        other.boundMicrowatts = boundMicrowatts
        return other
    }

    /// Counts a gap that somebody else knows of.
    public mutating func countGap() {
        gaps += 1
    }

    /// Forgets the latest reading: the next one is a start, which adds nothing.
    public mutating func forgetLast() {
        last = nil
        doubt = nil
        former = nil
    }

    /// Goes on from a reading that another account of the same counter has taken in.
    public mutating func goOn(from reading: Anchor) {
        forgetLast()
        last = reading
    }

    /// The counter had gone from the kernel and is found again: the next step needs no doubt.
    public mutating func expectReturn() {
        isReturned = true
    }

    /// The same account with another counter.
    func withCounter(_ facts: CounterFacts) -> CounterAccountant {
        var other = self
        other.replaceCounter(modulus: facts.modulus, boundMicrowatts: facts.boundMicrowatts)
        return other
    }

    /// Goes on with a counter of another range: the total stays, and what the old counter had not shown yet is unknown.
    public mutating func replaceCounter(modulus: UInt64, boundMicrowatts: UInt64) {
        precondition(modulus > 0 && boundMicrowatts > 0)
        self.modulus = modulus
        self.boundMicrowatts = boundMicrowatts
        resets += 1
        largestRiseMicrojoules = 0
        forgetLast()
    }
}

/// Steps of a counter that is not in doubt.
extension CounterAccountant {
    private mutating func advance(to reading: Anchor, from last: Anchor) -> Step {
        let most = plausible(from: last, to: reading)
        guard most < modulus else { return takeGap(to: reading, from: last) }
        let hasSlept = reading.moment.hasSlept(since: last.moment)
        if hasSlept, let step = takeSleep(to: reading, from: last) { return step }
        if let delta = distance(from: last.raw, to: reading.raw), delta <= most {
            return take(delta, to: reading, from: last, most)
        }
        if hasSlept { return setAnew(to: reading, most, .suspend) }
        if isReturned { return setAnew(to: reading, most, ResetReason(from: last.raw, to: reading.raw)) }
        doubt = startDoubt(with: reading, previous: last, last)
        return .doubt
    }

    /// A plausible step, which may lead back to the course that was given up: then it has a part that was never used.
    private mutating func take(
        _ delta: UInt64, to reading: Anchor, from last: Anchor, _ most: UInt64
    ) -> Step {
        if let former, !former.isFromZero, let beyond = beyond(former, reading.raw, most, from: last),
            addedByReturn(beyond, former) < Int64(clamping: delta)
        {
            let step = goBack(to: reading, beyond, former)
            // Or so much was used, and it is still away.
            self.former = former.asSeenFromItself
            return step
        }
        former?.take(delta, plausible: most)
        let hasWrapped = reading.raw < last.raw
        add(delta)
        largestRiseMicrojoules = max(largestRiseMicrojoules, delta)
        self.last = reading
        guard hasWrapped else { return .advance }
        wraps += 1
        return .wrap
    }

    /// Asleep a counter may have gone on, or been switched off: a step forward is taken if it is plausible over the time asleep,
    /// too. A sleep in which it can have run through its range is a gap as well.
    private mutating func takeSleep(to reading: Anchor, from last: Anchor) -> Step? {
        let most = plausibleAsleep(from: last, to: reading)
        guard reading.raw >= last.raw, reading.raw - last.raw <= most else { return nil }
        add(reading.raw - last.raw)
        largestRiseMicrojoules = max(largestRiseMicrojoules, reading.raw - last.raw)
        former = nil
        self.last = reading
        guard most >= modulus else { return .advance }
        gaps += 1
        return .gap
    }

    /// Since it was set anew it has counted its reading, if that is plausible.
    private mutating func setAnew(to reading: Anchor, _ most: UInt64, _ reason: ResetReason) -> Step {
        add(reading.raw <= most ? reading.raw : 0)
        resets += 1
        former = nil
        last = reading
        return .reset(reason)
    }

    mutating func takeGap(to reading: Anchor, from last: Anchor) -> Step {
        add(min(ahead(of: last.raw, reading.raw), reading.raw))
        gaps += 1
        former = nil
        self.last = reading
        return .gap
    }

    /// Adds what was used, which pays debts first. Around 2^64 rather than a trap: 18 TJ is out of any machine's reach, but not of a
    /// broken driver's.
    mutating func add(_ microjoules: UInt64) {
        let paid = min(microjoules, debtMicrojoules)
        debtMicrojoules -= paid
        totalMicrojoules &+= microjoules - paid
    }

    /// Takes back what was added and never used.
    mutating func owe(_ microjoules: UInt64) {
        debtMicrojoules = debtMicrojoules.saturatingSum(microjoules)
    }
}
