import Energy
import Metrics

/// What lets a reader judge the energy's truth.
struct TruthSeries {
    private let isSourceUp: Bool
    private let intervalNanoseconds: UInt64
    private let tables: DomainTables
    private let sourceUp: FamilyIndex
    private let sourceRow: Row?
    private let samples: FamilyIndex
    private let errors: FamilyIndex
    /// For each domain one for each reason.
    private let errorRows: [Row]
    private let missed: FamilyIndex
    private let wraps: FamilyIndex
    private let resets: FamilyIndex
    private let gaps: FamilyIndex
    private let lateness: LatencyHistogramIndex
    private let interval: FamilyIndex

    init(declaredIn registry: inout Registry, _ tables: DomainTables, _ facts: SeriesFacts) {
        self.tables = tables
        isSourceUp = facts.isSourceUp
        intervalNanoseconds = facts.sampleIntervalNanoseconds
        let domains = tables.domains.index
        let sources = registry.declareRows([["source": facts.sourceName]])
        sourceRow = sources.rows.first
        sourceUp = registry.declareFamily(
            "pyjoules_source_up", .gauge, in: sources.table,
            help: facts.isSimulated
                ? "Whether energy counters are read: SIMULATED, not measured." : "Whether energy counters are read.")
        samples = registry.declareFamily(
            "pyjoules_samples_total", .counter, help: "Timer ticks that read all counters.")
        let reasons = registry.declareRows(
            facts.domains.flatMap { domain in
                ReadFailure.allCases.map { ["domain": domain.tag, "reason": $0.rawValue] }
            })
        errorRows = reasons.rows
        errors = registry.declareFamily(
            "pyjoules_sample_errors_total", .counter, in: reasons.table,
            help: "Counter readings that failed; the total stays as it was.")
        missed = registry.declareFamily(
            "pyjoules_ticks_missed_total", .counter,
            help: "Timer ticks that passed while the exporter was late; no energy is lost, but its detail in time.")
        wraps = registry.declareFamily(
            "pyjoules_counter_wraps_total", .counter, in: domains,
            help: "Times a hardware counter started again from 0.")
        resets = registry.declareFamily(
            "pyjoules_counter_resets_total", .counter, in: domains,
            help:
                "Times a hardware counter was set anew, by suspend or a reloaded driver; only what is certain was added."
        )
        gaps = registry.declareFamily(
            "pyjoules_gaps_total", .counter, in: domains,
            help: "Intervals in which a counter can have run through its range unseen; only what is certain was added.")
        lateness = registry.declareLatencyHistogram(
            "pyjoules_sample_lateness_seconds", help: "How long after its due time a tick was served.")
        interval = registry.declareFamily(
            "pyjoules_sample_interval_seconds", .gauge, help: "Time between two ticks, as configured.")
    }

    func publish(_ sampler: borrowing Sampler, _ facts: borrowing ServerFacts, into registry: inout Registry) {
        if let sourceRow { registry[sourceUp, sourceRow] = .integer(isSourceUp ? 1 : 0) }
        registry[samples] = .integer(sampler.ticks)
        registry[missed] = .integer(facts.counters.missedTicks)
        registry[interval] = .nano(intervalNanoseconds)
        for index in sampler.accounts.indices {
            let row = tables.domains.rows[index]
            let accountant = sampler.accounts[index].accountant
            registry[wraps, row] = .integer(accountant.wraps)
            registry[resets, row] = .integer(accountant.resets)
            registry[gaps, row] = .integer(accountant.gaps)
            for reason in ReadFailure.allCases {
                registry[errors, errorRows[index * ReadFailure.allCases.count + reason.index]] =
                    .integer(sampler.accounts[index].failureCount(reason))
            }
        }
        registry.publish(facts.lateness, as: lateness)
    }
}
