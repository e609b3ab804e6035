import Accounts
import Counters
import Metrics
import Sampling

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

    /// Makes room for domains that appeared.
    mutating func makeRoom(domainCount: Int) {
        while extremes.count < domainCount {
            extremes.append(SlidingExtremes())
            if hasHistograms { histograms.append(PowerHistogram()) }
        }
    }

    /// Takes in the power of the tick that just ended; a domain without one has no sample.
    mutating func record(_ sampler: borrowing Sampling) {
        for index in extremes.indices {
            guard let power = sampler.accounts[index].powerMicrowatts else { continue }
            if hasHistograms { histograms[index].record(microwatts: power) }
            extremes[index].record(power, atNanoseconds: sampler.lastPassNanoseconds)
        }
    }
}

/// The series of the distribution, and how exact a sample is.
struct PowerSeries {
    private let histograms: [HistogramIndex]
    private let peaks: [SeriesIndex]
    private let lows: [SeriesIndex]
    private let uncertainties: [SeriesIndex]

    init(declaredIn registry: inout Registry, _ facts: SeriesFacts) {
        registry.declareFamily(
            "pyjoules_power_watts", .histogram, help: "Average power of every measurement interval (\(facts.origin)).")
        histograms = (facts.hasHistograms ? facts.domains : []).map {
            registry.declareHistogram(
                EnergySeries.labels(of: $0), bounds: PowerHistogram.boundLabels, isNative: true)
        }
        func declare(_ name: String, _ help: String) -> [SeriesIndex] {
            registry.declareFamily(name, .gauge, help: "\(help) (\(facts.origin)).")
            return facts.domains.map { registry.declareSeries([Label("domain", $0.tag)]) }
        }
        peaks = declare("pyjoules_power_peak_watts", "Highest average power of a measurement interval in the last 60 s")
        lows = declare("pyjoules_power_low_watts", "Lowest average power of a measurement interval in the last 60 s")
        uncertainties = declare(
            "pyjoules_power_uncertainty_watts",
            "Bound on the error of pyjoules_simple_energy_watts from the counter's update period and unit")
    }

    func publish(_ sampler: borrowing Sampling, _ power: borrowing PowerDistribution, into registry: inout Registry) {
        for index in peaks.indices {
            let extremes = power.extremes[index].extremes(atNanoseconds: sampler.lastPassNanoseconds)
            registry[peaks[index]] = extremes.map { .micro($0.highest) } ?? .absent
            registry[lows[index]] = extremes.map { .micro($0.lowest) } ?? .absent
            registry[uncertainties[index]] =
                sampler.accounts[index].powerUncertaintyMicrowatts.map(Value.micro) ?? .absent
        }
        for index in histograms.indices where sampler.accounts[index].hasBeenRead {
            registry.publish(power.histograms[index], as: histograms[index])
        }
    }
}
