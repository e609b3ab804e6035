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
    /// One for each account; none where they are not shown.
    private var histograms: [PowerHistogram] = []
    private let hasHistograms: Bool
    /// One for each account: so many portions of published power were taken in.
    private var portions: [UInt64] = []

    init(
        declaredIn registry: inout Registry, _ tables: DomainTables, _ origin: Origin, hasClassicBuckets: Bool
    ) {
        hasHistograms = tables.hasHistograms
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

    /// Takes in the power of the interval that just ended, at a moment of the monotonic clock; a domain without one has no sample.
    mutating func record(_ accounts: [DomainAccount], at now: UInt64) {
        makeRoom(for: accounts.count)
        for index in extremes.indices {
            guard !accounts.span[index].isPublished, let power = accounts.span[index].powerMicrowatts else { continue }
            record(power, index, at: now)
        }
    }

    /// Takes in power that others have published since this was called last.
    mutating func recordPortions(_ sampling: borrowing Sampling) {
        makeRoom(for: sampling.accounts.count)
        for index in extremes.indices {
            guard let portion = sampling.portions(index), portion != portions[index] else { continue }
            portions[index] = portion
            let now = sampling.lastPassNanoseconds
            sampling.forEachPower(index) { record($0, index, at: now) }
        }
    }

    private mutating func record(_ power: UInt64, _ index: Int, at now: UInt64) {
        extremes[index].record(power, at: now)
        quantiles[index].record(microwatts: power, at: now)
        if hasHistograms { histograms[index].record(microwatts: power) }
    }

    /// Has something to take samples in for each account; accounts only grow in number.
    private mutating func makeRoom(for count: Int) {
        let missing = count - extremes.count
        guard missing > 0 else { return }
        portions += Array(repeating: 0, count: missing)
        extremes += Array(repeating: SlidingExtremes(), count: missing)
        quantiles += Array(repeating: SlidingQuantiles(), count: missing)
        if hasHistograms { histograms += Array(repeating: PowerHistogram(), count: missing) }
    }

    /// What the series show of the last minute of an account, in microwatts; nil if that is not known.
    func lastMinute(
        _ index: Int, _ tables: borrowing DomainTables, in registry: borrowing Registry
    ) -> LastMinute? {
        guard let row = tables.domains.rows[index], let summaryRow = tables.summaries.rows[index],
            let lowest = registry[low, row].millionths, let highest = registry[peak, row].millionths,
            let quantiles = registry.summary(quantile, summaryRow)?.quantilesMicrowatts
        else { return nil }
        return LastMinute(lowest: lowest, median: quantiles[0], p99: quantiles[2], highest: highest)
    }

    mutating func publish(
        _ sampling: borrowing Sampling, _ tables: borrowing DomainTables, into registry: inout Registry
    ) {
        makeRoom(for: sampling.accounts.count)
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
        for index in histograms.indices where sampling.accounts[index].hasBeenRead {
            guard let row = tables.distributions.rows[index] else { continue }
            registry.publish(histograms[index], as: histogram, row)
        }
    }
}

/// How a domain's power was in the last minute, in microwatts.
struct LastMinute {
    let lowest: UInt64
    let median: UInt64
    let p99: UInt64
    let highest: UInt64
}
