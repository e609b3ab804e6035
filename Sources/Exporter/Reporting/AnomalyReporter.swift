import Accounts
import Counters
import Log
import Logging
import Sampling

/// Says in the log what was found out about counters while reading them: resets, glitches and gaps at most once a minute for
/// each domain, with how many there were, and mirrors at once.
struct AnomalyReporter {
    private struct Said {
        var resets: UInt64
        var glitches: UInt64
        var gaps: UInt64
        var isMirror: Bool
        /// It was taken for a mirror since gaps were said last.
        var wasMirror = false
        var quietUntilNanoseconds: UInt64 = 0

        init(_ account: DomainAccount) {
            resets = account.accountant.resets
            glitches = account.accountant.glitches
            gaps = account.accountant.gaps
            isMirror = account.isMirror
        }

        func differs(resets: UInt64, glitches: UInt64, gaps: UInt64) -> Bool {
            resets != self.resets || glitches != self.glitches || gaps != self.gaps
        }
    }

    private var said: [Said]

    /// What the accounts hold now counts as said: an earlier run did.
    init(_ sampling: borrowing Sampling) {
        said = sampling.accounts.map { Said($0) }
    }

    mutating func review(_ sampling: borrowing Sampling, at now: UInt64, _ log: Logger) {
        for account in sampling.accounts.dropFirst(said.count) { said.append(Said(account)) }
        for index in said.indices {
            if sampling.accounts.span[index].isMirror != said[index].isMirror {
                said[index].isMirror = sampling.accounts[index].isMirror
                takeMirror(sampling, index, log)
            }
            let resets = sampling.accounts.span[index].accountant.resets
            let glitches = sampling.accounts.span[index].accountant.glitches
            let gaps = sampling.accounts.span[index].accountant.gaps
            guard said[index].differs(resets: resets, glitches: glitches, gaps: gaps),
                now >= said[index].quietUntilNanoseconds
            else { continue }
            report(sampling.accounts[index], after: said[index], log)
            said[index].resets = resets
            said[index].glitches = glitches
            if gaps != said[index].gaps { said[index].wasMirror = false }
            said[index].gaps = gaps
            said[index].quietUntilNanoseconds = now + HealthReporter.quietNanoseconds
        }
    }

    private func report(_ account: DomainAccount, after said: Said, _ log: Logger) {
        let domain = account.domain.tag
        let resets = account.accountant.resets - said.resets
        let glitches = account.accountant.glitches - said.glitches
        let gaps = account.accountant.gaps - said.gaps
        if resets > 0 {
            let reason = account.lastReset?.rawValue ?? "replaced"
            log.report(
                .counterReset, .warning,
                "the counter of \(domain) was set anew (\(reason)); only what it shows since then was added",
                ["domain": domain, "reason": reason, "count": String(resets)])
        }
        if glitches > 0 {
            log.report(
                .counterGlitch, .notice,
                "the counter of \(domain) showed something else for a while and went on as before; nothing was lost",
                ["domain": domain, "count": String(glitches)])
        }
        if gaps > 0 {
            log.report(
                .counterGap, .warning,
                "some of what \(domain) used is unknown, and only what is certain was added: "
                    + AnomalyReporter.gapReason(account, said),
                ["domain": domain, "count": String(gaps)])
        }
    }

    /// Why nothing is known of a time.
    private static func gapReason(_ account: DomainAccount, _ said: Said) -> String {
        if said.wasMirror { return "it was taken for another name of a counter that is counted already" }
        if account.facts.isEstimate { return "its power could not be read, or not be believed, for a while" }
        if account.facts.modulus == CounterFacts.neverWraps { return "its counter could not be followed for a while" }
        return "its counter may have run through its range unseen"
    }

    /// What is counted in the place of a counter that cannot be read has no suspicion left; that one is said to be a mirror then.
    private mutating func takeMirror(_ sampling: borrowing Sampling, _ index: Int, _ log: Logger) {
        let takesPlace = !said[index].isMirror && sampling.suspects[index] == nil
        guard !takesPlace else { return }
        if !said[index].isMirror { said[index].wasMirror = true }
        reportMirror(sampling, index, log)
    }

    private func reportMirror(_ sampling: borrowing Sampling, _ index: Int, _ log: Logger) {
        let domain = sampling.accounts[index].domain.tag
        let leader = sampling.suspects[index]?.tag ?? ""
        if sampling.accounts[index].isMirror {
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
