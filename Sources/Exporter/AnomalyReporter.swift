import Energy
import Logging

/// Says in the log what was found out about counters while reading them: resets, gaps, and mirrors. Each kind at most once a
/// minute for each domain, with how many there were.
struct AnomalyReporter {
    private struct Said {
        var resets: UInt64 = 0
        var gaps: UInt64 = 0
        var isMirror = false
        var quietUntilNanoseconds: UInt64 = 0
    }

    private var said: [Said]

    /// What the accounts hold now counts as said: an earlier run did.
    init(_ sampler: borrowing Sampler) {
        said = sampler.accounts.map { account in
            Said(resets: account.accountant.resets, gaps: account.accountant.gaps, isMirror: account.isMirror)
        }
    }

    mutating func review(_ sampler: borrowing Sampler, nanoseconds now: UInt64, _ log: Logger) {
        for index in said.indices {
            let accountant = sampler.accounts[index].accountant
            let isNew =
                accountant.resets != said[index].resets || accountant.gaps != said[index].gaps
                || sampler.accounts[index].isMirror != said[index].isMirror
            guard isNew, now >= said[index].quietUntilNanoseconds else { continue }
            report(sampler, index, log)
            said[index] = Said(
                resets: accountant.resets, gaps: accountant.gaps, isMirror: sampler.accounts[index].isMirror,
                quietUntilNanoseconds: now + HealthReporter.quietNanoseconds)
        }
    }

    private func report(_ sampler: borrowing Sampler, _ index: Int, _ log: Logger) {
        let account = sampler.accounts[index]
        let domain = account.domain.tag
        let resets = account.accountant.resets - said[index].resets
        let gaps = account.accountant.gaps - said[index].gaps
        if resets > 0 {
            let reason = account.lastReset?.rawValue ?? "replaced"
            log.report(
                .counterReset, .warning,
                "the counter of \(domain) was set anew (\(reason)); only what it shows since then was added",
                ["domain": domain, "reason": reason, "count": String(resets)])
        }
        if gaps > 0 {
            log.report(
                .counterGap, .warning,
                "the counter of \(domain) can have run through its range unseen; only what is certain was added",
                ["domain": domain, "count": String(gaps)])
        }
        if account.isMirror != said[index].isMirror { reportMirror(sampler, index, log) }
    }

    private func reportMirror(_ sampler: borrowing Sampler, _ index: Int, _ log: Logger) {
        let domain = sampler.accounts[index].domain.tag
        let leader = sampler.suspects[index]?.tag ?? ""
        if sampler.accounts[index].isMirror {
            log.report(
                .mirrorFound, .notice, "\(domain) shows the same counter as \(leader) and is not counted beside it",
                ["domain": domain, "leader": leader])
        } else {
            log.report(
                .mirrorUndone, .warning, "\(domain) has a counter of its own after all, and is counted from now on",
                ["domain": domain, "leader": leader])
        }
    }
}
