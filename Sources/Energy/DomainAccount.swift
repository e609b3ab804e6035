/// All that is known of one domain: its total, its power at the last tick, and what went wrong.
public struct DomainAccount: Sendable {
    public let domain: Domain
    private var accountant: CounterAccountant
    private var failures = InlineArray<5, UInt64>(repeating: 0)
    /// Why the latest reading failed; nil if it did not.
    public private(set) var failure: ReadFailure?
    /// Average power between the two latest ticks that could read the counter; nil until there are two, and while the last could not.
    public private(set) var powerMicrowatts: UInt64?
    private var lastTick: (nanoseconds: UInt64, microjoules: UInt64)?

    init(domain: Domain, modulus: UInt64) {
        self.domain = domain
        accountant = CounterAccountant(modulus: modulus)
    }

    public var totalMicrojoules: UInt64 { accountant.totalMicrojoules }
    public var wraps: UInt64 { accountant.wraps }
    public var modulus: UInt64 { accountant.modulus }
    /// How many readings failed for a reason.
    public func failureCount(_ reason: ReadFailure) -> UInt64 { failures[reason.index] }

    /// Takes in a reading of the counter: only the total moves.
    mutating func note(_ reading: Reading) {
        switch reading {
        case .microjoules(let raw): failure = accountant.note(raw) ? nil : .garbage
        case .failure(let reason): failure = reason
        }
        if let failure { failures[failure.index] += 1 }
    }

    /// Ends a measurement interval at the time of the reading that was just noted. A failed reading leaves the interval open,
    /// so that the next good one gives the true average since the last good one.
    mutating func endInterval(atNanoseconds now: UInt64) {
        guard failure == nil else {
            powerMicrowatts = nil
            return
        }
        if let lastTick, now > lastTick.nanoseconds {
            powerMicrowatts = microwatts(
                microjoules: totalMicrojoules &- lastTick.microjoules, nanoseconds: now - lastTick.nanoseconds)
        }
        lastTick = (now, totalMicrojoules)
    }
}

/// Average power, rounded down. Energy times 10^9 needs more than 64 bits above 18 kJ.
func microwatts(microjoules: UInt64, nanoseconds: UInt64) -> UInt64 {
    precondition(nanoseconds > 0)
    let product = microjoules.multipliedFullWidth(by: 1_000_000_000)
    guard product.high < nanoseconds else { return UInt64.max }
    return nanoseconds.dividingFullWidth(product).quotient
}
