public import Accounts
import Bytes
public import Counters
public import Sources

/// One pass over all counters at a given moment: sources, accounts, ledger. It is told the time and never looks at a clock itself.
///
/// `tick` ends a measurement interval, `refresh` only brings the totals up to date, and `pass` decides between the two.
public struct Sampling: ~Copyable {
    // First what each tick touches: see `Server` in the room Exporter.
    /// What was read and is not counted yet.
    var backlog = Backlog()
    /// Grows with each pass over the counters; what was made from an older one is out of date.
    public private(set) var generation: UInt64 = 0
    /// How far apart passes are kept.
    public internal(set) var pace = PassPace()
    var sources: Sources
    /// What is known of each counter, in the order of the sources' counters. It only grows.
    public internal(set) var accounts: [DomainAccount]
    var mirrors: Mirrors
    var ledger: Ledger?
    /// Who used the energy; nil if nobody asks.
    public var sharing: Sharing?
    /// Cards are read at each pass, even if that keeps them awake: for whoever measures for a while only, and to the last joule.
    public var isInsistent = false
    private(set) var trust = Trust()
    /// So much time at most may lie between two passes: what the sources bear, and half of what the fastest counter could run
    /// through its range in. With ticks further apart, `refresh` has to come between them.
    public private(set) var longestIntervalNanoseconds: UInt64 = .max
    /// Grows when a counter is added, gets another name or another role, and when passes come at another pace.
    public internal(set) var layoutGeneration: UInt64 = 0
    /// How often an interval ended with all counters read.
    public private(set) var ticks: UInt64 = 0
    /// When the latest pass began, on the monotonic clock; 0 before the first.
    public private(set) var lastPassNanoseconds: UInt64 = 0
    /// When the latest reading ended, on the monotonic clock; 0 before the first.
    private(set) var lastReadNanoseconds: UInt64 = 0
    /// Between the beginnings of the two latest ticks, as measured; nil before there were two.
    public private(set) var intervalNanoseconds: UInt64?
    /// When the latest tick began, on the monotonic clock; nil before the first.
    public private(set) var lastTickNanoseconds: UInt64?
    /// It is not decided yet what some counter's latest readings were.
    public private(set) var isInDoubt = false
    /// Every source that was opened has given a first sample.
    private(set) var hasFirstSamples = false
    private var watch = SourceWatch()
    /// How many records of earlier runs found no room in the ledger any more.
    public private(set) var droppedRecords = 0
    private let inPlace = InPlace()

    /// Samples what was opened; nothing is read yet.
    public init(_ sources: consuming Sources) {
        let accounts = sources.counters.map { DomainAccount($0) }
        self.init(sources, accounts: accounts)
    }

    init(_ sources: consuming Sources, accounts: [DomainAccount]) {
        let isGuest = sources.report.place.isGuest
        self.sources = sources
        self.accounts = accounts
        mirrors = Mirrors(accounts, isGuest: isGuest)
        measureLayout()
    }

    /// Keeps the accounts in a ledger from now on, and goes on from what an earlier run left there. To be called before the first
    /// pass.
    public mutating func keep(in ledger: consuming Ledger) -> Ledger.Restoration {
        precondition(generation == 0)
        var ledger = ledger
        giveNamesBack(ledger.names())
        let restoration = ledger.restore(&accounts)
        droppedRecords = ledger.droppedRecords
        self.ledger = consume ledger
        measureLayout()
        return restoration
    }

    /// Lets devices go on under the names that they had in an earlier run.
    private mutating func giveNamesBack(_ names: [(identity: String, tag: String)]) {
        guard !names.isEmpty else { return }
        sources.recall(names)
        accounts = sources.counters.map { DomainAccount($0) }
        mirrors.begin(accounts)
    }

    /// The accounts are kept in a ledger.
    public var isKept: Bool { ledger != nil }

    /// Why the next run will not find in the ledger what is counted now; nil if it will, or if there is none.
    public var ledgerTrouble: Ledger.Trouble? {
        switch ledger {
        case .some(let ledger): ledger.trouble
        case .none: nil
        }
    }

    private mutating func measureLayout() {
        measureLongestInterval()
        trust.follow(
            accounts, sources.zones, givenUp: sources.givenUp, kept: ledger?.keptHostEnergy() ?? HostTotal.Kept())
    }

    private mutating func measureLongestInterval() {
        var longest = sources.longestIntervalNanoseconds
        for index in accounts.indices {
            let half = accounts[index].knowableNanoseconds / 2
            if half >= Sampling.shortestIntervalNanoseconds { longest = min(longest, half) }
        }
        longestIntervalNanoseconds = longest
    }

