import Accounts
import Counters
import Sampling
import Sources

/// Whether what can be read is a counter at all, and whether it adds up to the machine: what was seen while counters were watched.
struct MovementCheck {
    let isVirtual: Bool
    /// How long they were watched.
    let milliseconds: Int32

    /// More has to be seen of what is watched before anything can be said of it.
    static func isUndecided(_ sampling: borrowing Sampling) -> Bool {
        sampling.hasWaitingSuspects || !stillSources(sampling).isEmpty || hasStillPlatform(sampling)
    }

    /// Sources that can be read and none of whose counters has moved.
    private static func stillSources(_ sampling: borrowing Sampling) -> [SourceKind] {
        let accounts = sampling.accounts
        return SourceKind.allCases.filter { kind in
            MovementWatch.judges(kind) && accounts.contains { $0.facts.source == kind && $0.failure == nil }
                && accounts.allSatisfy { $0.facts.source != kind || standsStill($0) }
        }
    }

    /// One that was set anew, or seems to be, has moved.
    private static func standsStill(_ account: DomainAccount) -> Bool {
        account.totalMicrojoules == 0 && account.accountant.resets == 0 && !account.isInDoubt
    }

    private static func hasStillPlatform(_ sampling: borrowing Sampling) -> Bool {
        sampling.accounts.contains { $0.domain.kind == .psys && $0.totalMicrojoules == 0 && $0.failure == nil }
    }

    func findings(_ sampling: borrowing Sampling) -> [Finding] {
        let still = MovementCheck.stillSources(sampling)
        return still.map(stand) + host(sampling)
            + (still.isEmpty && MovementCheck.hasStillPlatform(sampling) ? [platform] : [])
    }

    private func stand(_ kind: SourceKind) -> Finding {
        Finding(
            .problem, .source,
            "No counter of \(kind.rawValue) has moved while doctor looked, for \(milliseconds) ms, as counters of hardware do even "
                + "where nothing is to do: the exporter takes such a source for none after 10 s.",
            remedy: isVirtual
                ? Remedy.onTheHost
                : "dmesg and the driver's documentation tell more")
    }

    private var platform: Finding {
        Finding(
            .note, .domain,
            "psys has not moved while doctor looked, for \(milliseconds) ms: if it never does, the machine's energy is that of its "
                + "packages and their memory.")
    }

    /// A sum that lacks a part is not shown.
    private func host(_ sampling: borrowing Sampling) -> [Finding] {
        let missing = sampling.missingHostDomains.map(\.tag)
        guard !sampling.isHostKnown, !missing.isEmpty else { return [] }
        let verb = missing.count == 1 ? "is" : "are"
        return [
            Finding(
                .problem, .source,
                "The machine's energy (pyjoules_host_energy_joules_total) is not shown, since \(enumeration(missing)) \(verb) not "
                    + "counted and the sum would lack a part.",
                remedy: "what is said above")
        ]
    }
}
