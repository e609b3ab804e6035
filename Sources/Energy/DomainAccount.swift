/// All that is known of one domain: its total, its power at the last tick, and what went wrong.
public struct DomainAccount: Sendable {
    public let domain: Domain
    /// The least that the counter moves by.
    public let unitMicrojoules: UInt64
    public private(set) var accountant: CounterAccountant
    private var failures = InlineArray<5, UInt64>(repeating: 0)
    /// Why the latest reading failed; nil if it did not.
    public private(set) var failure: ReadFailure?
    /// Average power between the two latest ticks that could read the counter. Nil until there are two, while the last could
    /// not, and where the interval's energy is not wholly known.
    public private(set) var powerMicrowatts: UInt64?
    /// Why the counter was last found set anew; nil if it never was, or if another counter took its place.
    public private(set) var lastReset: ResetReason?
    /// Another zone shows the same counter, so this one is not counted.
    public internal(set) var isMirror = false
    /// Between the two readings that `powerMicrowatts` is the mean of.
    private var intervalNanoseconds: UInt64?
    private var lastTick: (nanoseconds: UInt64, microjoules: UInt64)?
    /// Since the last tick nothing happened that left energy unknown.
    private var intervalIsKnown = true

    init(domain: Domain, unitMicrojoules: UInt64, accountant: CounterAccountant) {
        self.domain = domain
        self.unitMicrojoules = unitMicrojoules
        self.accountant = accountant
    }

    public var totalMicrojoules: UInt64 { accountant.totalMicrojoules }
    /// It has been read at least once; before, its total is unknown and not 0.
    public private(set) var hasBeenRead = false
    /// When an earlier run began the total that this one goes on with; nil if this one began it.
    public private(set) var startUnixMicroseconds: UInt64?
    /// The bound on the error of `powerMicrowatts`; nil where that is. See `PowerUncertainty`.
    public var powerUncertaintyMicrowatts: UInt64? {
        guard let powerMicrowatts, let intervalNanoseconds else { return nil }
        return PowerUncertainty.microwatts(
            meanMicrowatts: powerMicrowatts, unitMicrojoules: unitMicrojoules,
            intervalNanoseconds: intervalNanoseconds)
    }
    /// How many readings failed for a reason.
    public func failureCount(_ reason: ReadFailure) -> UInt64 { failures[reason.index] }

    /// Takes in a reading of the counter: only the total moves.
    mutating func note(_ reading: Reading, at moment: Moment) {
        switch reading {
        case .microjoules(let raw): note(accountant.note(raw, at: moment))
        case .failure(let reason): failure = reason
        }
        if let failure { failures[failure.index] += 1 }
    }

    /// Nothing is known of the time before the reading that was just noted.
    mutating func noteHole() {
        accountant.noteGap()
        intervalIsKnown = false
    }

    /// The counter begins anew, and what was used since its latest reading is unknown.
    mutating func noteUnseenTime() {
        accountant.noteGap()
        accountant.forgetLast()
    }

    private mutating func note(_ step: Step) {
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

    /// Ends a measurement interval at the time of the reading that was just noted. A failed reading leaves the interval open,
    /// so that the next good one gives the true average since the last good one.
    mutating func endInterval(atNanoseconds now: UInt64) {
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

    /// Stops counting because another zone shows the same counter, or starts again because it turned out that none does.
    mutating func setMirror(_ isMirror: Bool) {
        self.isMirror = isMirror
        // What it used while it was taken for a mirror is unknown.
        if !isMirror { accountant.noteGap() }
        accountant.forgetLast()
        powerMicrowatts = nil
        lastTick = nil
        failure = nil
    }

    /// Goes on from what an earlier run of the program had counted.
    mutating func restore(_ accountant: CounterAccountant, startUnixMicroseconds: UInt64? = nil) {
        self.accountant = accountant
        self.startUnixMicroseconds = startUnixMicroseconds
        // The earlier run may have failed to read it, or have left it out as a mirror.
        hasBeenRead = accountant.last != nil || accountant.totalMicrojoules > 0
    }

    /// Goes on with a counter of another range, whose readings say nothing about the old one's.
    mutating func replaceCounter(modulus: UInt64, boundMicrowatts: UInt64) {
        accountant.replaceCounter(modulus: modulus, boundMicrowatts: boundMicrowatts)
        lastReset = nil
        intervalIsKnown = false
    }
}

/// Average power, rounded down. Energy times 10^9 needs more than 64 bits above 18 kJ.
func microwatts(microjoules: UInt64, nanoseconds: UInt64) -> UInt64 {
    precondition(nanoseconds > 0)
    let product = microjoules.multipliedFullWidth(by: 1_000_000_000)
    guard product.high < nanoseconds else { return UInt64.max }
    return nanoseconds.dividingFullWidth(product).quotient
}
