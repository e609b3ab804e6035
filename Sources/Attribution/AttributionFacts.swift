import Bytes

/// What is known of the accounts, for whoever shows them.
extension Attribution {
    /// One account.
    public struct AccountFacts: Sendable {
        /// Another account in the same place has another number.
        public let generation: UInt32
        /// The path of the cgroup that it is the account of, below the root.
        public let path: [UInt8]
        /// What the path says.
        public let name: CgroupName
        /// Of a pod's container, the name of the link to its log, which `PodLogName` reads; empty if there is none.
        public let podLog: [UInt8]
        /// When it began, on the wall clock.
        public let startUnixMicroseconds: UInt64
    }

    /// The places of accounts; some may be empty.
    public var accountIndices: Range<Int> { slots.indices }

    /// The most accounts that there can be.
    public static func mostAccounts(_ settings: AttributionSettings) -> Int {
        settings.mostUnits + AttributionSettings.mostNodes
    }

    /// The number of the account in a place; nil if the place is empty.
    public func generation(at index: Int) -> UInt32? {
        slots.accounts[index].state == .free ? nil : slots.accounts[index].generation
    }

    /// The account in a place; nil if it is empty. It may allocate.
    public func account(at index: Int) -> AccountFacts? {
        let account = slots.accounts[index]
        guard account.state != .free else { return nil }
        return AccountFacts(
            generation: account.generation, path: account.path, name: account.name, podLog: account.podLog,
            startUnixMicroseconds: account.startUnixMicroseconds)
    }

    /// What an account was given of a kind, in microjoules.
    public func microjoules(_ index: Int, kind: Int) -> UInt64 { slots.energy(index, kind) }

    /// What was used while nobody used it, in microjoules.
    public func idleMicrojoules(kind: Int) -> UInt64 { books.idle[kind] }

    /// What accounts had that are shown no more, in microjoules.
    public func retiredMicrojoules(kind: Int) -> UInt64 { books.retired[kind] }

    /// All that was given out: the sum of all accounts, of what was idle and what was retired, in microjoules.
    public func totalMicrojoules(kind: Int) -> UInt64 { books.totals[kind] }

    /// Idle power in microwatts; nil while it is not known.
    public func idleMicrowatts(kind: Int) -> UInt64? { books.idlePowers[kind].microwatts }

    /// Where the idle part of energy comes from.
    public func idleBasis(kind: Int) -> IdlePower.Basis { books.idlePowers[kind].basis }
}

/// What is known of its own work.
extension Attribution {
    /// How many accounts follow a cgroup that is there, the root's included.
    public var liveCount: Int { slots.liveCount }
    /// How many have outlived theirs.
    public var deadCount: Int { slots.deadCount }
    /// How many more units can have an account.
    public var freeCount: Int { settings.mostUnits - slots.unitCount }
    /// How many units were found, with an account or without.
    public var unitCount: Int { slots.liveUnitCount + slots.withoutSlot }
    /// How many of them have none.
    public var withoutSlot: Int { slots.withoutSlot }
    /// How many accounts were opened, or went on with another cgroup.
    public var births: UInt64 { tree.births }
    /// How many cgroups went that had an account.
    public var deaths: UInt64 { tree.deaths }

    /// How often something went wrong.
    public func faultCount(_ fault: AttributionFault) -> UInt64 {
        switch fault {
        case .unlisted: faults[fault] + tree.faults
        case .unnamed: faults[fault] + tree.nameFaults
        default: faults[fault]
        }
    }

    /// How many files a pass reads that reads everything; each of them stays open.
    public var readCount: Int { reading.count }
}
