import Accounts
import Counters
import Log
import Logging
import Sampling

/// Says in the log when a domain's counter fails, at most once a minute for each domain, however often it flaps, and at once
/// when one that was said to fail is back.
struct HealthReporter {
    static let quietNanoseconds: UInt64 = 60_000_000_000

    private var reported: [ReadFailure?] = []
    private var lastReport: [UInt64?] = []

    /// Compares the accounts with what was said last; a failure within the quiet time is said after it, if it lasts.
    mutating func review(_ sampling: borrowing Sampling, at now: UInt64, _ log: Logger) {
        while reported.count < sampling.accounts.count {
            reported.append(nil)
            lastReport.append(nil)
        }
        for index in sampling.accounts.indices where sampling.accounts.span[index].failure != reported[index] {
            let account = sampling.accounts[index]
            if account.failure != nil {
                if let last = lastReport[index], now < last + HealthReporter.quietNanoseconds { continue }
                lastReport[index] = now
            }
            reported[index] = account.failure
            HealthReporter.report(account, log)
        }
    }

    private static func report(_ account: DomainAccount, _ log: Logger) {
        let domain = account.domain.tag
        guard let failure = account.failure else {
            return log.report(.zoneRecovered, .notice, "the counter of \(domain) can be read again", ["domain": domain])
        }
        log.report(
            .zoneFailing, failure == .asleep ? .info : .warning,
            "the counter of \(domain) cannot be read (\(failure.rawValue)): \(HealthReporter.remark(failure, account.facts.source))",
            ["domain": domain, "reason": failure.rawValue])
    }

    /// What becomes of a counter that cannot be read.
    private static func remark(_ failure: ReadFailure, _ source: SourceKind) -> String {
        switch failure {
        case .unregistered where source == .feeds: "it is in no feed any more, and goes on when it is in one again"
        case .unregistered: "it is gone from the kernel and is looked for"
        case .slow:
            "each reading would hold up everything else, so that it is not read again until its device appears anew or the exporter "
                + "starts anew; pyjoules_zone_info says how long it took"
        case .asleep:
            "its device is suspended or the sensor is switched off; it is read again as soon as it shows something"
        case .stale:
            "nobody has published it for more than three times as long as it should take; its total stays as it was"
        case .driverError, .garbage, .empty, .other: "its total stays as it was until it can be read"
        }
    }
}
