import Counters

/// How `pyjoules_host_energy_joules_total` is made up, so that nothing is counted twice.
public enum HostBasis: String, Sendable {
    /// The platform's counter, which has everything in it.
    case psys
    /// All packages and the memory beside them.
    case packagesAndDram = "packages+dram"

    /// Nil if there is nothing among these that the machine's energy is made up of.
    public init?(_ accounts: [DomainAccount]) {
        let kinds = accounts.map(\.domain.kind)
        guard kinds.contains(.psys) || kinds.contains(.package) else { return nil }
        self = kinds.contains(.psys) ? .psys : .packagesAndDram
    }

    /// The machine's energy in microjoules, around 2^64 rather than a trap.
    public func totalMicrojoules(_ accounts: [DomainAccount]) -> UInt64 {
        var sum: UInt64 = 0
        for account in accounts where has(account.domain.kind) { sum &+= account.totalMicrojoules }
        return sum
    }

    /// Something that the machine's energy is made up of has been read; before, it is unknown and not 0.
    public func isKnown(_ accounts: [DomainAccount]) -> Bool {
        accounts.contains { has($0.domain.kind) && $0.hasBeenRead }
    }

    private func has(_ kind: DomainKind) -> Bool {
        switch (self, kind) {
        case (.psys, .psys), (.packagesAndDram, .package), (.packagesAndDram, .dram): true
        default: false
        }
    }
}
