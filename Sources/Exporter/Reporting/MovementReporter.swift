import Counters
import Log
import Logging
import Sampling

/// Says in the log that none of a source's counters moves, and that one does after all.
struct MovementReporter {
    private var said: Set<SourceKind> = []

    mutating func review(_ sampling: borrowing Sampling, _ log: Logger) {
        review(.powercap, sampling, log)
        review(.perf, sampling, log)
    }

    private mutating func review(_ kind: SourceKind, _ sampling: borrowing Sampling, _ log: Logger) {
        let standsStill = sampling.standsStill(kind)
        guard standsStill != said.contains(kind) else { return }
        if standsStill {
            said.insert(kind)
            log.report(
                .sourceStandsStill, .error,
                "none of the counters of \(kind.rawValue) has moved in 10 s, so it is no source of energy: the kernel shows them, "
                    + "and nothing is behind them, as in many virtual machines; it is looked at again all the time",
                ["source": kind.rawValue, "reason": "never_moves"])
        } else {
            said.remove(kind)
            log.report(
                .sourceMoves, .notice, "a counter of \(kind.rawValue) has moved: it is a source of energy from now on",
                ["source": kind.rawValue])
        }
    }
}
