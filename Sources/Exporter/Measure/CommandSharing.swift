import Accounts
import Attribution
import Counters
import Kernel
import Reports
import Sampling

/// Shares out what the counters count while a command runs: to the command, to all others, and to nobody.
struct CommandSharing: ~Copyable {
    /// Between two readings of processor time: the time of a running task moves with the kernel's tick, so that shorter intervals would
    /// be less exact.
    private static let intervalNanoseconds: UInt64 = 1_000_000_000

    private(set) var meter: CommandMeter
    private var shares = CommandShares(idleMicrowatts: [])
    /// What each account had at the beginning, and how much of what came since was given out.
    private var starts: [UInt64] = []
    private var given: [UInt64] = []
    private var latestNanoseconds: UInt64 = 0

    init(_ meter: consuming CommandMeter) { self.meter = meter }

    /// Begins with the pass that the sampling has just made.
    ///
    /// - Parameter idleMicrowatts: of each account, where it was measured.
    mutating func begin(_ sampling: borrowing Sampling, idleMicrowatts: [UInt64?]) {
        let accounts = sampling.accounts
        shares = CommandShares(
            idleMicrowatts: accounts.indices.map { $0 < idleMicrowatts.count ? idleMicrowatts[$0] : nil })
        starts = accounts.map(\.accountant.believedMicrojoules)
        given = Array(repeating: 0, count: starts.count)
        latestNanoseconds = sampling.lastPassNanoseconds
        meter.begin(at: latestNanoseconds)
    }

    /// Goes on after a pass, if the latest reading is long ago.
    mutating func takeIfDue(_ sampling: borrowing Sampling) {
        guard sampling.lastPassNanoseconds - latestNanoseconds >= CommandSharing.intervalNanoseconds else { return }
        take(sampling)
    }

    /// Ends with the pass that the sampling has just made.
    mutating func end(_ sampling: borrowing Sampling) -> CommandAttribution {
        if sampling.lastPassNanoseconds > latestNanoseconds { take(sampling) }
        let shared = SharedKind.allCases.map(\.kind)
        let parts = sampling.accounts.indices.map { index -> CommandParts? in
            guard shared.contains(sampling.accounts[index].domain.kind) else { return nil }
            return CommandParts(shares.parts[index])
        }
        return CommandAttribution(
            commandMicroseconds: shares.commandMicroseconds, othersMicroseconds: shares.othersMicroseconds, parts: parts
        )
    }

    /// Removes the command's cgroup.
    ///
    /// - Returns: its path if something still runs in it.
    mutating func remove() -> String? { meter.remove() ? nil : meter.group.path }

    private mutating func take(_ sampling: borrowing Sampling) {
        latestNanoseconds = sampling.lastPassNanoseconds
        var energy = given
        for index in starts.indices {
            let used = sampling.accounts[index].accountant.believedMicrojoules &- starts[index]
            // Less than nothing, around 2^64: a step from before proved false, and the report does not know the energy.
            let total = used > .max / 2 ? 0 : used
            energy[index] = total - min(total, given[index])
            given[index] += energy[index]
        }
        meter.take(energy, at: latestNanoseconds, into: &shares)
    }
}

extension CommandParts {
    fileprivate init(_ parts: CommandShares.Parts) {
        self.init(command: parts.command, others: parts.others, idle: parts.idle)
    }
}
