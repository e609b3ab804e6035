import Metrics
import Serving

/// Everything that a page shows and that lies outside the accounts.
struct ServerFacts {
    var serving: ServingFacts
    /// How late ticks were served.
    var lateness: LatencyHistogram
    /// How many ticks passed while the loop was late.
    var missedTicks: UInt64
    var droppedLogMessages: UInt64
}