    /// What states such a small range, or limits of such a power, that it can run through its range within this time cannot be
    /// followed at any pace that is worth it: its intervals are gaps, and it does not set the pace of the others.
    static let shortestIntervalNanoseconds: UInt64 = 10_000_000
}

/// Passes over the counters.
extension Sampling {
    /// Ends a measurement interval, unless the last one ended less than half an interval ago: counters move in steps of a
    /// millisecond, so that power over a fraction of an interval would be mostly such steps, a peak that never was. Then the
    /// totals are brought up to date, and the interval goes on.
    ///
    /// - Returns: whether an interval ended.
    public mutating func pass(at moment: Moment, every intervalNanoseconds: UInt64) -> Bool {
        defer { notePace(every: intervalNanoseconds) }
        if let last = lastTickNanoseconds, moment.monotonicNanoseconds < last.saturatingSum(intervalNanoseconds / 2) {
            refresh(at: moment)
            return false
        }
        tick(at: moment)
        return true
    }

    /// Ends a measurement interval: totals and power.
    public mutating func tick(at moment: Moment) {
        beginPass(at: moment)
        guard !accounts.isEmpty else {
            endPass()
            return lookAgain(at: moment)
        }
        if mirrors.compare(&sources, &accounts, tick: ticks, at: moment) { layoutGeneration += 1 }
        for index in accounts.indices where accounts.isRead(index) { measure(index, at: moment) }
        if mirrors.search(&sources, &accounts, tick: ticks, at: moment) { layoutGeneration += 1 }
        for index in accounts.indices where mirrors.takeReleased(index) { measure(index, at: moment) }
        endTick(at: moment)
        endPass()
        lookAgain(at: moment)
    }

    mutating func endTick(at moment: Moment) {
        if mirrors.replaceLeaders(&accounts) { followLayout() }
        ticks += 1
        let now = moment.monotonicNanoseconds
        if let lastTickNanoseconds { intervalNanoseconds = now - min(now, lastTickNanoseconds) }
        lastTickNanoseconds = now
    }

    /// Brings the totals up to date between two ticks.
    public mutating func refresh(at moment: Moment) {
        beginPass(at: moment)
        if mirrors.compare(&sources, &accounts, tick: nil, at: moment) { layoutGeneration += 1 }
        for index in accounts.indices where accounts.isRead(index) {
            // What others publish is there once, whenever that is, and an interval of theirs ends with it.
            if accounts.span[index].isPublished {
                measure(index, at: moment)
            } else {
                _ = read(index, at: moment)
            }
        }
        endPass()
    }

    /// Brings the totals up to date for somebody who asks, if the latest pass is older than one interval or than a second, unless
    /// passes take long.
    ///
    /// - Parameter earliest: a pass before this moment, on the monotonic clock, is too old as well; not after `moment`.
    /// - Returns: whether there was a pass.
    public mutating func refreshIfStale(
        at moment: Moment, every intervalNanoseconds: UInt64, earliest: UInt64 = 0
    ) -> Bool {
        guard isStale(at: moment.monotonicNanoseconds, every: intervalNanoseconds, earliest: earliest) else {
            return false
        }
        refresh(at: moment)
        return true
    }

    /// Whether somebody who asks can be told the totals as they are: nothing waits to be counted, and `refreshIfStale` would do nothing.
    public func isUpToDate(at now: UInt64, every intervalNanoseconds: UInt64, earliest: UInt64) -> Bool {
        !hasBacklog && !isStale(at: now, every: intervalNanoseconds, earliest: earliest)
    }

    private func isStale(at now: UInt64, every intervalNanoseconds: UInt64, earliest: UInt64) -> Bool {
        let isOld = now - min(now, lastPassNanoseconds) > min(intervalNanoseconds, 1_000_000_000)
        return restNanoseconds == nil && (isOld || lastPassNanoseconds < earliest)
    }

    /// Ticks are so far apart that the counters have to be read between them.
    public func needsPassesBetweenTicks(every intervalNanoseconds: UInt64) -> Bool {
        intervalNanoseconds > longestPauseNanoseconds(every: intervalNanoseconds)
    }

    /// How long the loop may sleep before the counters have to be read between two ticks, in milliseconds.
    public func millisecondsToNextPass(at now: UInt64, every intervalNanoseconds: UInt64) -> Int32 {
        let due = nextPassNanoseconds(every: intervalNanoseconds)
        return Int32(clamping: (due - min(now, due)).saturatingSum(999_999) / 1_000_000)
    }

