import Accounts
import Counters
import Metrics
import Sampling
import Sources

/// What lets a reader judge the energy's truth.
struct TruthSeries {
    /// A reason for which the counter of a domain can fail.
    private struct Failing: Equatable {
        let domain: Domain
        let reason: ReadFailure
    }

    private let intervalNanoseconds: UInt64
    private let sourceUp: FamilyIndex
    private var sources: KeyedRows<SourceKind>
    private let samples: FamilyIndex
    private let errors: FamilyIndex
    /// For each account in turn, each reason.
    private var failing: CountedRows<Failing>
    private let missed: FamilyIndex
    private let wraps: FamilyIndex
    private let resets: FamilyIndex
    private let glitches: FamilyIndex
    private let gaps: FamilyIndex
    private let lateness: LatencyHistogramIndex
    private let interval: FamilyIndex

    init(
        declaredIn registry: inout Registry, _ tables: DomainTables, _ origin: Origin, intervalNanoseconds: UInt64
    ) {
        self.intervalNanoseconds = intervalNanoseconds
        sources = KeyedRows(in: &registry, rows: SourceKind.allCases.count, labels: ["source"], labelBytes: 64)
        sourceUp = registry.declareFamily(
            "pyjoules_source_up", .gauge, in: sources.table,
            help: origin.help("Whether the energy counters of a source are read"))
        samples = registry.declareFamily(
            "pyjoules_samples_total", .counter, help: "Timer ticks that read all counters.")
        failing = CountedRows(
            in: &registry, rows: Sources.mostCounters * ReadFailure.allCases.count,
            labels: ["domain", "reason"], labelBytes: 224)
        errors = registry.declareFamily(
            "pyjoules_sample_errors_total", .counter, in: failing.table,
            help: "Counter readings that failed; the total stays as it was.")
        missed = registry.declareFamily(
            "pyjoules_ticks_missed_total", .counter,
            help: "Timer ticks that passed while the exporter was late; no energy is lost.")
        func declare(_ name: String, _ help: String) -> FamilyIndex {
            registry.declareFamily(name, .counter, in: tables.domains.table, help: help)
        }
        wraps = declare("pyjoules_wraps_total", "Times a hardware counter started again from 0.")
        resets = declare(
            "pyjoules_resets_total",
            "Times a hardware counter was set anew; only what is certain was added.")
        glitches = declare(
            "pyjoules_glitches_total",
            "Times a hardware counter showed something else for a while; nothing was lost.")
        gaps = declare(
            "pyjoules_gaps_total",
            "Intervals that may hide a turn of the counter; only what is certain was added.")
        lateness = registry.declareLatencyHistogram(
            "pyjoules_sample_lateness_seconds", help: "How long after its due time a tick was served.")
        interval = registry.declareFamily(
            "pyjoules_sample_interval_seconds", .gauge, help: "Time between two ticks, as configured.")
    }

    /// Shows each source that is read or should be.
    mutating func follow(_ sampling: borrowing Sampling, in registry: inout Registry) -> Int {
        let states = sampling.sourceStates
        let missing = sources.follow(states.map(\.kind), in: &registry) { kind, labels in
            labels.append("source", kind.rawValue)
        }
        for (state, row) in zip(states, sources.rows) {
            if let row { registry[sourceUp, row] = .integer(state.isUp && !sampling.standsStill(state.kind) ? 1 : 0) }
        }
        failing.follow(
            sampling.accounts.flatMap { account in
                ReadFailure.allCases.map { Failing(domain: account.domain, reason: $0) }
            }, in: &registry)
        return missing
    }

    /// Calls the closure with each source that is shown, and whether it is up.
    func forEachSource(in registry: borrowing Registry, _ body: (SourceKind, Bool) -> Void) {
        for position in sources.keys.indices {
            guard let row = sources.rows[position] else { continue }
            body(sources.keys[position], registry[sourceUp, row] == .integer(1))
        }
    }

    mutating func publish(
        _ sampling: borrowing Sampling, _ tables: borrowing DomainTables, _ facts: borrowing ServerFacts,
        into registry: inout Registry
    ) {
        registry[samples] = .integer(sampling.ticks)
        registry[missed] = .integer(facts.missedTicks)
        registry[interval] = .nano(intervalNanoseconds)
        for index in sampling.accounts.indices {
            guard let row = tables.domains.rows[index] else { continue }
            let accountant = sampling.accounts[index].accountant
            registry[wraps, row] = .integer(accountant.wraps)
            registry[resets, row] = .integer(accountant.resets)
            registry[glitches, row] = .integer(accountant.glitches)
            registry[gaps, row] = .integer(accountant.gaps)
        }
        registry.publish(facts.lateness, as: lateness)
        publishErrors(sampling, tables, into: &registry)
    }

    private mutating func publishErrors(
        _ sampling: borrowing Sampling, _ tables: borrowing DomainTables, into registry: inout Registry
    ) {
        let reasons = ReadFailure.allCases
        // A domain that has no row of its own has the name of one before it.
        for index in sampling.accounts.indices where tables.domains.rows[index] != nil {
            for (position, reason) in reasons.enumerated() {
                failing.set(
                    sampling.accounts[index].failureCount(reason), at: index * reasons.count + position, as: errors,
                    in: &registry
                ) { failing, labels in
                    labels.append("domain", failing.domain.tag)
                    labels.append("reason", failing.reason.rawValue)
                }
            }
        }
    }
}
