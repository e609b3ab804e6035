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
    /// Between the two readings that `powerMicrowatts` is the mean of.
    private var intervalNanoseconds: UInt64?
    private var lastTick: (nanoseconds: UInt64, microjoules: UInt64)?
    /// Since the last tick nothing happened that left energy unknown.
    private var intervalIsKnown = true

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
        guard let powerMicrowatts, let intervalNanoseconds else { return nil }
        return uncertainty.microwatts(meanMicrowatts: powerMicrowatts, intervalNanoseconds: intervalNanoseconds)
    }
    /// How many readings failed for a reason.
    public func failureCount(_ reason: ReadFailure) -> UInt64 { failures[reason] }
    /// The counter is not read and is taken again if its device appears.
    public var isMissing: Bool { isLost || failure == .slow }
    /// The counter is read at each pass: it is no mirror, and not too slow for that.
    public var isRead: Bool { !isMirror && failure != .slow }
    /// The counter went from the kernel and may come back.
    public var isLost: Bool { failure == .unregistered && !isMirror }

    /// Takes in a reading of the counter: only the total moves.
    public mutating func take(_ reading: Reading, at moment: Moment) {
        switch reading {
        case .counter(let raw, let isAfterGap):
            apply(accountant.take(raw, at: moment))
            if isAfterGap && failure == nil {
                accountant.countGap()
                intervalIsKnown = false
            }
        case .failure(let reason): failure = reason
        }
        // It is not read again, so that no tick would take its power away.
        if failure == .slow { powerMicrowatts = nil }
        if let failure { failures[failure] += 1 }
    }

    private mutating func apply(_ step: Step) {
        failure = nil
        if step != .outOfRange { hasBeenRead = true }
        switch step {
        case .start, .advance, .wrap: break
        case .gap: intervalIsKnown = false
        case .reset(let reason):
            intervalIsKnown = false
            lastReset = reason
        case .outOfRange: failure = .garbage
        }
    }

    /// Ends a measurement interval at the time of the reading that was just taken in. A failed reading leaves the interval open,
    /// so that the next good one gives the true average since the last good one.
    public mutating func endInterval(at moment: Moment) {
        let now = moment.monotonicNanoseconds
        guard failure == nil else {
            powerMicrowatts = nil
            return
        }
        if let lastTick, now <= lastTick.nanoseconds { return }
        powerMicrowatts = nil
        if let lastTick, intervalIsKnown {
            intervalNanoseconds = now - lastTick.nanoseconds
            powerMicrowatts = microwatts(
                microjoules: totalMicrojoules &- lastTick.microjoules, nanoseconds: now - lastTick.nanoseconds)
        }
        lastTick = (now, totalMicrojoules)
        intervalIsKnown = true
    }
}

/// What happens to an account besides readings.
extension DomainAccount {
    /// Stops counting because another zone shows the same counter, or starts again because it turned out that none does.
    public mutating func setMirror(_ isMirror: Bool) {
        self.isMirror = isMirror
        // What it used while it was taken for a mirror is unknown.
        if !isMirror { accountant.countGap() }
        accountant.forgetLast()
        powerMicrowatts = nil
        lastTick = nil
        failure = nil
    }

    /// Goes on from what an earlier run of the program had counted.
    ///
    /// A counter that began with this process says nothing of the time between the two: that is a gap.
    public mutating func restore(_ accountant: CounterAccountant, startUnixMicroseconds: UInt64? = nil) {
        self.accountant = accountant
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

    /// Believes less or more power from now on.
    public mutating func setBound(_ boundMicrowatts: UInt64) {
        facts.boundMicrowatts = boundMicrowatts
        accountant = accountant.withBound(boundMicrowatts)
    }

    /// Goes on with the counter as it was found again: under another name, or with another range, which makes it another counter.
    public mutating func resume(_ facts: CounterFacts) {
        self.facts = facts
        if failure == .slow { failure = nil }
        guard facts.modulus != accountant.modulus else { return }
        accountant.replaceCounter(modulus: facts.modulus, boundMicrowatts: facts.boundMicrowatts)
        lastReset = nil
        intervalIsKnown = false
    }
}

/// Average power, rounded down.
public func microwatts(microjoules: UInt64, nanoseconds: UInt64) -> UInt64 {
    microjoules.scaled(by: 1_000_000_000, over: nanoseconds)
}
