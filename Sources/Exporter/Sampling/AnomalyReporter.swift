import Energy
import Log
import Logging

/// Says in the log what was found out about counters while reading them: resets and gaps at most once a minute for each
/// domain, with how many there were, and mirrors at once.
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
            if sampler.accounts[index].isMirror != said[index].isMirror {
                said[index].isMirror = sampler.accounts[index].isMirror
                reportMirror(sampler, index, log)
            }
            let accountant = sampler.accounts[index].accountant
            let isNew = accountant.resets != said[index].resets || accountant.gaps != said[index].gaps
            guard isNew, now >= said[index].quietUntilNanoseconds else { continue }
            report(sampler.accounts[index], after: said[index], log)
            said[index].resets = accountant.resets
            said[index].gaps = accountant.gaps
            said[index].quietUntilNanoseconds = now + HealthReporter.quietNanoseconds
        }
    }

    private func report(_ account: DomainAccount, after said: Said, _ log: Logger) {
        let domain = account.domain.tag
        let resets = account.accountant.resets - said.resets
        let gaps = account.accountant.gaps - said.gaps
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
                "some of what \(domain) used is unknown, and only what is certain was added: its counter may have run through its range unseen",
                ["domain": domain, "count": String(gaps)])
        }
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
