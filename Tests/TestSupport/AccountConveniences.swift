public import Accounts
public import Counters
public import Sampling

extension CounterFacts {
    /// A counter of powercap with an identity made of its domain.
    public static func of(
        _ domain: Domain, source: SourceKind = .powercap, modulus: UInt64, unitMicrojoules: UInt64 = 1,
        boundMicrowatts: UInt64 = 1_000_000, outlivesProcess: Bool = true
    ) -> CounterFacts {
        CounterFacts(
            source: source, domain: domain, identity: "\(source.rawValue)/test/\(domain.kind.rawValue)/\(domain.tag)",
            name: domain.tag, modulus: modulus, unitMicrojoules: unitMicrojoules, boundMicrowatts: boundMicrowatts,
            outlivesProcess: outlivesProcess)
    }
}

extension DomainAccount {
    /// The account of a counter of powercap that goes on from an accountant.
    public init(domain: Domain, unitMicrojoules: UInt64, accountant: CounterAccountant) {
        self.init(
            .of(
                domain, modulus: accountant.modulus, unitMicrojoules: unitMicrojoules,
                boundMicrowatts: accountant.boundMicrowatts))
        restore(accountant)
    }
}

extension ReadSpan {
    /// A read that took no time, or so long from a moment on.
    public init(_ moment: Moment, took nanoseconds: UInt64 = 0) {
        self.init(
            before: moment,
            after: Moment(
                monotonicNanoseconds: moment.monotonicNanoseconds + nanoseconds,
                boottimeNanoseconds: moment.boottimeNanoseconds + nanoseconds))
    }
}

extension CounterAccountant {
    /// Takes in a reading that took no time.
    public mutating func take(_ raw: UInt64, at moment: Moment) -> Step { take(raw, at: ReadSpan(moment)) }
}

extension DomainAccount {
    /// Takes in a reading that took no time.
    public mutating func take(_ reading: Reading, at moment: Moment) { take(reading, at: ReadSpan(moment)) }

    /// Ends an interval with a reading that took no time.
    public mutating func endInterval(at moment: Moment) { endInterval(at: ReadSpan(moment)) }
}

extension Sampling {
    /// There is a counter that has gone from the kernel and may be found again.
    public var hasLostCounters: Bool { accounts.contains(where: \.isLost) }
}
