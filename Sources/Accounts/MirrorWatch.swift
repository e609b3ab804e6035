public import Counters

/// Finds dies whose zones show one and the same counter, and goes on comparing whatever was found to be one.
///
/// On AMD's Zen 1 and 2 a package with several dies has one energy counter, and the kernel shows it once for each die: added
/// up, they would be a multiple of the truth. Whether two zones are one counter is found by reading leader, follower and
/// leader again: the follower's value must lie between the two of the leader, an interval of microjoules that another
/// counter's value hits by chance once in millions of readings.
public struct MirrorWatch: Sendable {
    /// Two dies of one socket, or two counters that were found to be one.
    public struct Pair: Sendable {
        /// The position of the socket's first die, or of the counter that is counted.
        public let leader: Int
        /// The position of the other one.
        public let follower: Int
        /// The follower is believed to show the leader's counter.
        public fileprivate(set) var isMirror = false
        /// How many comparisons in a row spoke against what is believed now.
        fileprivate var contradictions = 0
        fileprivate var lastLeader: UInt64?
        /// At so many ticks in a row the leader could not be read.
        fileprivate var failures = 0

        /// Two that may be one.
        fileprivate init(leader: Int, follower: Int) {
            self.leader = leader
            self.follower = follower
        }

        /// Two that were found to be one. They were compared already, so that one contradiction does not undo it.
        fileprivate init(proven follower: Int, of leader: Int) {
            self.init(leader: leader, follower: follower)
            isMirror = true
            lastLeader = 0
        }
    }

    /// Every counter that may be shown under another's name.
    public private(set) var pairs: [Pair] = []
    private var domains: [Domain] = []

    /// Comparisons go on while running, because a guess may be wrong: every so many ticks, and at each of the first.
    private static let periodTicks: UInt64 = 64
    private static let firstTicks: UInt64 = 3
    /// So many contradictions in a row change what is believed.
    private static let patience = 3

    /// Watches the dies among these.
    public init(_ domains: [Domain]) {
        for domain in domains { append(domain) }
    }

    /// Watches one more domain, whose position is the next one.
    public mutating func append(_ domain: Domain) {
        domains.append(domain)
        guard domain.kind == .package, domain.die != nil else { return }
        let leader = domains.firstIndex { $0.kind == .package && $0.socket == domain.socket && $0.die != nil }
        if let leader, leader != domains.count - 1 {
            pairs.append(Pair(leader: leader, follower: domains.count - 1))
        }
    }

    /// Goes on comparing two counters that were found to be one. A leader that is itself another counter stands for that one.
    public mutating func add(leader: Int, follower: Int) {
        var root = leader
        for pair in pairs where pair.isMirror && pair.follower == leader { root = pair.leader }
        pairs.append(Pair(proven: follower, of: root))
    }

    /// The counter is compared with another one before it.
    public func comparesFollower(_ index: Int) -> Bool {
        for pair in pairs where pair.follower == index { return true }
        return false
    }

    /// A pair should be compared at the tick of this number, or, with none, between ticks: one that was never compared may be one
    /// counter, of which nothing is to be counted twice.
    public func isDue(_ pair: Int, tick: UInt64?) -> Bool {
        if pairs[pair].lastLeader == nil { return true }
        guard let tick else { return false }
        return tick < MirrorWatch.firstTicks || tick % MirrorWatch.periodTicks == 0
    }

    /// Takes in whether the leader of a mirror could be read at a tick. Where it cannot, the follower is to be counted in its place.
    ///
    /// - Parameter isGone: it will not be read before it is found again.
    /// - Returns: whether it is time for that.
    public mutating func takeLeader(of pair: Int, isRead: Bool, isGone: Bool) -> Bool {
        pairs[pair].failures = isRead ? 0 : pairs[pair].failures + 1
        return pairs[pair].isMirror && (isGone || pairs[pair].failures >= MirrorWatch.patience)
    }

    /// Lets the follower of a pair lead all that showed the same counter, its leader among them.
    public mutating func exchange(_ pair: Int) {
        let (leader, follower) = (pairs[pair].leader, pairs[pair].follower)
        for other in pairs.indices where pairs[other].leader == leader && pairs[other].isMirror {
            pairs[other] = Pair(proven: other == pair ? leader : pairs[other].follower, of: follower)
        }
    }

    /// Takes in one comparison. Returns what the follower is from now on, if that changes.
    ///
    /// The first comparison decides at once, before anything is counted; later it takes several. Counters that stand still say
    /// nothing in favour of being one.
    public mutating func compare(_ pair: Int, _ before: Reading, _ follower: Reading, _ after: Reading) -> Bool? {
        guard case .counter(let before, _) = before, case .counter(let value, _) = follower,
            case .counter(let after, _) = after, before <= after
        else { return nil }
        let isFirst = pairs[pair].lastLeader == nil
        let hasMoved = pairs[pair].lastLeader != before
        pairs[pair].lastLeader = before
        let agrees = before <= value && value <= after
        guard agrees != pairs[pair].isMirror, hasMoved || !agrees else {
            pairs[pair].contradictions = 0
            return nil
        }
        pairs[pair].contradictions += 1
        guard isFirst || pairs[pair].contradictions >= MirrorWatch.patience else { return nil }
        pairs[pair].contradictions = 0
        pairs[pair].isMirror = agrees
        return agrees
    }
}
