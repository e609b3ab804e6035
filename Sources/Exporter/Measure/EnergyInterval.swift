import Energy

/// What one domain used in an interval.
struct DomainEnergy: Equatable {
    var microjoules: UInt64
    var meanMicrowatts: UInt64
    /// The highest average of a sampling interval.
    var peakMicrowatts: UInt64
    /// How far `microjoules` may be from the truth; see `Uncertainty`.
    var uncertaintyMicrojoules: UInt64
}

/// What all domains used between two passes over the counters.
struct EnergyInterval: Equatable {
    /// When the first pass began, on the monotonic clock.
    var startNanoseconds: UInt64
    var durationNanoseconds: UInt64
    /// In the order of the sampler's accounts; nil where a counter could not be read at the start or at the end.
    var domains: [DomainEnergy?]
}

/// Watches a sampler from one pass to a later one.
struct IntervalMeter {
    let startNanoseconds: UInt64
    /// The totals at the start; nil where the counter could not be read.
    private let startTotals: [UInt64?]
    private var peakMicrowatts: [UInt64]

    /// Begins with the pass that the sampler has just made.
    init(_ sampler: borrowing Sampler) {
        startNanoseconds = sampler.lastPassNanoseconds
        startTotals = sampler.accounts.map { $0.failure == nil ? $0.totalMicrojoules : nil }
        peakMicrowatts = Array(repeating: 0, count: startTotals.count)
    }

    /// Takes in the tick that the sampler has just made.
    mutating func noteTick(_ sampler: borrowing Sampler) {
        for index in peakMicrowatts.indices {
            peakMicrowatts[index] = max(peakMicrowatts[index], sampler.accounts[index].powerMicrowatts ?? 0)
        }
    }

    /// What was used until the pass that the sampler has just made.
    func interval(_ sampler: borrowing Sampler) -> EnergyInterval {
        let duration = max(1, sampler.lastPassNanoseconds - startNanoseconds)
        let domains = startTotals.indices.map { index -> DomainEnergy? in
            let account = sampler.accounts[index]
            guard let start = startTotals[index], account.failure == nil else { return nil }
            let used = account.totalMicrojoules - start
            let mean = scaled(used, by: 1_000_000_000, over: duration)
            return DomainEnergy(
                microjoules: used, meanMicrowatts: mean,
                // An interval shorter than a sampling interval has no other peak than itself.
                peakMicrowatts: max(peakMicrowatts[index], mean),
                uncertaintyMicrojoules: Uncertainty.microjoules(
                    meanMicrowatts: mean, unitMicrojoules: account.unitMicrojoules))
        }
        return EnergyInterval(startNanoseconds: startNanoseconds, durationNanoseconds: duration, domains: domains)
    }
}

/// What the machine used while it was left alone, to be taken off what it used while it worked.
struct Baseline {
    let interval: EnergyInterval

    /// The part of a domain's energy in an interval that the idle machine would have used as well.
    struct Share: Equatable {
        var idleMicrowatts: UInt64
        var idleMicrojoules: UInt64
        /// What is left. Negative if the machine used less than while it was idle.
        var netMicrojoules: Int64
        /// Bounds both measurements' errors: the idle one's grows with the time that it is stretched to.
        var netUncertaintyMicrojoules: UInt64
    }

    /// Nil where one of the two could not be measured.
    func share(of index: Int, in other: EnergyInterval) -> Share? {
        guard let idle = interval.domains[index], let energy = other.domains[index] else { return nil }
        let stretch = { scaled($0, by: other.durationNanoseconds, over: interval.durationNanoseconds) }
        let idleMicrojoules = stretch(idle.microjoules)
        return Share(
            idleMicrowatts: idle.meanMicrowatts, idleMicrojoules: idleMicrojoules,
            netMicrojoules: Int64(clamping: energy.microjoules) - Int64(clamping: idleMicrojoules),
            netUncertaintyMicrojoules: saturatingSum(
                energy.uncertaintyMicrojoules, saturatingSum(stretch(idle.uncertaintyMicrojoules), 1)))
    }
}