    /// Reads the counters between two ticks if it is time for it.
    ///
    /// - Returns: whether there was a pass.
    public mutating func refreshIfDue(at moment: Moment, every intervalNanoseconds: UInt64) -> Bool {
        guard needsPassesBetweenTicks(every: intervalNanoseconds),
            moment.monotonicNanoseconds >= nextPassNanoseconds(every: intervalNanoseconds)
        else { return false }
        refresh(at: moment)
        notePace(every: intervalNanoseconds)
        return true
    }

    private func nextPassNanoseconds(every intervalNanoseconds: UInt64) -> UInt64 {
        let pause = longestPauseNanoseconds(every: intervalNanoseconds)
        return lastPassNanoseconds.saturatingSum(max(pause, restNanoseconds ?? 0))
    }

    /// So long a pause there may be between two passes: never longer than the counters bear, a third of an interval where ticks are a
    /// second and more apart, since a false step is the easier to tell the shorter the time in which it was made; and no longer
    /// than it takes to end a doubt soon.
    private func longestPauseNanoseconds(every intervalNanoseconds: UInt64) -> UInt64 {
        let wanted = isInDoubt ? Sampling.shortPauseNanoseconds : intervalNanoseconds / 3
        return min(longestIntervalNanoseconds, max(Sampling.shortPauseNanoseconds, wanted))
    }

    /// Three readings in a second.
    private static let shortPauseNanoseconds: UInt64 = 333_000_000

    private mutating func beginPass(at moment: Moment) {
        precondition(!hasBacklog, "what was collected is counted before what comes after it")
        number(moment)
        sources.beginPass(at: moment)
    }

    mutating func number(_ moment: Moment) {
        generation += 1
        lastPassNanoseconds = moment.monotonicNanoseconds
    }

    private mutating func endPass() {
        judge()
        keep()
    }

    mutating func keep() {
        ledger?.write(accounts)
        if !hasFirstSamples { hasFirstSamples = hasSampleOfEachSource }
    }

    private var hasSampleOfEachSource: Bool {
        accounts.allSatisfy { account in
            accounts.contains { $0.facts.source == account.facts.source && $0.hasBeenRead && $0.failure == nil }
        }
    }

    /// Reads one counter into its account. Before a step counts as implausible, the kernel is asked again what is plausible: limits
    /// are changed while machines run.
    ///
    /// - Returns: when it was read; nil if it shows nothing new, is not to be read now, or is not to be counted yet.
    private mutating func read(_ index: Int, at moment: Moment) -> ReadSpan? {
        let isPublished = accounts.span[index].isPublished
        guard isPublished ? sources.hasNews(index) : isInsistent || !sources.isResting(index, at: moment) else {
            return nil
        }
        let (reading, span) = sources.read(index, at: moment)
        return take(index, reading, at: span)
    }

    /// Takes what a counter showed into its account.
    ///
    /// - Returns: when it was read; nil if it is not to be counted yet.
    mutating func take(_ index: Int, _ reading: Reading, at span: ReadSpan) -> ReadSpan? {
        lastReadNanoseconds = max(lastReadNanoseconds, span.after.monotonicNanoseconds)
        guard !mirrors.holdsBack(index, reading) else { return nil }
        if accounts.span[index].isPublished { setBound(index, sources.counters[index].boundMicrowatts) }
        accounts[index].take(reading, at: span)
        if accounts.span[index].isInDoubt, accounts[index].hasNewDoubt { setBound(index, sources.refreshBound(index)) }
        if reading == .failure(.slow) {
            sources.giveUp(index)
            layoutGeneration += 1
        }
        return span
    }

    /// Sets the bound of plausible power of one counter.
    mutating func setBound(_ index: Int, _ boundMicrowatts: UInt64) {
        guard boundMicrowatts != accounts.span[index].accountant.boundMicrowatts else { return }
        accounts[index].setBound(boundMicrowatts)
        measureLongestInterval()
    }

    /// Reads one counter and ends its interval.
    private mutating func measure(_ index: Int, at moment: Moment) {
        if let span = read(index, at: moment) { endInterval(index, at: span) }
    }

    mutating func endInterval(_ index: Int, at span: ReadSpan) {
        accounts[index].endInterval(at: span)
        guard let power = accounts.span[index].powerMicrowatts, let bound = sources.reviewBound(index, for: power)
        else { return }
        setBound(index, bound)
    }
}

