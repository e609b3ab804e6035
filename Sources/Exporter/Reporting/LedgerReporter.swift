import Accounts
import Bytes
import Log
import Logging
import Sampling

/// Says in the log what the next run will not find in the ledger: totals of counters that are not measured now, because there is no
/// more room for them, and everything while the ledger cannot be written. That is said at most once a minute, however often it
/// begins anew, and its end at once.
struct LedgerReporter {
    private var saidDropped = 0
    private var saidTrouble: Ledger.Trouble?
    private var quietUntilNanoseconds: UInt64 = 0

    mutating func review(_ sampling: borrowing Sampling, at now: UInt64, _ log: Logger) {
        if sampling.droppedRecords > saidDropped { reportDropped(sampling.droppedRecords - saidDropped, log) }
        saidDropped = sampling.droppedRecords
        guard sampling.ledgerTrouble != saidTrouble else { return }
        if sampling.ledgerTrouble != nil {
            guard now >= quietUntilNanoseconds else { return }
            quietUntilNanoseconds = now.saturatingSum(HealthReporter.quietNanoseconds)
        }
        saidTrouble = sampling.ledgerTrouble
        LedgerReporter.report(saidTrouble, log)
    }

    private func reportDropped(_ dropped: Int, _ log: Logger) {
        let reason = "there is room for \(LedgerImage.capacity) counters"
        log.report(
            .ledgerRefused, .warning,
            "the totals of \(counted(dropped, "counter")) that are not measured now are given up, since \(reason)",
            ["reason": reason])
    }

    private static func report(_ trouble: Ledger.Trouble?, _ log: Logger) {
        switch trouble {
        case nil: log.report(.ledgerRecovered, .notice, "the state file can be written again")
        case .cannotBeWritten(let code):
            log.report(
                .ledgerFailing, .warning,
                "the state file cannot be written (\(code)): a restart would lose what is counted from now on; it is tried again "
                    + "each second",
                ["reason": "\(code)"])
        case .isDeleted:
            log.report(
                .ledgerFailing, .warning,
                "the state file was deleted: the next start would begin anew; a restart makes another file",
                ["reason": "deleted"])
        }
    }
}
