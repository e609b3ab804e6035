import Accounts
import Counters
import Sources

/// Counters that are one under several names: looked for, compared, and only one of them counted.
struct Mirrors {
    private var watch: MirrorWatch
    private var search: MirrorSearch

    init(_ accounts: [DomainAccount], isGuest: Bool) {
        watch = MirrorWatch(accounts.map(\.domain))
        search = MirrorSearch(accounts.map(\.facts), isGuest: isGuest)
    }

    /// Begins anew with counters under other names.
    mutating func begin(_ accounts: [DomainAccount]) {
        self = Mirrors(accounts, isGuest: search.isGuest)
    }

    /// Watches one more counter, whose position is the next one.
    mutating func append(_ facts: CounterFacts) {
        watch.append(facts.domain)
        search.append(facts)
    }

    /// A reading is not to be counted yet.
    mutating func holdsBack(_ index: Int, _ reading: Reading) -> Bool { search.holdsBack(index, reading) }

    /// Counters wait for their verdict and are not counted until then.
    var hasWaiting: Bool { search.isGuest && search.hasSuspects }

    /// For each counter that may turn out to be another one, which.
    var suspects: [(follower: Int, leader: Int)] { watch.pairs.map { ($0.follower, $0.leader) } }

    /// How many ticks there are from the one of this number to the next at which counters are compared, or at which is looked for
    /// those that should be.
    func ticksToLook(after tick: UInt64) -> Int {
        var count = 0
        while count < Mirrors.longestPeriodTicks, !isLookDue(tick: tick + UInt64(count)) { count += 1 }
        return count
    }

    /// No period of what is done every so many ticks is longer.
    private static let longestPeriodTicks = 64

    private func isLookDue(tick: UInt64) -> Bool {
        search.isScanDue(tick: tick) || watch.pairs.indices.contains { watch.isDue($0, tick: tick) }
    }

    /// Counters are being compared at each tick.
    var hasSuspects: Bool { search.hasSuspects }

    /// Compares from time to time the dies of one socket, and what was found to be one; what was never compared at once.
    ///
    /// - Parameter tick: the number of the tick; nil between ticks.
    /// - Returns: whether a counter is counted no more, or again.
    mutating func compare(
        _ sources: inout Sources, _ accounts: inout [DomainAccount], tick: UInt64?, at moment: Moment
    ) -> Bool {
        var hasChanged = false
        for pair in watch.pairs.indices where watch.isDue(pair, tick: tick) {
            let (leader, follower) = (watch.pairs[pair].leader, watch.pairs[pair].follower)
            let before = sources.read(leader, at: moment).reading
            let followers = sources.read(follower, at: moment).reading
            let verdict = watch.compare(pair, before, followers, sources.read(leader, at: moment).reading)
            accounts[follower].note(followers)
            guard let isMirror = verdict else { continue }
            // The follower may have been counted while the leader was not there.
            if isMirror {
                let counted = accounts[follower]
                accounts[leader].goOn(from: counted)
            }
            accounts[follower].setMirror(isMirror)
            hasChanged = true
        }
        return hasChanged
    }

    /// Counts a mirror in the place of a leader that can no longer be read.
    ///
    /// - Returns: whether another counter is counted from now on.
    mutating func replaceLeaders(_ accounts: inout [DomainAccount]) -> Bool {
        var hasChanged = false
        for pair in watch.pairs.indices {
            let (leader, follower) = (watch.pairs[pair].leader, watch.pairs[pair].follower)
            let isRead = accounts[leader].failure == nil || accounts[leader].isMirror
            guard watch.takeLeader(of: pair, isRead: isRead, isGone: accounts[leader].isLost),
                accounts[follower].failure == nil
            else { continue }
            let counted = accounts[leader]
            accounts[leader].giveWay()
            accounts[follower].takeOver(from: counted)
            watch.exchange(pair)
            hasChanged = true
        }
        return hasChanged
    }

    /// Looks for counters that may be one by what this tick's readings showed, and compares those that have moved.
    ///
    /// - Returns: whether a counter is counted no more.
    mutating func search(
        _ sources: inout Sources, _ accounts: inout [DomainAccount], tick: UInt64, at moment: Moment
    ) -> Bool {
        if search.isScanDue(tick: tick) { scan(accounts) }
        guard search.hasSuspects else { return false }
        let now = moment.monotonicNanoseconds
        var hasChanged = false
        for index in accounts.indices {
            guard let leader = search.leader(of: index, at: now) else { continue }
            let verdict = search.compare(
                index, sources.read(leader, at: moment).reading, sources.read(index, at: moment).reading,
                sources.read(leader, at: moment).reading, at: now)
            guard verdict == .same else { continue }
            watch.add(leader: leader, follower: index)
            accounts[index].setMirror(true)
            hasChanged = true
        }
        return hasChanged
    }

    private mutating func scan(_ accounts: [DomainAccount]) {
        let watch = watch
        search.scan { !accounts[$0].isMirror && !watch.comparesFollower($0) }
    }

    /// A counter that was held back turned out to be one of its own: it is to be read now. To be asked once.
    mutating func takeReleased(_ index: Int) -> Bool { search.takeReleased(index) }
}
