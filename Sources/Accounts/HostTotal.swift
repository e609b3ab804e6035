public import Counters

/// The machine's energy as one number, in which nothing is counted twice.
///
/// It is the sum of what its parts have counted, those of earlier runs included, so that between any two moments it rises by what
/// its parts rise. It begins when every part that was found is read; from then on it goes on, whatever becomes of a part. A part
/// that is found later has counted nothing before, or goes on from what it had, and so joins by what it counts from then on.
///
/// The platform's counters are its basis unless they turn out not to be what they are said to be: then they are given up for the
/// rest of the run, and the packages with their memory and the GPUs take their place under a name of their own.
public struct HostTotal: Sendable {
    /// What counters that are not there now counted in earlier runs.
    public struct Kept: Sendable, Equatable {
        /// Those of the platform.
        public var platformMicrojoules: UInt64 = 0
        /// Packages, memory and GPUs.
        public var partsMicrojoules: UInt64 = 0
        /// GPUs are among those.
        public var hasGPU = false

        /// Nothing.
        public init() {}
    }

    /// How it is made up; nil if nothing of it is counted.
    public private(set) var basis: HostBasis?
    /// Every part was read at some moment, so that the number is known.
    public private(set) var hasBegun = false
    /// The machine's energy, around 2^64 rather than a trap; 0 before it has begun.
    public private(set) var totalMicrojoules: UInt64 = 0
    /// How many of its parts are not counted now; nil if none was ever found.
    public private(set) var missingParts: Int?
    /// Why the platform's counters were given up; nil if they were not.
    public private(set) var platformFault: PlatformFault?

    private var platform = HostGroup()
    private var parts = HostGroup()
    /// Those parts that the platform must have in it: of a card in a slot that is not certain.
    private var platformParts = HostGroup()
    private var trial = PlatformTrial()
    /// What the parts are made up of; nil if there are none that stand for the machine.
    private var partsBasis: HostBasis?
    /// What would be missing from the sum because the ledger gave up a record.
    private var carriedMicrojoules: UInt64 = 0

    /// Nothing to add up.
    public init() {}

    /// Takes in which counters there are. It allocates: it is called when something came or went.
    ///
    /// - Parameters:
    ///   - isCounted: whether the account at a position is counted at all.
    ///   - refused: what was found and cannot be counted.
    ///   - kept: what counters that are not there now counted in earlier runs.
    public mutating func follow(
        _ accounts: [DomainAccount], isCounted: (Int) -> Bool, refused: [Domain], kept: Kept
    ) {
        let before = totalMicrojoules
        let (oldPlatform, oldParts) = (platform.positions, platformParts.positions)
        let counted = accounts.indices.filter(isCounted)
        platform = HostGroup(
            counted.filter { accounts[$0].domain.kind == .psys }, refused.filter { $0.kind == .psys },
            keptMicrojoules: kept.platformMicrojoules)
        parts = HostGroup(
            counted.filter { accounts[$0].domain.kind.isHostPart }, refused.filter(\.kind.isHostPart),
            keptMicrojoules: kept.partsMicrojoules)
        platformParts = HostGroup(
            parts.positions.filter { accounts[$0].domain.kind != .gpu }, parts.refused.filter { $0.kind != .gpu },
            keptMicrojoules: 0)
        // What was waited for and compared up to now was of other counters.
        if platform.positions != oldPlatform || platformParts.positions != oldParts { trial = PlatformTrial() }
        let kinds = counted.map { accounts[$0].domain.kind }
        choose(hasPackage: kinds.contains(.package), hasGPU: kinds.contains(.gpu) || kept.hasGPU)
        guard hasBegun, let group else { return }
        let sum = group.microjoules(accounts) &+ carriedMicrojoules
        if sum < before { carriedMicrojoules &+= before - sum }
    }

    /// A way that has begun stays, whatever appears later, unless its counters turned out to be none; but what joins the parts is in
    /// their name from then on.
    private mutating func choose(hasPackage: Bool, hasGPU: Bool) {
        partsBasis = HostBasis(hasPackage: hasPackage, hasGPU: hasGPU)
        if hasBegun, let group, !group.positions.isEmpty {
            if basis != .psys { basis = partsBasis ?? basis }
            return
        }
        (hasBegun, totalMicrojoules) = (false, 0)
        let hasPlatform = !platform.positions.isEmpty || (hasPackage && !platform.refused.isEmpty)
        if platformFault == nil && hasPlatform {
            basis = .psys
        } else {
            basis = partsBasis
        }
    }

    /// What is added up.
    private var group: HostGroup? {
        switch basis {
        case .psys: platform
        case .packagesAndDram, .packagesDramAndGPUs, .gpus: parts
        case nil: nil
        }
    }

    /// Takes in a pass over the counters.
    ///
    /// - Returns: whether the basis is another one from now on.
    public mutating func take(_ accounts: [DomainAccount], at nanoseconds: UInt64) -> Bool {
        let isOther = basis == .psys && isPlatformAtFault(accounts, at: nanoseconds)
        if isOther { giveUpPlatform() }
        add(accounts)
        return isOther
    }

    private mutating func isPlatformAtFault(_ accounts: [DomainAccount], at nanoseconds: UInt64) -> Bool {
        var now = PlatformTrial.Observation()
        platform.observe(accounts, &now, isPlatform: true)
        platformParts.observe(accounts, &now, isPlatform: false)
        // Without packages there is nothing to take its place.
        guard platformParts.hasPackage(accounts) else { return false }
        guard let fault = trial.judge(now, hasBegun: hasBegun, at: nanoseconds) else { return false }
        platformFault = fault
        return true
    }

    private mutating func giveUpPlatform() {
        basis = partsBasis
        hasBegun = false
        totalMicrojoules = 0
        carriedMicrojoules = 0
    }

    private mutating func add(_ accounts: [DomainAccount]) {
        // Before there is a basis, what was found and refused is missing all the same.
        let missing = basis == .psys ? platform.missing(accounts) : parts.missing(accounts)
        let wasFound = basis != nil || !parts.refused.isEmpty
        missingParts = wasFound ? missing : nil
        guard let group else { return }
        let sum = group.microjoules(accounts)
        if !hasBegun { hasBegun = missing == 0 && (basis != .psys || sum > 0) }
        if hasBegun { totalMicrojoules = sum &+ carriedMicrojoules }
    }

    /// The power of what is added up; nil while that of a part is not known.
    public func microwatts(_ accounts: [DomainAccount]) -> UInt64? {
        hasBegun && missingParts == 0 ? group?.microwatts(accounts) : nil
    }

    /// The parts that are not counted now. It allocates.
    public func missingDomains(_ accounts: [DomainAccount]) -> [Domain] {
        let group = basis == .psys ? platform : parts
        return group.refused + group.positions.filter { !group.isRead(accounts, $0) }.map { accounts[$0].domain }
    }
}
