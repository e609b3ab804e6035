import Attribution
import Counters
import Metrics
import Sampling

/// What lets a reader judge the attribution: what idle power it takes, how often it looks, what it finds, and what went wrong.
struct AttributionWorkSeries {
    private let idleWatts: FamilyIndex
    private let idleBasis: FamilyIndex
    private let bases: [(kind: Int, basis: IdlePower.Basis, row: Row)]
    private let interval: FamilyIndex
    private let passes: LatencyHistogramIndex
    private let reads: FamilyIndex
    private let slots: FamilyIndex
    private let slotRows: [Row]
    private let units: FamilyIndex
    private let withoutSlot: FamilyIndex
    private let births: FamilyIndex
    private let deaths: FamilyIndex
    private let errors: FamilyIndex
    private let errorRows: [Row]

    init(declaredIn registry: inout Registry, kinds: [DomainKind], kindTable: TableIndex) {
        let all = kinds.indices.flatMap { kind in IdlePower.Basis.all.map { (kind: kind, basis: $0) } }
        let basisRows = registry.declareRows(
            all.map { ["kind": kinds[$0.kind].rawValue, "basis": $0.basis.label] })
        bases = zip(all, basisRows.rows).map { ($0.kind, $0.basis, $1) }
        let states = registry.declareRows([["state": "live"], ["state": "dead"], ["state": "free"]])
        let reasons = registry.declareRows(AttributionFault.allCases.map { ["reason": $0.rawValue] })
        (slotRows, errorRows) = (states.rows, reasons.rows)
        idleWatts = registry.declareFamily(
            "pyjoules_attribution_idle_watts", .gauge, in: kindTable,
            help: "Power that counts as nobody's: what the machine takes while it does nothing.")
        idleBasis = registry.declareFamily(
            "pyjoules_attribution_idle_basis", .gauge, in: basisRows.table,
            help: "1 for where idle energy comes from: measured, fixed, or the share of time at rest.")
        interval = registry.declareFamily(
            "pyjoules_attribution_interval_seconds", .gauge,
            help: "Time between two passes over the cgroups; longer than asked for where they take long.")
        passes = registry.declareLatencyHistogram(
            "pyjoules_attribution_pass_seconds", help: "How long passes over the cgroups took.")
        reads = registry.declareFamily(
            "pyjoules_attribution_reads_total", .counter,
            help:
                "Readings of processor time: a pass reads what runs, and all else where that does not explain what ran."
        )
        slots = registry.declareFamily(
            "pyjoules_attribution_slots", .gauge, in: states.table,
            help: "Accounts by state: live, dead (what has ended and is still shown) and free.")
        units = registry.declareFamily(
            "pyjoules_attribution_units", .gauge, help: "Units that were found, with an account or without.")
        withoutSlot = registry.declareFamily(
            "pyjoules_attribution_units_without_slot", .gauge,
            help: "Units that have no account: their energy is in the rest of the place where they lie.")
        births = registry.declareFamily(
            "pyjoules_attribution_births_total", .counter, help: "Accounts that opened, or went on with a new cgroup.")
        deaths = registry.declareFamily(
            "pyjoules_attribution_deaths_total", .counter, help: "Cgroups with an account that went.")
        errors = registry.declareFamily(
            "pyjoules_attribution_errors_total", .counter, in: reasons.table,
            help: "Readings of processor time that brought nothing; the time is in a rest.")
    }

    func publish(
        _ sharing: borrowing Sharing, passSeconds: LatencyHistogram, _ kindRows: [Row], into registry: inout Registry
    ) {
        for kind in kindRows.indices {
            let power = sharing.attribution.idleMicrowatts(kind: kind)
            registry[idleWatts, kindRows[kind]] = power.map(Value.micro) ?? .absent
        }
        for entry in bases {
            let isBasis = sharing.attribution.idleBasis(kind: entry.kind) == entry.basis
            registry[idleBasis, entry.row] = isBasis ? .integer(1) : .absent
        }
        registry[interval] = .nano(sharing.intervalNanoseconds)
        registry.publish(passSeconds, as: passes)
        registry[reads] = .integer(sharing.attribution.reads)
        registry[slots, slotRows[0]] = .integer(UInt64(sharing.attribution.liveCount))
        registry[slots, slotRows[1]] = .integer(UInt64(sharing.attribution.deadCount))
        registry[slots, slotRows[2]] = .integer(UInt64(sharing.attribution.freeCount))
        registry[units] = .integer(UInt64(sharing.attribution.unitCount))
        registry[withoutSlot] = .integer(UInt64(sharing.attribution.withoutSlot))
        registry[births] = .integer(sharing.attribution.births)
        registry[deaths] = .integer(sharing.attribution.deaths)
        for (index, fault) in AttributionFault.allCases.enumerated() {
            let count = sharing.attribution.faultCount(fault)
            registry[errors, errorRows[index]] = count > 0 ? .integer(count) : .absent
        }
    }
}

extension IdlePower.Basis {
    fileprivate static let all: [IdlePower.Basis] = [.share, .measured, .fixed]

    fileprivate var label: String {
        switch self {
        case .share: "share"
        case .measured: "measured"
        case .fixed: "fixed"
        }
    }
}
