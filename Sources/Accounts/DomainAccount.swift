import Bytes
public import Counters

/// All that is known of one domain: its total, its power at the last tick, and what went wrong.
public struct DomainAccount: Sendable {
    /// The counter that is read for it now.
    public private(set) var facts: CounterFacts
    /// The counter's readings made into a total.
    public private(set) var accountant: CounterAccountant
    private var failures = CaseTable<ReadFailure, UInt64>(repeating: 0)
    /// Why the latest reading failed; nil if it did not.
    public private(set) var failure: ReadFailure?
    /// Average power between the two latest ticks that could read the counter. Nil until there are two, while the last could
    /// not, and where the interval's energy is not wholly known.
    public private(set) var powerMicrowatts: UInt64?
    /// Why the counter was last found set anew; nil if it never was, or if another counter took its place.
    public private(set) var lastReset: ResetReason?
    /// Another zone shows the same counter, so this one is not counted.
    public private(set) var isMirror = false
    /// It has been read at least once; before, its total is unknown and not 0.
    public private(set) var hasBeenRead = false
    /// When an earlier run began the total that this one goes on with; nil if this one began it.
    public private(set) var startUnixMicroseconds: UInt64?
    /// The interval that `powerMicrowatts` is the mean of.
    private var interval: PowerInterval?
    private var lastTick: Tick?
    /// Since the last tick nothing happened that left energy unknown.
    private var intervalIsKnown = true
    /// The longest that a reading since the last tick took, that of the tick included.
    private var slowestReadNanoseconds: UInt64 = 0
    private var stillness = Stillness()

    /// The end of an interval.
    private struct Tick: Sendable {
        let moment: Moment
        let readNanoseconds: UInt64
        let microjoules: UInt64
        /// The counter had moved then, or always does.
        let isMove: Bool
    }

    /// How long an interval was, and how much of that the readings at its two ends took.
    private struct PowerInterval: Sendable {
        let nanoseconds: UInt64
        let readNanoseconds: UInt64
    }

    /// The account of a counter that was not read yet.
    public init(_ facts: CounterFacts) {
        self.facts = facts
        accountant = CounterAccountant(modulus: facts.modulus, boundMicrowatts: facts.boundMicrowatts)
    }

    /// What is measured.
    public var domain: Domain { facts.domain }
    /// Everything counted so far.
    public var totalMicrojoules: UInt64 { accountant.totalMicrojoules }
    /// How exactly the counter can be read.
    public var uncertainty: PowerUncertainty {
        PowerUncertainty(
            unitMicrojoules: facts.unitMicrojoules, updatePeriodNanoseconds: facts.updatePeriodNanoseconds)
    }
    /// The bound on the error of `powerMicrowatts`; nil where that is. See `PowerUncertainty`.
    public var powerUncertaintyMicrowatts: UInt64? {
        guard let powerMicrowatts, let interval else { return nil }
        return uncertainty.microwatts(
            meanMicrowatts: powerMicrowatts, intervalNanoseconds: interval.nanoseconds,
            readNanoseconds: interval.readNanoseconds)
    }
    /// How many readings failed for a reason.
    public func failureCount(_ reason: ReadFailure) -> UInt64 { failures[reason] }
    /// The counter is not read and is taken again if its device appears.
    @inlinable
    public var isMissing: Bool { isLost || failure == .slow }
    /// Others read it and publish what it shows. Asked so, its facts are not copied.
    @inlinable
    public var isPublished: Bool { facts.source == .feeds }
    /// The counter went from the kernel and may come back.
    @inlinable
    public var isLost: Bool { failure == .unregistered }
    /// Readings further apart are gaps: see `CounterAccountant`.
    public var knowableNanoseconds: UInt64 { accountant.withBound(facts.boundMicrowatts).knowableNanoseconds }

    /// It is not decided yet what the latest readings were: see `CounterAccountant`.
    @inlinable
    public var isInDoubt: Bool { accountant.doubt != nil }
    /// How long the latest good reading took.
    public var latestReadNanoseconds: UInt64 { accountant.last?.readNanoseconds ?? 0 }
    /// A reading has just been found in doubt that was good otherwise: it is judged again if `setBound` is called now.
    @inlinable
    public var hasNewDoubt: Bool { failure == nil && isInDoubt && accountant.hasNewDoubt }

