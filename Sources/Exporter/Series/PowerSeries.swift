import Accounts
import Metrics
import Sampling

/// How power is distributed between two scrapes, and how exact a sample is: a histogram of every sample, and the extremes and
/// quantiles of the last minute.
struct PowerSeries {
    private let histogram: PowerHistogramIndex
    private let quantile: PowerSummaryIndex
    private let peak: FamilyIndex
    private let low: FamilyIndex
    private let uncertainty: FamilyIndex
    /// One for each account.
    private var extremes: [SlidingExtremes] = []
    /// One for each account.
    private var quantiles: [SlidingQuantiles] = []
    /// For each account, whether its histogram is shown, which it is from its first reading on.
    private var isShown: [Bool] = []

    init(
        declaredIn registry: inout Registry, _ tables: DomainTables, _ origin: Origin, hasClassicBuckets: Bool
    ) {
        histogram = registry.declarePowerHistogram(
            "pyjoules_power_watts", in: tables.distributions.table,
            help: origin.help("Average power of every measurement interval"), hasClassicBuckets: hasClassicBuckets)
        quantile = registry.declarePowerSummary(
            "pyjoules_power_quantile_watts", in: tables.summaries.table,
            help: origin.help("Quantiles of power in the last 60 s; _sum and _count are since the start"))
        func declare(_ name: String, _ help: String) -> FamilyIndex {
            registry.declareFamily(name, .gauge, in: tables.domains.table, help: origin.help(help))
        }
        peak = declare("pyjoules_power_peak_watts", "Highest average power of a measurement interval in the last 60 s")
        low = declare("pyjoules_power_low_watts", "Lowest average power of a measurement interval in the last 60 s")
        uncertainty = declare(
            "pyjoules_power_uncertainty_watts",
            "Bound on the error of pyjoules_simple_energy_watts")
    }

    /// Makes room for accounts that are new.
    mutating func follow(_ sampling: borrowing Sampling) {
        let missing = sampling.accounts.count - extremes.count
        extremes += Array(repeating: SlidingExtremes(), count: max(0, missing))
        quantiles += Array(repeating: SlidingQuantiles(), count: max(0, missing))
        isShown += Array(repeating: false, count: max(0, missing))
    }

    /// Takes in the power of the interval that just ended; a domain without one has no sample.
    mutating func record(
        _ sampling: borrowing Sampling, _ tables: borrowing DomainTables, into registry: inout Registry
    ) {
        for index in extremes.indices {
            guard let power = sampling.accounts[index].powerMicrowatts else { continue }
            extremes[index].record(power, at: sampling.lastPassNanoseconds)
            quantiles[index].record(microwatts: power, at: sampling.lastPassNanoseconds)
            guard index < tables.distributions.rows.count, let row = tables.distributions.rows[index] else { continue }
            registry.record(microwatts: power, in: histogram, row)
            isShown[index] = true
        }
    }

    mutating func publish(
        _ sampling: borrowing Sampling, _ tables: borrowing DomainTables, into registry: inout Registry
    ) {
        for index in extremes.indices {
            guard let row = tables.domains.rows[index] else { continue }
            let extremes = extremes[index].extremes(at: sampling.lastPassNanoseconds)
            registry[peak, row] = extremes.map { .micro($0.highest) } ?? .absent
            registry[low, row] = extremes.map { .micro($0.lowest) } ?? .absent
            registry[uncertainty, row] =
                sampling.accounts[index].powerUncertaintyMicrowatts.map(Value.micro) ?? .absent
            guard let row = tables.summaries.rows[index], sampling.accounts[index].hasBeenRead else { continue }
            let summary = quantiles[index].summary(at: sampling.lastPassNanoseconds, within: extremes)
            registry.publish(summary, as: quantile, row)
        }
        for (index, row) in tables.distributions.rows.enumerated() {
            guard let row, !isShown[index], sampling.accounts[index].hasBeenRead else { continue }
            isShown[index] = true
            registry.publish(PowerHistogram(), as: histogram, row)
        }
    }
}
