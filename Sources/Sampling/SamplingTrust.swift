public import Accounts
public import Counters
import Sources

/// The machine as a whole.
extension Sampling {
    /// How the machine's energy is made up; nil if there is nothing to add up.
    public var hostBasis: HostBasis? { trust.host.basis }

    /// The machine's energy without double counting, in microjoules.
    public var hostMicrojoules: UInt64 { trust.host.totalMicrojoules }

    /// Its power in microwatts, each part's over its own latest interval; nil while that of a part is not known.
    public var hostMicrowatts: UInt64? { trust.host.microwatts(accounts) }

    /// Everything that the machine's energy is made up of was read at some moment; before, it is unknown and not 0.
    public var isHostKnown: Bool { trust.host.hasBegun }

    /// How many parts of the machine's energy are not counted now; nil if it has none.
    public var missingHostParts: Int? { trust.host.missingParts }

    /// Those parts. It allocates.
    public var missingHostDomains: [Domain] { trust.host.missingDomains(accounts) }

    /// Why the platform's counters are not taken for the machine; nil if they are, or if there are none.
    public var platformFault: PlatformFault? { trust.host.platformFault }
}

/// Counters that are none.
extension Sampling {
    /// A counter's series are shown: it is not another one under a second name, and not one that only looks like a counter.
    public func isShown(_ index: Int) -> Bool { !accounts[index].isMirror && !hasNeverMoved(index) }

    /// Nothing says that this is a counter: none of its source has moved, or it is perf's psys, which the kernel shows on some
    /// processors without having tried it.
    public func hasNeverMoved(_ index: Int) -> Bool {
        standsStill(accounts[index].facts.source) || Trust.isUntried(accounts[index])
    }

    /// A source that is open and none of whose counters has ever moved.
    public func standsStill(_ kind: SourceKind) -> Bool { trust.givenUp.contains(kind) }
}

/// Power that others publish, which comes in portions and not with each tick.
extension Sampling {
    /// What is published came in so many portions of all accounts up to now.
    public var portions: UInt64 { sources.portions }

    /// What an account's counter publishes came in so many portions up to now; nil for one that is read at each tick.
    public func portions(_ index: Int) -> UInt64? { sources.portions(index) }

    /// Calls the closure with the power of the latest portion, in microwatts: each sample that is new, or where there are none the
    /// average since the portion before.
    public func forEachPower(_ index: Int, _ body: (UInt64) -> Void) {
        guard !sources.hasSamples(index) else { return sources.forEachSample(index, body) }
        if let power = accounts.span[index].powerMicrowatts { body(power) }
    }
}
