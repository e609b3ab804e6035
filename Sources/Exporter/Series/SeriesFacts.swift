import Accounts
import Counters
import Kernel
import Metrics
import Sampling
import Sources

/// What the series say about this program's own constants.
struct SeriesFacts {
    var sourceName: String
    /// Each source that is read or should be.
    var sources: [(kind: SourceKind, isUp: Bool)]
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

    init(_ sampling: borrowing Sampling, hasHistograms: Bool, sampleIntervalNanoseconds: UInt64) {
        let report = sampling.report
        sourceName = report.name
        sources = report.states
        isSourceUp = report.isUp
        isSimulated = report.isSimulated
        isEstimated = sampling.isEstimated
        (domains, startsUnixMilliseconds, zones, suspects) = SeriesFacts.layout(of: sampling)
        self.hasHistograms = hasHistograms
        hostBasis = sampling.hostBasis
        self.sampleIntervalNanoseconds = sampleIntervalNanoseconds
        startUnixMilliseconds = Clock.realtimeNanoseconds() / 1_000_000
    }

    /// Takes over what can change while the program runs.
    mutating func takeLayout(of sampling: borrowing Sampling) {
        (domains, startsUnixMilliseconds, zones, suspects) = SeriesFacts.layout(of: sampling)
        hostBasis = sampling.hostBasis
    }

    private static func layout(of sampling: borrowing Sampling) -> ([Domain], [UInt64?], [ZoneReport], [Int: Domain]) {
        (
            sampling.accounts.map(\.domain), sampling.accounts.map { $0.startUnixMicroseconds.map { $0 / 1000 } },
            sampling.zones, sampling.suspects
        )
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
    var counters: ServerCounters
    var lateness: LatencyHistogram
    var connections: Int
    var droppedLogMessages: UInt64
    var web: WebFacts
}
