import Logging
import Sampling

/// Says in the log what passes over the counters bring to light.
///
/// All of it in one part: a call that borrows the sampling is given a copy of its 2.4 kB, and there is one at each tick.
struct PassReporter {
    private var search: SearchReporter
    private var ledger = LedgerReporter()
    private var health = HealthReporter()
    private var anomalies: AnomalyReporter
    private var host = HostReporter()
    private var pace = PaceReporter()

    /// What is so now counts as said.
    init(_ sampling: borrowing Sampling) {
        search = SearchReporter(sampling)
        anomalies = AnomalyReporter(sampling)
    }

    /// Compares what a pass has left with what was said last.
    mutating func review(
        _ sampling: borrowing Sampling, every intervalNanoseconds: UInt64, at now: UInt64, _ log: Logger
    ) {
        search.review(sampling, at: now, log)
        ledger.review(sampling, at: now, log)
        health.review(sampling, at: now, log)
        anomalies.review(sampling, at: now, log)
        host.review(sampling, at: now, log)
        pace.review(sampling, every: intervalNanoseconds, at: now, log)
    }
}
