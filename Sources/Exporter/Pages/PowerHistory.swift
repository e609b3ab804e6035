import Accounts
import Bytes
import Sampling

/// The mean power of each of the last steps of time, of the machine and of each domain, in fixed memory.
///
/// A step's power is what was counted in it over its length. A step of which nothing is known has none; what is counted later
/// belongs to the mean of all the time since something was known.
struct PowerHistory {
    /// How many steps are kept.
    static let steps = 600

    /// How long each is.
    let stepNanoseconds: UInt64
    /// So many have ended up to now.
    private(set) var count: UInt64 = 0
    /// When the current one ends, on the monotonic clock; 0 before the first pass over the counters.
    private var endNanoseconds: UInt64 = 0
    private var machine = PowerLine()
    /// One for each account.
    private var domains: [PowerLine] = []

    /// None has ended.
    init(stepNanoseconds: UInt64) { self.stepNanoseconds = stepNanoseconds }

    /// When the latest that has ended did so, on the monotonic clock.
    var latestNanoseconds: UInt64 { endNanoseconds - min(stepNanoseconds, endNanoseconds) }

    /// Takes in a pass over the counters; most only find that the step goes on.
    mutating func take(_ sampling: borrowing Sampling) {
        guard sampling.lastPassNanoseconds >= endNanoseconds else { return }
        endSteps(sampling)
    }

    @inline(never)
    private mutating func endSteps(_ sampling: borrowing Sampling) {
        let now = sampling.lastPassNanoseconds
        // It allocates, once for each account.
        while domains.count < sampling.accounts.count { domains.append(PowerLine()) }
        let isFirst = endNanoseconds == 0
        let ended = isFirst ? 0 : 1 + (now - endNanoseconds) / stepNanoseconds
        let places = places(of: ended)
        machine.end(places, microjoules: machineMicrojoules(sampling), at: now)
        for index in domains.indices {
            domains[index].end(places, microjoules: microjoules(sampling.accounts, index), at: now)
        }
        count += ended
        endNanoseconds = isFirst ? now.saturatingSum(stepNanoseconds) : endNanoseconds + ended * stepNanoseconds
    }

    /// The places of steps that have just ended: all, if they are more.
    private func places(of ended: UInt64) -> StepPlaces {
        let kept = Int(min(ended, UInt64(PowerHistory.steps)))
        return StepPlaces(first: place(count + ended - UInt64(kept)), count: kept)
    }

    /// Where a step is, by its number.
    private func place(_ step: UInt64) -> Int { Int(step % UInt64(PowerHistory.steps)) }

    private func machineMicrojoules(_ sampling: borrowing Sampling) -> UInt64? {
        guard sampling.isHostKnown, sampling.missingHostParts == 0, !sampling.isInDoubt else { return nil }
        return sampling.hostMicrojoules
    }

    private func microjoules(_ accounts: [DomainAccount], _ index: Int) -> UInt64? {
        let accounts = accounts.span
        let isKnown =
            accounts[index].hasBeenRead && accounts[index].failure == nil && !accounts[index].isInDoubt
            && !accounts[index].isMirror
        return isKnown ? accounts[index].totalMicrojoules : nil
    }
}

/// What was.
extension PowerHistory {
    /// The numbers of the steps that are still there of those that had ended when `shown` had; one that ended later is in the place of
    /// an older one.
    func numbers(upTo shown: UInt64) -> Range<UInt64> {
        let first = count - min(count, UInt64(PowerHistory.steps))
        return min(first, shown)..<shown
    }

    /// The mean power of a step in milliwatts, of the machine or of an account; nil if it is not known.
    func milliwatts(_ index: Int?, step: UInt64) -> UInt64? {
        guard let index else { return machine.milliwatts(at: place(step)) }
        return index < domains.count ? domains.span[index].milliwatts(at: place(step)) : nil
    }
}

/// Places in a ring of steps, one after the other.
struct StepPlaces {
    let first: Int
    let count: Int
}

/// One row of steps, and since when its energy is in none of them yet.
struct PowerLine {
    private var means = Array(repeating: MeanPower.unknown, count: PowerHistory.steps)
    private var since: (microjoules: UInt64, nanoseconds: UInt64)?

    /// Ends steps: all have the mean since something was known.
    mutating func end(_ places: StepPlaces, microjoules total: UInt64?, at now: UInt64) {
        let mean = mean(upTo: total, at: now)
        for offset in 0..<places.count { means[(places.first + offset) % PowerHistory.steps] = mean }
        if let total { since = (total, now) }
    }

    private func mean(upTo total: UInt64?, at now: UInt64) -> MeanPower {
        guard let total, let since, now > since.nanoseconds else { return .unknown }
        return MeanPower(from: since.microjoules, to: total, nanoseconds: now - since.nanoseconds)
    }

    /// Nil if it is not known.
    func milliwatts(at place: Int) -> UInt64? { means[place].milliwatts }
}
