public import Counters

/// Looks for counters that are one and the same under several names.
///
/// A guest may show its host's package once for each of its processors, and there are drivers of sensors that show one register
/// under several channels. Two counters of one kind and range that show nearly the same are suspects. Whether they are one is
/// found by reading leader, follower and leader again, while they move: the follower's value must lie between the leader's two.
/// Two counters that are not one fail that at their first step.
///
/// What is computed from power is never compared: two sensors may well show the same power. Nor is what counts from when this
/// process opened it: one register opened twice shows two numbers.
public struct MirrorSearch: Sendable {
    /// What a comparison brought.
    public enum Verdict: Sendable {
        /// More comparisons are needed.
        case undecided
        /// They are two counters.
        case different
        /// They are one.
        case same
    }

    /// A counter that may be another one under a second name.
    private struct Suspicion {
        let leader: Int
        /// What it showed when it was last compared, or when it was suspected.
        var raw: UInt64
        var agreements = 0
        var lastNanoseconds: UInt64 = 0
    }

    private struct Place {
        let facts: CounterFacts
        var raw: UInt64?
        var suspicion: Suspicion?
        /// It was held back, and is a counter of its own.
        var isReleased = false
    }

    private var places: [Place] = []
    private var suspects = 0
    /// In a guest several names for one counter are what is to be expected: there suspects wait for their verdict.
    public let isGuest: Bool
    private var scansLeft = firstScans

    /// Suspects are looked for at the first ticks, and then every so many.
    private static let firstScans = 4
    private static let periodTicks: UInt64 = 64
    /// One counter agrees with itself so often, each time moved, before it is believed to be one.
    private static let agreements = 3
    /// Where nothing is to be expected, twice as often, and at most once in this time: counters of machines that do equal work
    /// may keep in step for a moment.
    private static let agreementNanoseconds: UInt64 = 1_000_000_000
    /// Two readings of one counter are so close together in time at most.
    private static let nearnessDivisor: UInt64 = 10

    /// - Parameter isGuest: the processor is one that another system shows to this one.
    public init(_ counters: [CounterFacts], isGuest: Bool) {
        self.isGuest = isGuest
        for counter in counters { append(counter) }
    }

    /// Watches one more counter, whose position is the next one.
    public mutating func append(_ facts: CounterFacts) {
        places.append(Place(facts: facts))
        scansLeft = MirrorSearch.firstScans
    }

    /// Takes in what a counter shows.
    ///
    /// - Returns: whether it is not to be counted yet. In a guest a suspect that has moved waits for its verdict; nothing is lost by
    ///   that, since the next reading counts from the last one that was taken.
    public mutating func holdsBack(_ index: Int, _ reading: Reading) -> Bool {
        guard case .counter(let raw, _) = reading else {
            places[index].raw = nil
            return false
        }
        places[index].raw = raw
        guard suspects > 0, isGuest, let suspicion = places[index].suspicion else { return false }
        return raw != suspicion.raw || suspicion.agreements > 0
    }

    /// The counter that this one may be; nil if there is no reason to compare them now.
    public func leader(of index: Int, at nanoseconds: UInt64) -> Int? {
        guard suspects > 0, let suspicion = places[index].suspicion, let raw = places[index].raw, raw != suspicion.raw
        else { return nil }
        let due =
            suspicion.agreements == 0 || isGuest ? 0 : suspicion.lastNanoseconds &+ MirrorSearch.agreementNanoseconds
        return nanoseconds >= due ? suspicion.leader : nil
    }

    /// Takes in one comparison of a suspect with its leader.
    public mutating func compare(
        _ index: Int, _ before: Reading, _ follower: Reading, _ after: Reading, at nanoseconds: UInt64
    ) -> Verdict {
        guard var suspicion = places[index].suspicion, case .counter(let value, _) = follower else { return .undecided }
        guard case .counter(let before, _) = before, case .counter(let after, _) = after else {
            // A leader that cannot be read must not keep another counter from being counted.
            return release(index)
        }
        guard before <= after, value != suspicion.raw else { return .undecided }
        guard before <= value && value <= after else { return release(index) }
        suspicion.agreements += 1
        suspicion.raw = value
        suspicion.lastNanoseconds = nanoseconds
        places[index].suspicion = suspicion
        guard suspicion.agreements >= MirrorSearch.agreements * (isGuest ? 1 : 2) else { return .undecided }
        forget(index)
        return .same
    }

    private mutating func release(_ index: Int) -> Verdict {
        forget(index)
        places[index].isReleased = isGuest
        return .different
    }

    /// The counter was held back and turned out to be one of its own: it is to be read now. To be asked once.
    public mutating func takeReleased(_ index: Int) -> Bool {
        guard places[index].isReleased else { return false }
        places[index].isReleased = false
        return true
    }

    private mutating func forget(_ index: Int) {
        if places[index].suspicion != nil { suspects -= 1 }
        places[index].suspicion = nil
    }

    /// There are counters that may be one with another.
    public var hasSuspects: Bool { suspects > 0 }

    /// Suspects are to be looked for at the tick of this number.
    public func isScanDue(tick: UInt64) -> Bool {
        places.count > 1 && (scansLeft > 0 || tick % MirrorSearch.periodTicks == 0)
    }

    /// Looks for suspects by what was read at this tick. It compares numbers and reads nothing.
    ///
    /// - Parameter isFree: whether a counter is not known to be another one, or to be compared with one, already.
    public mutating func scan(isFree: (Int) -> Bool) {
        scansLeft = max(0, scansLeft - 1)
        for index in places.indices where places[index].suspicion == nil && isFree(index) {
            guard let leader = nearest(to: index, isFree: isFree), let raw = places[index].raw else { continue }
            places[index].suspicion = Suspicion(leader: leader, raw: raw)
            suspects += 1
        }
    }

    /// The counter before this one that shows most nearly the same; nil if none shows nearly the same.
    private func nearest(to index: Int, isFree: (Int) -> Bool) -> Int? {
        guard let raw = places[index].raw, !places[index].facts.isEstimate else { return nil }
        var leader: Int?
        var least = places[index].facts.boundMicrowatts / MirrorSearch.nearnessDivisor
        for other in 0..<index {
            guard let otherRaw = places[other].raw, isComparable(other, index), isFree(other) else { continue }
            let distance = max(raw, otherRaw) - min(raw, otherRaw)
            if distance < least { (least, leader) = (distance, other) }
        }
        return leader
    }

    /// What others publish is not read three times in a row, but once when it comes.
    private func isComparable(_ one: Int, _ other: Int) -> Bool {
        let (one, other) = (places[one].facts, places[other].facts)
        return one.source == other.source && one.domain.kind == other.domain.kind && one.modulus == other.modulus
            && one.source != .feeds && !one.isEstimate && one.outlivesProcess
    }
}
