import Accounts
import Bytes
import Counters
public import Sampling

/// What one domain used in an interval.
public struct DomainEnergy: Equatable, Sendable {
    var microjoules: UInt64
    var meanMicrowatts: UInt64
    /// The highest average of a sampling interval.
    var peakMicrowatts: UInt64
    /// How far `microjoules` may be from the truth for reasons of reading the counter.
    var uncertaintyMicrojoules: UInt64
}

/// What all domains used between two passes over the counters.
public struct EnergyInterval: Equatable, Sendable {
    /// When the first pass began, on the monotonic clock.
    var startNanoseconds: UInt64
    var durationNanoseconds: UInt64
    /// In the order of the sampling's accounts; nil where the energy is not wholly known.
    var domains: [DomainEnergy?]
    /// A signal asked to end before it was over.
    var isFragment = false
    /// Why the energy of some domains is not known.
    var remarks: [String] = []
}

/// Watches a sampling from one pass to a later one.
public struct IntervalMeter {
    /// When the first pass began, on the monotonic clock.
    public let startNanoseconds: UInt64
    private let starts: [DomainAccount]
    private var peakMicrowatts: [UInt64]
    private var doubtNanoseconds: UInt64 = 0

    /// Begins with the pass that the sampling has just made.
    public init(_ sampling: borrowing Sampling) {
        startNanoseconds = sampling.lastPassNanoseconds
        starts = sampling.accounts
        peakMicrowatts = Array(repeating: 0, count: starts.count)
    }

    /// Takes in the tick that the sampling has just made.
    public mutating func takeTick(_ sampling: borrowing Sampling) {
        for index in peakMicrowatts.indices {
            peakMicrowatts[index] = max(peakMicrowatts[index], sampling.accounts[index].powerMicrowatts ?? 0)
        }
    }

    /// Takes in that the measurement went on for so long because some counter was in doubt at its end.
    public mutating func noteDoubt(nanoseconds: UInt64) {
        doubtNanoseconds = nanoseconds
    }

    /// What was used until the pass that the sampling has just made.
    ///
    /// - Parameter isFragment: a signal asked to end before it was over.
    public func interval(_ sampling: borrowing Sampling, isFragment: Bool = false) -> EnergyInterval {
        let duration = max(1, sampling.lastPassNanoseconds - startNanoseconds)
        var interval = EnergyInterval(startNanoseconds: startNanoseconds, durationNanoseconds: duration, domains: [])
        interval.isFragment = isFragment
        for index in starts.indices {
            if let obstacle = IntervalMeter.obstacle(from: starts[index], to: sampling.accounts[index]) {
                interval.domains.append(nil)
                interval.remarks.append("the energy of \(starts[index].domain.tag) is unknown: \(obstacle)")
            } else {
                interval.domains.append(energy(index, sampling.accounts[index], duration))
            }
        }
        if doubtNanoseconds > 0 {
            let seconds = decimal(doubtNanoseconds, digits: 9, shown: 3)
            interval.remarks.append("a counter was in doubt at the end, so the measurement went on for \(seconds) s")
        }
        return interval
    }

    private func energy(_ index: Int, _ end: DomainAccount, _ duration: UInt64) -> DomainEnergy {
        let used = end.accountant.believedMicrojoules &- starts[index].accountant.believedMicrojoules
        let mean = microwatts(microjoules: used, nanoseconds: duration)
        // Each of the two readings may be off by so much. The bound for their difference is that of one of them if the power
        // at both ends is the mean, which it seldom is: programs start and end with bursts and pauses. Adding both allows for
        // twice the mean at either end.
        let atOneEnd = end.uncertainty.microjoules(
            meanMicrowatts: mean,
            readNanoseconds: (starts[index].latestReadNanoseconds.saturatingSum(end.latestReadNanoseconds)) / 2)
        return DomainEnergy(
            microjoules: used, meanMicrowatts: mean,
            // An interval shorter than a sampling interval has no other peak than itself.
            peakMicrowatts: max(peakMicrowatts[index], mean),
            uncertaintyMicrojoules: atOneEnd.saturatingSum(atOneEnd))
    }

    /// Why the energy between two states of an account is not wholly known.
    private static func obstacle(from start: DomainAccount, to end: DomainAccount) -> String? {
        if start.isMirror || end.isMirror { return "its zone shows another zone's counter" }
        if let failure = start.failure ?? end.failure { return "its counter cannot be read (\(failure.rawValue))" }
        if end.accountant.resets != start.accountant.resets { return "its counter was set anew" }
        if end.accountant.gaps != start.accountant.gaps { return "its counter could not be followed for a while" }
        if end.isInDoubt { return "it is not decided whether its counter was set anew" }
        let used = end.accountant.believedMicrojoules &- start.accountant.believedMicrojoules
        // Less than nothing, around 2^64.
        return used > UInt64.max / 2 ? "a step of its counter from before proved false" : nil
    }
}

/// What the machine used while it was left alone, to be taken off what it used while it worked.
public struct Baseline: Sendable {
    let interval: EnergyInterval

    /// What was used in an interval in which the machine was left alone.
    public init(interval: EnergyInterval) {
        self.interval = interval
    }

    /// The mean power of each domain; nil where it could not be measured.
    public var microwatts: [UInt64?] { interval.domains.map { $0?.meanMicrowatts } }

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
        func stretch(_ energy: UInt64) -> UInt64 {
            energy.scaled(by: other.durationNanoseconds, over: interval.durationNanoseconds)
        }
        let idleMicrojoules = stretch(idle.microjoules)
        return Share(
            idleMicrowatts: idle.meanMicrowatts, idleMicrojoules: idleMicrojoules,
            netMicrojoules: Int64(clamping: energy.microjoules) - Int64(clamping: idleMicrojoules),
            netUncertaintyMicrojoules: energy.uncertaintyMicrojoules
                .saturatingSum(stretch(idle.uncertaintyMicrojoules)).saturatingSum(1))
    }
}
