import Accounts
import Counters
import Sources

/// What is trusted of the accounts: as counters at all, and as parts of the machine.
struct Trust {
    /// The machine as one number.
    private(set) var host = HostTotal()
    /// Sources whose counters turned out to be none.
    private(set) var givenUp = SourceKinds()
    private var movement = MovementWatch()
    /// Counters of perf's psys that have not moved yet.
    private var untried: [Int] = []

    /// Takes in what there is to be trusted. It allocates: it is called when something came or went.
    mutating func follow(
        _ accounts: [DomainAccount], _ zones: [ZoneReport], givenUp: SourceKinds, kept: HostTotal.Kept
    ) {
        self.givenUp = givenUp
        untried = accounts.indices.filter { Trust.isUntried(accounts[$0]) }
        let domains = accounts.map(\.domain)
        // What sleeps uses next to nothing, and is counted when it wakes.
        let refused = zones.compactMap { $0.role == .unreadable && !$0.isAsleep ? $0.domain : nil }.filter {
            !domains.contains($0)
        }
        host.follow(
            accounts, isCounted: { !givenUp.contains(accounts[$0].facts.source) }, refused: refused, kept: kept)
    }

    /// The kernel shows perf's psys on some processors without having tried it: it is no counter before it has moved.
    static func isUntried(_ account: DomainAccount) -> Bool {
        account.facts.source == .perf && account.domain.kind == .psys && account.totalMicrojoules == 0
    }

    /// Takes in what a pass over the counters says of their sources. It comes before `take`, which is told who is trusted.
    ///
    /// - Returns: a source that stands still, or moves after all, from now on.
    mutating func watch(_ accounts: [DomainAccount], at nanoseconds: UInt64) -> SourceKind? {
        movement.take(accounts, at: nanoseconds)
    }

    /// Takes in a pass over the counters.
    ///
    /// - Returns: whether other series are shown than before.
    mutating func take(_ accounts: [DomainAccount], at nanoseconds: UInt64) -> Bool {
        var isOther = host.take(accounts, at: nanoseconds)
        for index in untried where !Trust.isUntried(accounts[index]) { isOther = true }
        return isOther
    }

    /// What is known of a source.
    func movement(of kind: SourceKind) -> MovementWatch.State { movement.state(of: kind) }
}
