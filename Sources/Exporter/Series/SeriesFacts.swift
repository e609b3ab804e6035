import Energy
import Kernel
import Metrics
import Serving

/// What the series say about this program's own constants.
struct SeriesFacts {
    var sourceName: String
    var isSourceUp: Bool
    var isSimulated: Bool
    var isEstimated: Bool
    var domains: [Domain]
    /// Since when each domain's total counts, if not since the start of this program.
    var startsUnixMilliseconds: [UInt64?]
    /// Every zone of the kernel; the first ones are the domains, in their order.
    var zones: [ZoneReport]
    /// For a domain that may show another's counter, that other.
    var suspects: [Int: Domain]
    var hasHistograms: Bool
    var hostBasis: HostBasis?
    var sampleIntervalNanoseconds: UInt64
    /// When this program started.
    var startUnixMilliseconds: UInt64

    init(_ measurement: borrowing Measurement, hasHistograms: Bool, sampleIntervalNanoseconds: UInt64) {
        sourceName = measurement.sourceName
        isSourceUp = measurement.isUp
        isSimulated = measurement.isSimulated
        isEstimated = measurement.isEstimated
        domains = measurement.sampler.accounts.map(\.domain)
        startsUnixMilliseconds = measurement.sampler.accounts.map { $0.startUnixMicroseconds.map { $0 / 1000 } }
        zones = measurement.zones
        suspects = measurement.sampler.suspects
        self.hasHistograms = hasHistograms
        hostBasis = measurement.sampler.hostBasis
        self.sampleIntervalNanoseconds = sampleIntervalNanoseconds
        startUnixMilliseconds = Clock.realtimeNanoseconds() / 1_000_000
    }

    /// The series of the counters that a ledger carries over restarts, one for each domain.
    func declareTotals(in registry: inout Registry, labels: (Domain) -> [Label]) -> [SeriesIndex] {
        domains.indices.map {
            registry.declareSeries(labels(domains[$0]), startUnixMilliseconds: startsUnixMilliseconds[$0])
        }
    }

    /// What HELP says of where energy comes from.
    var origin: String {
        if isSimulated { return "SIMULATED, not measured" }
        return isEstimated
            ? "source \(sourceName), power integrated over time where there is no energy counter"
            : "source \(sourceName)"
    }

    /// What is measured, for people: `5 domains by powercap every 100 ms`.
    var summary: String {
        guard isSourceUp else { return "nothing: no energy source" }
        let milliseconds = sampleIntervalNanoseconds / 1_000_000
        return "\(domains.count) domains by \(sourceName) every \(milliseconds) ms"
    }
}

/// Everything that a page shows and that lies outside the sampler.
struct ServerFacts {
    var counters: ServingCounters
    var lateness: LatencyHistogram
    var connections: Int
    var droppedLogMessages: UInt64
    var web: WebFacts
    var missedTicks: UInt64 = 0
}
