import Accounts
import Bytes
import Counters
import Log
import Logging
import Sampling
import Sources

/// Says in the log what comes and goes while the program runs: sources, counters that were not there before, and what is shown and
/// cannot be counted.
///
/// A zone that returns may not be read for a moment, until udev has set its rights: it is said only if it stays so.
struct SearchReporter {
    private static let patienceNanoseconds: UInt64 = 5_000_000_000

    /// What is shown and not counted, and since when.
    private struct Refusal: Equatable {
        let zone: RefusedZone
        let kind: SourceKind
        var sinceNanoseconds: UInt64
        var isSaid: Bool

        func concerns(_ other: Refusal) -> Bool { zone == other.zone && kind == other.kind }
    }

    private var layoutGeneration: UInt64
    private var accountCount: Int
    private var up: SourceKinds
    private var refusals: [Refusal]
    private var hasUnsaid = false
    /// When more may be said of what others publish, by its name: it may be bad and good by turns.
    private var quiet: [String: UInt64] = [:]

    /// What is so now was said when it was found.
    init(_ sampling: borrowing Sampling) {
        layoutGeneration = sampling.layoutGeneration
        accountCount = sampling.accounts.count
        up = SearchReporter.up(sampling)
        refusals = SearchReporter.refusals(sampling, at: 0, isSaid: true)
    }

    mutating func review(_ sampling: borrowing Sampling, at now: UInt64, _ log: Logger) {
        if layoutGeneration != sampling.layoutGeneration {
            layoutGeneration = sampling.layoutGeneration
            reportCounters(sampling, log)
            reportSources(sampling, log)
            follow(sampling, at: now)
        }
        if hasUnsaid { reportRefusals(sampling, at: now, log) }
    }

    private mutating func reportCounters(_ sampling: borrowing Sampling, _ log: Logger) {
        let added = sampling.accounts[accountCount...].map(\.domain.tag)
        accountCount = sampling.accounts.count
        guard !added.isEmpty else { return }
        let tags = added.joined(separator: ",")
        log.report(
            .countersFound, .notice,
            "\(counted(added.count, "counter")) appeared and \(added.count == 1 ? "is" : "are") counted from now on: \(tags)",
            ["domains": tags])
    }

    private mutating func reportSources(_ sampling: borrowing Sampling, _ log: Logger) {
        let before = up
        up = SearchReporter.up(sampling)
        for kind in SourceKind.allCases where up.contains(kind) != before.contains(kind) {
            let name = kind.rawValue
            if up.contains(kind) {
                log.report(.sourceUp, .notice, "energy is read from \(name) from now on", ["source": name])
            } else if sampling.standsStill(kind) {
                log.report(
                    .sourceStandsStill, .error,
                    "none of the counters of \(name) has moved in 10 s, so it is no source of energy: the kernel shows them, and "
                        + "nothing is behind them; they are read on, in case one moves"
                        + (sampling.report.place.isGuest ? "; \(Remedy.onTheHost)" : "")
                        + "; 'pyjoules-exporter doctor' says more",
                    ["source": name, "reason": "never_moves"])
            } else {
                log.report(
                    .sourceDown, .warning,
                    "nothing has been read from \(name) for 10 s: its totals stay as they are, and it is looked for",
                    ["source": name])
            }
        }
    }

    private static func up(_ sampling: borrowing Sampling) -> SourceKinds {
        var kinds = SourceKinds()
        for state in sampling.sourceStates where state.isUp { kinds.insert(state.kind) }
        return kinds
    }

    private static func refusals(_ sampling: borrowing Sampling, at now: UInt64, isSaid: Bool) -> [Refusal] {
        let report = sampling.report
        return report.attempts.flatMap { attempt in
            report.refused(attempt.kind).map {
                Refusal(zone: $0, kind: attempt.kind, sinceNanoseconds: now, isSaid: isSaid)
            }
        }
    }

    private mutating func follow(_ sampling: borrowing Sampling, at now: UInt64) {
        refusals = SearchReporter.refusals(sampling, at: now, isSaid: false).map { refusal in
            refusals.first { $0.concerns(refusal) } ?? refusal
        }
        hasUnsaid = refusals.contains { !$0.isSaid }
    }

    private mutating func reportRefusals(_ sampling: borrowing Sampling, at now: UInt64, _ log: Logger) {
        var due: [Refusal] = []
        for index in refusals.indices where !refusals[index].isSaid {
            let refusal = refusals[index]
            let isPatient = refusal.zone.reason.mayPass
            guard !isPatient || now >= refusal.sinceNanoseconds + SearchReporter.patienceNanoseconds else { continue }
            guard !isQuiet(refusal.zone, at: now) else { continue }
            refusals[index].isSaid = true
            due.append(refusal)
        }
        hasUnsaid = refusals.contains { !$0.isSaid }
        report(due, sampling, log)
    }

    /// Whether something was said of it less than a minute ago.
    private mutating func isQuiet(_ zone: RefusedZone, at now: UInt64) -> Bool {
        switch zone.reason {
        case .garbage, .unreadable: break
        default: return false
        }
        if let until = quiet[zone.name], now < until { return true }
        quiet[zone.name] = now + HealthReporter.quietNanoseconds
        return false
    }

    private func report(_ due: [Refusal], _ sampling: borrowing Sampling, _ log: Logger) {
        let remedy = Remedy(in: sampling.report.place)
        for kind in SourceKind.allCases {
            var others: [RefusedZone] = []
            for refusal in due where refusal.kind == kind {
                if isForbiddenNow(refusal, sampling) {
                    report(forbidden: refusal.zone.name, log)
                } else {
                    others.append(refusal.zone)
                }
            }
            SourceMessages.report(others, of: kind, remedy, log)
        }
    }

    /// It was counted, is back, and may not be read any more.
    private func isForbiddenNow(_ refusal: Refusal, _ sampling: borrowing Sampling) -> Bool {
        refusal.zone.reason == .permissionDenied
            && sampling.accounts.contains { account in
                account.isLost && account.facts.source == refusal.kind && account.domain == refusal.zone.domain
            }
    }

    private func report(forbidden name: String, _ log: Logger) {
        log.report(
            .zoneUnreadable, .error,
            "zone \(name) is back but may not be read any more: restart the exporter, which opens it with the rights it starts with",
            ["zone": name, "reason": "permission denied"])
    }
}
