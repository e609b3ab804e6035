import Energy
import Metrics

/// How power is distributed between two scrapes, kept for each domain: a histogram of every sample, and the extremes of the
/// last minute.
struct PowerDistribution {
    fileprivate var histograms: [PowerHistogram]
    fileprivate var extremes: [SlidingExtremes]
    let hasHistograms: Bool

    init(domainCount: Int, hasHistograms: Bool) {
        histograms = Array(repeating: PowerHistogram(), count: hasHistograms ? domainCount : 0)
        extremes = Array(repeating: SlidingExtremes(), count: domainCount)
        self.hasHistograms = hasHistograms
    }

    /// Takes in the power of the tick that just ended; a domain without one has no sample.
    mutating func record(_ sampler: borrowing Sampler) {
        for index in sampler.accounts.indices {
            guard let power = sampler.accounts[index].powerMicrowatts else { continue }
            if hasHistograms { histograms[index].record(microwatts: power) }
            extremes[index].record(power, atNanoseconds: sampler.lastPassNanoseconds)
        }
    }
}

/// The series of the distribution, and how exact a sample is.
struct PowerSeries {
    private let tables: DomainTables
    private let histograms: PowerHistogramIndex
    private let peaks: FamilyIndex
    private let lows: FamilyIndex
    private let uncertainties: FamilyIndex

    init(declaredIn registry: inout Registry, _ tables: DomainTables, _ facts: SeriesFacts) {
        self.tables = tables
        histograms = registry.declarePowerHistogram(
            "pyjoules_power_watts", in: tables.distributions.index,
            help: "Average power of every measurement interval (\(facts.origin)).", isNative: true)
        func declare(_ name: String, _ help: String) -> FamilyIndex {
            registry.declareFamily(name, .gauge, in: tables.domains.index, help: "\(help) (\(facts.origin)).")
        }
        peaks = declare("pyjoules_power_peak_watts", "Highest average power of a measurement interval in the last 60 s")
        lows = declare("pyjoules_power_low_watts", "Lowest average power of a measurement interval in the last 60 s")
        uncertainties = declare(
            "pyjoules_power_uncertainty_watts",
            "Bound on the error of pyjoules_simple_energy_watts from the counter's update period and unit")
    }

    func publish(_ sampler: borrowing Sampler, _ power: borrowing PowerDistribution, into registry: inout Registry) {
        for (index, row) in tables.domains.rows.enumerated() {
            let extremes = power.extremes[index].extremes(atNanoseconds: sampler.lastPassNanoseconds)
            registry[peaks, row] = extremes.map { .micro($0.highest) } ?? .absent
            registry[lows, row] = extremes.map { .micro($0.lowest) } ?? .absent
            registry[uncertainties, row] =
                sampler.accounts[index].powerUncertaintyMicrowatts.map(Value.micro) ?? .absent
        }
        for (index, row) in tables.distributions.rows.enumerated() where sampler.accounts[index].hasBeenRead {
            registry.publish(power.histograms[index], as: histograms, row)
        }
    }
}
