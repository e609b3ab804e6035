import Attribution
import Bytes
import Counters
import Metrics
import Sampling

/// Who used the energy: one family whose rows are a partition, and the sums by which that can be checked.
struct AttributionSeries {
    private let joules: FamilyIndex
    private let total: FamilyIndex
    private let retired: FamilyIndex
    private let work: AttributionWorkSeries
    private let accounts: TableIndex
    private let kinds: [DomainKind]
    /// A row of each kind for each place of an account, and the number of the account that it is of.
    private var rows: [Row?]
    private var generations: [UInt32]
    private let idleRows: [Row?]
    private let kindRows: [Row]
    /// The accounts that the rows are of.
    private var layout: UInt64?
    private var power: AttributedPower

    /// - Parameters:
    ///   - kinds: the kinds of energy that are shared out.
    ///   - places: how many accounts there can be.
    init(declaredIn registry: inout Registry, _ origin: Origin, kinds: [DomainKind], places: Int) {
        self.kinds = kinds
        accounts = registry.declareTable(
            rows: (places + 1) * kinds.count, labels: ["kind"] + AttributionLabels.names,
            labelBytes: AttributionLabels.longestBytes)
        let sums = registry.declareRows(kinds.map { ["kind": $0.rawValue] })
        joules = registry.declareFamily(
            "pyjoules_attributed_energy_joules_total", .counter, in: accounts,
            help: origin.help("Energy by who used it, by processor time; a partition. Sum over one kind only"))
        total = registry.declareFamily(
            "pyjoules_attribution_energy_joules_total", .counter, in: sums.table,
            help: origin.help("Energy that was attributed: the sum of the attributed and the retired energy"))
        retired = registry.declareFamily(
            "pyjoules_attribution_retired_joules_total", .counter, in: sums.table,
            help: origin.help("Energy attributed to what is shown no more"))
        kindRows = sums.rows
        work = AttributionWorkSeries(declaredIn: &registry, kinds: kinds, kindTable: sums.table)
        rows = Array(repeating: nil, count: places * kinds.count)
        generations = Array(repeating: 0, count: places)
        power = AttributedPower(places: places, kinds: kinds.count)
        let table = accounts
        idleRows = kinds.map { kind in
            registry.open(table) { labels in
                labels.append("kind", kind.rawValue)
                labels.append("type", "idle")
            }
        }
    }

    /// Sets all values anew; rows open and close for accounts that came and went.
    ///
    /// - Returns: how many rows have no room, or labels that are too long.
    mutating func publish(
        _ sharing: borrowing Sharing, passSeconds: LatencyHistogram, into registry: inout Registry
    ) -> Int {
        var missing = 0
        if layout != sharing.attribution.layout {
            missing = follow(sharing.attribution, in: &registry)
            layout = sharing.attribution.layout
        }
        power.begin(at: sharing.attribution.passNanoseconds)
        for kind in kinds.indices {
            for index in sharing.attribution.accountIndices {
                guard let row = rows[index * kinds.count + kind] else { continue }
                let total = sharing.attribution.microjoules(index, kind: kind)
                power.take(total, after: registry[joules, row].millionths, index, kind)
                registry[joules, row] = .micro(total)
            }
            if let row = idleRows[kind] {
                let total = sharing.attribution.idleMicrojoules(kind: kind)
                power.take(total, after: registry[joules, row].millionths, nil, kind)
                registry[joules, row] = .micro(total)
            }
            registry[total, kindRows[kind]] = .micro(sharing.attribution.totalMicrojoules(kind: kind))
            registry[retired, kindRows[kind]] = .micro(sharing.attribution.retiredMicrojoules(kind: kind))
        }
        work.publish(sharing, passSeconds: passSeconds, kindRows, into: &registry)
        return missing
    }

    private mutating func follow(_ attribution: borrowing Attribution, in registry: inout Registry) -> Int {
        var missing = 0
        // What goes makes room first: no two rows ever have the same labels.
        for index in attribution.accountIndices where attribution.generation(at: index) != generations[index] {
            close(index, in: &registry)
        }
        for index in attribution.accountIndices {
            guard let account = attribution.account(at: index), account.generation != generations[index] else {
                continue
            }
            missing += open(index, account, in: &registry)
        }
        return missing
    }

    private mutating func close(_ index: Int, in registry: inout Registry) {
        for place in (index * kinds.count)..<((index + 1) * kinds.count) {
            if let row = rows[place] { registry.close(row) }
            rows[place] = nil
        }
        generations[index] = 0
    }

    private mutating func open(
        _ index: Int, _ account: Attribution.AccountFacts, in registry: inout Registry
    ) -> Int {
        generations[index] = account.generation
        var missing = 0
        for kind in kinds.indices {
            let row = registry.open(accounts, startUnixMilliseconds: account.startUnixMicroseconds / 1000) { labels in
                labels.append("kind", kinds[kind].rawValue)
                AttributionLabels.append(account, to: &labels)
            }
            rows[index * kinds.count + kind] = row
            missing += row == nil ? 1 : 0
        }
        return missing
    }
}

/// What the series show, for whoever shows it otherwise.
extension AttributionSeries {
    /// One row.
    struct Reading {
        /// The account's place; nil for what was used while nobody used it.
        let index: Int?
        /// The position of its kind among those that are shared out.
        let kind: Int
        let microjoules: UInt64
        /// The mean since the values that were shown before; nil if it is not known.
        let milliwatts: UInt64?
    }

    func forEachReading(in registry: borrowing Registry, _ body: (Reading) -> Void) {
        for kind in kinds.indices {
            for index in generations.indices where generations[index] > 0 {
                guard let row = rows[index * kinds.count + kind] else { continue }
                read(row, index, kind, in: registry, body)
            }
            if let row = idleRows[kind] { read(row, nil, kind, in: registry, body) }
        }
    }

    private func read(
        _ row: Row, _ index: Int?, _ kind: Int, in registry: borrowing Registry, _ body: (Reading) -> Void
    ) {
        guard let total = registry[joules, row].millionths else { return }
        body(Reading(index: index, kind: kind, microjoules: total, milliwatts: power.milliwatts(index, kind)))
    }

    /// The account in a place is the one that the rows are of.
    func isShown(_ index: Int, generation: UInt32) -> Bool { generations[index] == generation }
}
