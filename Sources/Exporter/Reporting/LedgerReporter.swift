import Accounts
import Bytes
import Log
import Logging
import Sampling

/// Says in the log that totals of counters that are not measured now are given up, because the ledger has no more room for them.
struct LedgerReporter {
    private var said = 0

    mutating func review(_ sampling: borrowing Sampling, _ log: Logger) {
        let dropped = sampling.droppedRecords - said
        guard dropped > 0 else { return }
        said += dropped
        let reason = "there is room for \(LedgerImage.capacity) counters"
        log.report(
            .ledgerRefused, .warning,
            "the totals of \(counted(dropped, "counter")) that are not measured now are given up, since \(reason)",
            ["reason": reason])
    }
}
