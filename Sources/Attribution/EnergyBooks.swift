/// Where all energy went, by kind, in microjoules: what the accounts have is in their slots, and the rest is here.
struct EnergyBooks {
    /// All that was ever given out.
    private(set) var totals: [UInt64]
    /// What accounts had that are shown no more.
    private(set) var retired: [UInt64]
    /// What was used while nobody used it.
    private(set) var idle: [UInt64]
    private(set) var idlePowers: [IdlePower]

    /// What is known of the time since the pass before.
    struct Interval {
        let microseconds: UInt64
        let busy: BusyTime.Interval?
        /// The sum of all weights.
        let totalWeight: UInt64
    }

    init(_ settings: AttributionSettings) {
        let zeros = Array(repeating: UInt64(0), count: settings.kindCount)
        (totals, retired, idle) = (zeros, zeros, zeros)
        idlePowers = zeros.indices.map { kind in
            IdlePower(
                fixedMicrowatts: kind < settings.idleMicrowatts.count ? settings.idleMicrowatts[kind] : nil)
        }
    }

    /// Gives all of an interval's energy of one kind out: a part is idle, and the accounts have the rest by their weights.
    mutating func giveOut(
        _ microjoules: UInt64, _ kind: Int, _ interval: Interval, _ weights: borrowing [UInt64], to slots: inout Slots
    ) {
        totals[kind] += microjoules
        let idle = idlePowers[kind].take(
            IdlePower.Interval(microjoules: microjoules, microseconds: interval.microseconds, busy: interval.busy),
            totalWeight: interval.totalWeight)
        var shares = Apportionment(microjoules: microjoules - idle, totalWeight: interval.totalWeight)
        for index in slots.indices where weights[index] > 0 {
            slots.add(shares.part(of: weights[index]), index, kind)
        }
        // Nothing remains but where nobody has a weight, and then all of it is idle.
        self.idle[kind] += idle + shares.remainingMicrojoules
    }

    /// Goes on from what an earlier run left.
    mutating func restore(_ records: AttributionRecords, _ settings: AttributionSettings) {
        (totals, idle) = (records.totals, records.idle)
        idlePowers = records.idlePowers.indices.map { kind in
            IdlePower(
                fixedMicrowatts: kind < settings.idleMicrowatts.count ? settings.idleMicrowatts[kind] : nil,
                words: records.idlePowers[kind])
        }
    }

    /// Whatever of the totals is nowhere else was retired: what an earlier run left of accounts that do not go on.
    mutating func retireRest(_ slots: borrowing Slots) {
        for kind in totals.indices {
            var rest = totals[kind] - idle[kind]
            for index in slots.indices where slots.accounts[index].state != .free { rest -= slots.energy(index, kind) }
            retired[kind] = rest
        }
    }

    mutating func retire(_ microjoules: UInt64, _ kind: Int) { retired[kind] += microjoules }

    /// Whether all accounts, idle energy and what was retired add up to what was given out.
    func isBalanced(_ kind: Int, _ slots: borrowing Slots) -> Bool {
        var sum = idle[kind] &+ retired[kind]
        for index in slots.indices where slots.accounts[index].state != .free { sum &+= slots.energy(index, kind) }
        return sum == totals[kind]
    }
}