    /// Takes in a reading of the counter: only the total moves.
    public mutating func take(_ reading: Reading, at span: ReadSpan) {
        switch reading {
        case .counter(let raw, let isAfterGap):
            slowestReadNanoseconds = max(slowestReadNanoseconds, span.durationNanoseconds)
            // What is integrated has not grown over the gap.
            if isAfterGap && !facts.isEstimate { accountant.forgetLast() }
            apply(accountant.take(raw, at: span))
            if isAfterGap && failure == nil {
                accountant.countGap()
                intervalIsKnown = false
            }
        case .failure(let reason): failure = reason
        }
        forgetFormerBound()
        // It is not read again, so that no tick would take its power away.
        if failure == .slow { powerMicrowatts = nil }
        if let failure { failures[failure] += 1 }
    }

    /// The first reading after a time in which nobody looked was judged by the higher one of the bounds before it and now.
    private mutating func forgetFormerBound() {
        guard failure == nil, !isInDoubt, accountant.boundMicrowatts != facts.boundMicrowatts else { return }
        accountant = accountant.withBound(facts.boundMicrowatts)
    }

    /// Sets the bound of plausible power, and judges again what has just been found in doubt.
    public mutating func setBound(_ boundMicrowatts: UInt64) {
        facts.boundMicrowatts = boundMicrowatts
        if let step = accountant.setBound(boundMicrowatts) { apply(step) }
    }

    private mutating func apply(_ step: Step) {
        failure = nil
        if step != .outOfRange { hasBeenRead = true }
        switch step {
        case .start, .advance, .wrap, .doubt, .glitch: break
        case .gap, .correction: intervalIsKnown = false
        case .reset(let reason):
            intervalIsKnown = false
            lastReset = reason
        case .outOfRange: failure = .garbage
        }
    }

    /// Ends a measurement interval with the reading that was just taken in. One that failed or is in doubt leaves the interval
    /// open, so that the next good one gives the true average since the last good one.
    public mutating func endInterval(at span: ReadSpan) {
        let now = span.middle
        guard failure == nil, !isInDoubt else {
            powerMicrowatts = nil
            return
        }
        if let lastTick {
            guard now.monotonicNanoseconds > lastTick.moment.monotonicNanoseconds else { return }
            guard !isSlowSensor || takesMove(since: lastTick, now) else { return }
        }
        powerMicrowatts = lastTick.flatMap { power(since: $0, now, span.durationNanoseconds) }
        lastTick = Tick(
            moment: now, readNanoseconds: span.durationNanoseconds, microjoules: accountant.believedMicrojoules,
            isMove: lastTick != nil || !isSlowSensor)
        intervalIsKnown = true
        slowestReadNanoseconds = span.durationNanoseconds
    }

    /// A sensor's counter may be brought up to date more rarely than it is read, and one that is published, than it is published.
    private var isSlowSensor: Bool {
        (facts.source == .hwmon || facts.source == .feeds) && !facts.isEstimate
    }

    /// The interval of such a counter ends when it has moved, and its mean is that over the time in which it did; otherwise it would
    /// seem to use nothing and then all at once.
    private mutating func takesMove(since tick: Tick, _ now: Moment) -> Bool {
        let hasMoved = accountant.believedMicrojoules != tick.microjoules || !intervalIsKnown
        switch stillness.take(hasMoved: hasMoved, since: tick.moment, now) {
        case .ends:
            // The first move is of a time that began nobody knows when.
            if !tick.isMove { intervalIsKnown = false }
            return true
        case .waits: return false
        case .usesNothing:
            powerMicrowatts = 0
            return false
        }
    }

    /// Nil where energy is unknown, where the machine slept, and where a reading took so long that its time says little: such a mean
    /// would be of another time than it seems to be.
    private mutating func power(since tick: Tick, _ now: Moment, _ readNanoseconds: UInt64) -> UInt64? {
        let nanoseconds = now.monotonicNanoseconds - tick.moment.monotonicNanoseconds
        guard intervalIsKnown, !now.hasSlept(since: tick.moment),
            slowestReadNanoseconds <= nanoseconds / DomainAccount.leastIntervalOverRead
        else { return nil }
        interval = PowerInterval(
            nanoseconds: nanoseconds,
            readNanoseconds: (tick.readNanoseconds.saturatingSum(readNanoseconds) / 2)
                .saturatingSum(stillness.latenessNanoseconds))
        return microwatts(
            microjoules: accountant.believedMicrojoules &- tick.microjoules, nanoseconds: nanoseconds)
    }

