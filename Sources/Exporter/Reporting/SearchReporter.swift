import Log
import Logging
import Sampling

/// Says in the log, once for each loss, that a zone that went from the kernel is back and may not be read any more.
struct SearchReporter {
    private var hasSaidForbidden = false

    mutating func review(_ sampling: borrowing Sampling, _ log: Logger) {
        guard let zone = sampling.forbiddenZone else {
            if !sampling.hasLostCounters { hasSaidForbidden = false }
            return
        }
        guard !hasSaidForbidden else { return }
        hasSaidForbidden = true
        log.report(
            .zoneUnreadable, .error,
            "zone \(zone) is back but may not be read any more: restart the exporter, which opens it with the rights it starts with",
            ["zone": zone, "reason": "permission denied"])
    }
}
