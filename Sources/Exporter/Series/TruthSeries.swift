import Accounts
import Counters
import Metrics
import Sampling
import Sources

/// What lets a reader judge the energy's truth.
struct TruthSeries {
    private let intervalNanoseconds: UInt64
    private let sourceUp: FamilyIndex
    private var sources: KeyedRows<SourceKind>
    private let samples: FamilyIndex
    private let errors: FamilyIndex
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
        sources = KeyedRows(in: &registry, rows: SourceKind.allCases.count, labelBytes: 64)
        sourceUp = registry.declareFamily(
            "pyjoules_source_up", .gauge, in: sources.table,
            help: origin.help("Whether the energy counters of a source are read"))
        samples = registry.declareFamily(
            "pyjoules_samples_total", .counter, help: "Timer ticks that read all counters.")
        errors = registry.declareFamily(
            "pyjoules_sample_errors_total", .counter, in: tables.errors.table,
            help: "Counter readings that failed; the total stays as it was.")
        missed = registry.declareFamily(
            "pyjoules_ticks_missed_total", .counter,
            help: "Timer ticks that passed while the exporter was late; no energy is lost, but its detail in time.")
        func declare(_ name: String, _ help: String) -> FamilyIndex {
            registry.declareFamily(name, .counter, in: tables.domains.table, help: help)
        }
        wraps = declare("pyjoules_wraps_total", "Times a hardware counter started again from 0.")
        resets = declare(
            "pyjoules_resets_total",
            "Times a hardware counter was set anew, by suspend or a reloaded driver; only what is certain was added.")
        glitches = declare(
            "pyjoules_glitches_total",
            "Times a hardware counter showed something else for a while and then went on as if nothing had been; nothing was lost."
        )
        gaps = declare(
            "pyjoules_gaps_total",
            "Intervals in which a counter can have run through its range unseen; only what is certain was added.")
        lateness = registry.declareLatencyHistogram(
            "pyjoules_sample_lateness_seconds", help: "How long after its due time a tick was served.")
        interval = registry.declareFamily(
            "pyjoules_sample_interval_seconds", .gauge, help: "Time between two ticks, as configured.")
    }

    /// Shows each source that is read or should be.
    mutating func follow(_ sampling: borrowing Sampling, in registry: inout Registry) -> Int {
        let states = sampling.report.states
        let missing = sources.follow(states.map(\.kind), in: &registry) { kind, labels in
            labels.append("source", kind.rawValue)
        }
        for (state, row) in zip(states, sources.rows) {
            if let row { registry[sourceUp, row] = .integer(state.isUp ? 1 : 0) }
        }
        return missing
    }

    func publish(
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
        // For each account, a row for each reason.
        let reasons = ReadFailure.allCases.count
        for (index, row) in tables.errors.rows.enumerated() {
            guard let row else { continue }
            let count = sampling.accounts[index / reasons].failureCount(tables.errors.keys[index].reason)
            registry[errors, row] = .integer(count)
        }
        registry.publish(facts.lateness, as: lateness)
    }
}