/// What there is to be measured.
extension Sampling {
    /// What was found when the sources were opened.
    public var report: SourceReport { sources.report }

    /// Every zone that the kernel shows: those that are counted first, in the order of the accounts.
    public var zones: [ZoneReport] { sources.zones }

    /// Some domains' energy is an estimate from their power.
    public var isEstimated: Bool { accounts.contains(where: \.facts.isEstimate) }
}

/// Sources and counters that went, came back or appeared.
extension Sampling {
    /// Something is read, and every source that was opened has given a first sample.
    public var isReady: Bool { hasFirstSamples && watch.isAnythingRead && (accounts.isEmpty || isAnythingTrusted) }

    private var isAnythingTrusted: Bool {
        accounts.contains { !standsStill($0.facts.source) }
    }

    /// Each source that is read, and each that should be, and whether something of it was read lately.
    public var sourceStates: [(kind: SourceKind, isUp: Bool)] {
        sources.report.states.map { ($0.kind, $0.isUp && !watch.silent.contains($0.kind)) }
    }

    /// Counters of a kind may be opened later: it is looked for, and nothing is read in its place.
    public func mayOpen(_ kind: SourceKind) -> Bool { sources.mayOpen(kind) }

    /// The kinds of source of which a counter has gone from the kernel and may be found again.
    private static func lostKinds(_ accounts: [DomainAccount]) -> SourceKinds {
        var kinds = SourceKinds()
        let accounts = accounts.span
        for index in accounts.indices where accounts[index].isLost { kinds.insert(accounts[index].facts.source) }
        return kinds
    }

    /// When something that came or went is looked for next, on the monotonic clock.
    public var nextListingNanoseconds: UInt64 { sources.nextListingNanoseconds }

    /// Looks for what came and went between ticks that are too rare for that, and reads it once it is there.
    public mutating func lookBetweenTicks(at moment: Moment) {
        let before = accounts.count
        lookAgain(at: moment)
        if accounts.count > before { refresh(at: moment) }
    }

    mutating func lookAgain(at moment: Moment) {
        if watch.review(accounts, at: moment.monotonicNanoseconds) { layoutGeneration += 1 }
        refreshBounds(at: moment)
        learnUnits()
        let due = sources.searchesDue(at: moment, lost: Sampling.lostKinds(accounts))
        if !due.isEmpty { findMissing(among: due) }
    }

    /// Takes over what the sources have learned of their counters' units.
    private mutating func learnUnits() {
        guard sources.learnUnits() else { return }
        for index in accounts.indices { accounts[index].setUnit(sources.counters[index].unitMicrojoules) }
        layoutGeneration += 1
    }

    /// Believes of the counters whose turn it is what their limits allow now.
    private mutating func refreshBounds(at moment: Moment) {
        for index in sources.refreshBounds(at: moment) where index < accounts.count {
            setBound(index, sources.counters[index].boundMicrowatts)
        }
    }

    mutating func findMissing(among kinds: SourceKinds = .all) {
        take(sources.find(accounts.indices.filter { accounts[$0].isMissing }, among: kinds))
    }

    /// Lets accounts go on with what was found, and opens accounts for what was never there before.
    private mutating func take(_ result: SearchResult) {
        for index in result.reopened { accounts[index].resume(sources.counters[index]) }
        for index in result.added {
            var account = DomainAccount(sources.counters[index])
            droppedRecords += ledger?.adopt(&account) ?? 0
            accounts.append(account)
            mirrors.append(account.facts)
        }
        if result.hasChanged { followLayout() }
    }
}

/// What turned out of counters.
extension Sampling {
    /// Takes in what a pass said of what is to be trusted.
    mutating func judge() {
        if let kind = trust.watch(accounts, at: lastPassNanoseconds) {
            if trust.movement(of: kind) == .standsStill { sources.giveUp(kind) } else { sources.takeBack(kind) }
            followLayout()
        }
        if trust.take(accounts, at: lastPassNanoseconds) { followLayout() }
        isInDoubt = accounts.contains { $0.isInDoubt && !$0.isMirror }
    }

    private mutating func followLayout() {
        layoutGeneration += 1
        measureLayout()
    }

    /// Counters wait for the verdict whether they are others under a second name, and are not counted until then.
    public var hasWaitingSuspects: Bool { mirrors.hasWaiting }

    /// For each domain that may turn out to be a mirror, the domain whose counter it would show.
    public var suspects: [Int: Domain] {
        Dictionary(uniqueKeysWithValues: mirrors.suspects.map { ($0.follower, accounts[$0.leader].domain) })
    }
}
