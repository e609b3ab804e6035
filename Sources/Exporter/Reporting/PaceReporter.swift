import Bytes
import Log
import Logging
import Sampling

/// Says in the log that passes over the counters take so long that they come more rarely, at most once a minute, and at once that
/// they come as often as they should again.
struct PaceReporter {
    private var isSaid = false
    private var lastReport: UInt64?

    /// Compares the pace with what was said last; slowness within the quiet time is said after it, if it lasts.
    mutating func review(
        _ sampling: borrowing Sampling, every intervalNanoseconds: UInt64, at now: UInt64, _ log: Logger
    ) {
        let stretched = sampling.pace.intervalNanoseconds
        guard (stretched != nil) != isSaid else { return }
        if stretched != nil {
            if let lastReport, now < lastReport + HealthReporter.quietNanoseconds { return }
            lastReport = now
        }
        isSaid = stretched != nil
        PaceReporter.report(stretched, asked: intervalNanoseconds, log)
    }

    private static func report(_ stretched: UInt64?, asked: UInt64, _ log: Logger) {
        let interval = milliseconds(stretched ?? asked)
        guard stretched != nil else {
            return log.report(
                .samplingRestored, .notice,
                "the counters are quick again, and read every \(interval) ms as they should be",
                ["interval": "\(interval)ms"])
        }
        log.report(
            .samplingStretched, .warning,
            "reading all counters takes more than a tenth of the interval of \(milliseconds(asked)) ms, in which nobody is answered: "
                + "they are read every \(interval) ms until they are quicker; no energy is lost, but power is averaged over longer",
            ["interval": "\(interval)ms"])
    }
}