    /// An interval has power if it is so many times as long as its slowest reading.
    private static let leastIntervalOverRead: UInt64 = 10
}

/// What happens to an account besides readings.
extension DomainAccount {
    /// Stops counting because another zone shows the same counter, or starts again because it turned out that none does.
    public mutating func setMirror(_ isMirror: Bool) {
        // What it used while it was taken for a mirror is unknown.
        if !isMirror { accountant.countGap() }
        accountant.forgetLast()
        stand(asMirror: isMirror)
    }

    /// Starts counting in the place of another account, whose counter this is under another name and which gives way: what the
    /// other one has not taken in yet is counted here.
    public mutating func takeOver(from other: DomainAccount) {
        goOn(from: other)
        stand(asMirror: false)
    }

    /// Stops counting because it cannot be read and another zone shows the same counter.
    public mutating func giveWay() {
        let failure = failure
        accountant.forgetLast()
        stand(asMirror: true)
        self.failure = failure
    }

    /// What another account of the same counter has taken in is not counted here again.
    public mutating func goOn(from other: DomainAccount) {
        guard let last = other.accountant.last, facts.modulus == other.facts.modulus,
            last.moment.monotonicNanoseconds > accountant.last?.moment.monotonicNanoseconds ?? 0
        else { return }
        accountant.goOn(from: last)
    }

    private mutating func stand(asMirror isMirror: Bool) {
        self.isMirror = isMirror
        powerMicrowatts = nil
        lastTick = nil
        failure = nil
    }

    /// Takes in what a comparison with another counter found of a mirror, which is not read otherwise.
    public mutating func note(_ reading: Reading) {
        guard isMirror else { return }
        if case .failure(let reason) = reading { failure = reason } else { failure = nil }
    }

    /// Goes on from what an earlier run of the program had counted.
    ///
    /// A counter that began with this process says nothing of the time between the two: that is a gap.
    public mutating func restore(_ accountant: CounterAccountant, startUnixMicroseconds: UInt64? = nil) {
        self.accountant =
            accountant.modulus == facts.modulus
            ? accountant.withBound(max(accountant.boundMicrowatts, facts.boundMicrowatts))
            : accountant.withCounter(facts)
        self.startUnixMicroseconds = startUnixMicroseconds
        // The earlier run may have failed to read it, or have left it out as a mirror.
        hasBeenRead = accountant.last != nil || accountant.totalMicrojoules > 0
        guard !facts.outlivesProcess else { return }
        self.accountant.countGap()
        self.accountant.forgetLast()
    }

    /// The counter moves by another unit than it was believed to.
    public mutating func setUnit(_ unitMicrojoules: UInt64) {
        facts.unitMicrojoules = unitMicrojoules
    }

    /// Goes on with the counter as it was found again: under another name, or with another range, which makes it another counter.
    /// What it shows then needs no doubt: a plausible advance is taken, anything else is a reset.
    public mutating func resume(_ facts: CounterFacts) {
        // Another source counts from elsewhere.
        let isOther = facts.source != self.facts.source || facts.modulus != accountant.modulus
        self.facts = facts
        if failure == .slow || isMirror { failure = nil }
        guard isOther else {
            accountant = accountant.withBound(max(accountant.boundMicrowatts, facts.boundMicrowatts))
            return accountant.expectReturn()
        }
        accountant.replaceCounter(modulus: facts.modulus, boundMicrowatts: facts.boundMicrowatts)
        lastReset = nil
        intervalIsKnown = false
    }
}

/// Average power, rounded down.
public func microwatts(microjoules: UInt64, nanoseconds: UInt64) -> UInt64 {
    microjoules.scaled(by: 1_000_000_000, over: nanoseconds)
}

extension [DomainAccount] {
    /// A counter is read at each pass: it is no mirror, and not too slow for that.
    ///
    /// Asked of the row, since asking the account would copy it.
    @inlinable
    public func isRead(_ index: Int) -> Bool { !span[index].isMirror && span[index].failure != .slow }
}
