import Energy
import Metrics

/// What lets a reader judge the energy's truth.
struct TruthSeries {
    private let isSourceUp: Bool
    private let intervalNanoseconds: UInt64
    private let sourceUp: SeriesIndex
    private let samples: SeriesIndex
    private let errors: [SeriesIndex]
    private let missed: SeriesIndex
    private let wraps: [SeriesIndex]
    private let resets: [SeriesIndex]
    private let gaps: [SeriesIndex]
    private let lateness: HistogramIndex
    private let interval: SeriesIndex

    init(declaredIn registry: inout Registry, _ facts: SeriesFacts) {
        isSourceUp = facts.isSourceUp
        intervalNanoseconds = facts.sampleIntervalNanoseconds
        registry.declareFamily(
            "pyjoules_source_up", .gauge,
            help: facts.isSimulated
                ? "Whether energy counters are read: SIMULATED, not measured." : "Whether energy counters are read.")
        sourceUp = registry.declareSeries([Label("source", facts.sourceName)])
        registry.declareFamily("pyjoules_samples_total", .counter, help: "Timer ticks that read all counters.")
        samples = registry.declareSeries()
        registry.declareFamily(
            "pyjoules_sample_errors_total", .counter, help: "Counter readings that failed; the total stays as it was.")
        errors = facts.domains.flatMap { domain in
            ReadFailure.allCases.map { reason in
                registry.declareSeries([Label("domain", domain.tag), Label("reason", reason.rawValue)])
            }
        }
        registry.declareFamily(
            "pyjoules_ticks_missed_total", .counter,
            help: "Timer ticks that passed while the exporter was late; no energy is lost, but its detail in time.")
        missed = registry.declareSeries()
        registry.declareFamily(
            "pyjoules_wraps_total", .counter, help: "Times a hardware counter started again from 0.")
        wraps = facts.declareTotals(in: &registry) { [Label("domain", $0.tag)] }
        registry.declareFamily(
            "pyjoules_resets_total", .counter,
            help:
                "Times a hardware counter was set anew, by suspend or a reloaded driver; only what is certain was added."
        )
        resets = facts.declareTotals(in: &registry) { [Label("domain", $0.tag)] }
        registry.declareFamily(
            "pyjoules_gaps_total", .counter,
            help: "Intervals in which a counter can have run through its range unseen; only what is certain was added.")
        gaps = facts.declareTotals(in: &registry) { [Label("domain", $0.tag)] }
        registry.declareFamily(
            "pyjoules_sample_lateness_seconds", .histogram, help: "How long after its due time a tick was served.")
        lateness = registry.declareHistogram(bounds: LatencyHistogram.boundLabels, isNative: false)
        registry.declareFamily(
            "pyjoules_sample_interval_seconds", .gauge, help: "Time between two ticks, as configured.")
        interval = registry.declareSeries()
    }

    func publish(_ sampler: borrowing Sampler, _ facts: borrowing ServerFacts, into registry: inout Registry) {
        registry[sourceUp] = .integer(isSourceUp ? 1 : 0)
        registry[samples] = .integer(sampler.ticks)
        registry[missed] = .integer(facts.counters.missedTicks)
        registry[interval] = .nano(intervalNanoseconds)
        for index in sampler.accounts.indices {
            let accountant = sampler.accounts[index].accountant
            registry[wraps[index]] = .integer(accountant.wraps)
            registry[resets[index]] = .integer(accountant.resets)
            registry[gaps[index]] = .integer(accountant.gaps)
            for reason in ReadFailure.allCases {
                registry[errors[index * ReadFailure.allCases.count + reason.index]] =
                    .integer(sampler.accounts[index].failureCount(reason))
            }
        }
        registry.publish(facts.lateness, as: lateness)
    }
}
