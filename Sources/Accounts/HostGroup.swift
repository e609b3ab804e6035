import Counters

/// Domains that are added up.
struct HostGroup: Sendable {
    /// The positions of their accounts.
    let positions: [Int]
    /// Those that were found and have no account.
    let refused: [Domain]
    private let keptMicrojoules: UInt64

    init() { self.init([], [], keptMicrojoules: 0) }

    init(_ positions: [Int], _ refused: [Domain], keptMicrojoules: UInt64) {
        self.positions = positions
        self.refused = refused
        self.keptMicrojoules = keptMicrojoules
    }

    func microjoules(_ accounts: [DomainAccount]) -> UInt64 {
        var sum = keptMicrojoules
        for position in positions { sum &+= accounts[position].totalMicrojoules }
        return sum
    }

    /// Their power; nil while that of one is not known. What sleeps uses next to nothing, and mirrors have none.
    func microwatts(_ accounts: [DomainAccount]) -> UInt64? {
        let accounts = accounts.span
        var sum: UInt64 = 0
        for position in positions where !accounts[position].isMirror && accounts[position].failure != .asleep {
            guard let power = accounts[position].powerMicrowatts else { return nil }
            sum &+= power
        }
        return positions.isEmpty ? nil : sum
    }

    /// What sleeps uses next to nothing.
    func isRead(_ accounts: [DomainAccount], _ position: Int) -> Bool {
        let failure = accounts[position].failure
        return accounts[position].isMirror || failure == .asleep
            || accounts[position].hasBeenRead && failure == nil
    }

    func hasPackage(_ accounts: [DomainAccount]) -> Bool {
        for position in positions where accounts[position].domain.kind == .package { return true }
        return false
    }

    func missing(_ accounts: [DomainAccount]) -> Int {
        var missing = refused.count
        for position in positions where !isRead(accounts, position) { missing += 1 }
        return missing
    }

    func observe(
        _ accounts: [DomainAccount], _ now: inout PlatformTrial.Observation, isPlatform: Bool
    ) {
        let isRead = missing(accounts) == refused.count
        if isPlatform {
            (now.platformMicrojoules, now.platformIsRead) = (microjoules(accounts), isRead && refused.isEmpty)
        } else {
            (now.partsMicrojoules, now.partsAreRead) = (microjoules(accounts), isRead)
        }
        for position in positions {
            now.unitsMicrojoules &+= accounts[position].facts.unitMicrojoules
            let accountant = accounts[position].accountant
            now.disturbances &+= accountant.resets &+ accountant.gaps &+ accountant.glitches
            if accounts[position].isMirror || accounts[position].isInDoubt { now.disturbances &+= 1 }
        }
    }
}
