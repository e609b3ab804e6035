import Accounts
import Bytes
import Counters
import Log
import Logging
import Sampling

/// Says in the log what keeps the machine's energy from being told, or what it is told by instead.
struct HostReporter {
    /// What is missing for less than this is no news: rights that udev sets come a moment after a zone.
    private static let patienceNanoseconds: UInt64 = 10_000_000_000

    private var hasSaidFault = false
    private var hasSaidMissing = false
    /// Since when parts are missing; nil if none is.
    private var missingSince: UInt64?

    mutating func review(_ sampling: borrowing Sampling, at now: UInt64, _ log: Logger) {
        if let fault = sampling.platformFault, !hasSaidFault {
            hasSaidFault = true
            HostReporter.report(fault, sampling.hostBasis, log)
        }
        guard let missing = sampling.missingHostParts, missing > 0 else { return complete(sampling, log) }
        let since = missingSince ?? now
        missingSince = since
        guard !hasSaidMissing, now - min(now, since) >= HostReporter.patienceNanoseconds else { return }
        hasSaidMissing = true
        let domains = sampling.missingHostDomains.map(\.tag)
        let names = domains.count == 1 ? "\(domains[0]) is" : "\(domains.joined(separator: ", ")) are"
        log.report(
            .hostIncomplete, .warning,
            sampling.isHostKnown
                ? "the machine's energy lacks a part for now, because \(names) not counted"
                : "the machine's energy is not shown, because \(names) not counted; it is shown once every part is",
            ["domains": domains.joined(separator: ",")])
    }

    private mutating func complete(_ sampling: borrowing Sampling, _ log: Logger) {
        missingSince = nil
        guard hasSaidMissing else { return }
        hasSaidMissing = false
        log.report(.hostComplete, .notice, "every part of the machine's energy is counted again")
    }

    private static func report(_ fault: PlatformFault, _ basis: HostBasis?, _ log: Logger) {
        let reason =
            switch fault {
            case .standsStill: "it has not moved in 10 s while the packages have"
            case .lessThanParts: "over a minute it counted less than the packages and the memory that lie in it"
            case .unreadable: "it cannot be read"
            }
        log.report(
            .hostBasisChanged, .warning,
            "psys is not taken for the machine, because \(reason); the machine's energy is that of its packages and their "
                + "memory\(basis == .packagesDramAndGPUs ? ", and of its GPUs," : "") until the exporter is started again",
            ["basis": (basis ?? .packagesAndDram).rawValue, "reason": fault.rawValue])
    }
}
