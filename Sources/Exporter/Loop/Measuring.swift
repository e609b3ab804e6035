import Accounts
import Attribution
import Bytes
import Counters
import Kernel
import Logging
import Metrics
import Sampling
import Sources

/// From the timer to the accounts while the exporter serves: when a pass over the counters is due, how late it comes, and what is
/// said of it in the log.
struct Measuring: ~Copyable {
    /// What became of a tick.
    enum Tick {
        /// The timer had not expired.
        case notDue
        /// The counters are to be read now, by `collect` or by `pass`.
        case due
        /// What the counters show was kept, and is counted later.
        case collected
        /// That was counted, with what was collected before.
        case counted
        /// The last interval ended just now: only the totals were brought up to date.
        case refreshed
        case endedInterval
        /// Nothing was read, since passes over the counters take long.
        case rested
    }

    /// Says when a sample is due.
    let timer: Timer
    /// How late ticks were served.
    private(set) var lateness = LatencyHistogram()
    /// Timer expirations so far, missed ones included.
    private(set) var expirations: UInt64 = 0
    /// How many passed while the loop was late.
    private(set) var missedTicks: UInt64 = 0
    private var timing = FailureBudget()
    private(set) var sampling: Sampling
    /// How long passes over the cgroups took.
    private(set) var sharingSeconds = LatencyHistogram()
    /// What the steps of the pass under way took so far.
    private var sharingNanoseconds: UInt64 = 0
    private var reporter: PassReporter
    private let log: Logger

    init(_ sampling: consuming Sampling, intervalNanoseconds: UInt64, _ log: Logger) throws(SystemError) {
        let timer = try Timer(intervalNanoseconds: intervalNanoseconds)
        reporter = PassReporter(sampling)
        self.timer = timer
        self.sampling = sampling
        self.log = log
    }

    var intervalNanoseconds: UInt64 { timer.intervalNanoseconds }

    /// Between ticks the counters have to be read, or what came and went has to be looked for.
    var needsAttentionBetweenTicks: Bool { needsLooksBetweenTicks || needsPassesBetweenTicks }

    private var needsLooksBetweenTicks: Bool { timer.intervalNanoseconds > Sources.lookingNanoseconds }

    private var needsPassesBetweenTicks: Bool {
        sampling.needsPassesBetweenTicks(every: timer.intervalNanoseconds)
    }

    /// What is measured, for people: `5 domains by powercap every 100 ms`.
    var summary: String {
        let states = sampling.sourceStates
        let kinds = states.filter(\.isUp).map(\.kind)
        guard !kinds.isEmpty else {
            let names = sampling.report.opened.map(\.rawValue).joined(separator: "+")
            return "nothing: \(names.isEmpty ? "no energy source" : "\(names) cannot be read")"
        }
        let interval = milliseconds(sampling.pace.intervalNanoseconds ?? timer.intervalNanoseconds)
        let domains = counted(sampling.accounts.count { kinds.contains($0.facts.source) }, "domain")
        return "\(domains) by \(kinds.map(\.rawValue).joined(separator: "+")) every \(interval) ms"
    }

    /// When the timer expires next, on the monotonic clock, if all its expirations so far were served.
    private var nextNanoseconds: UInt64 { timer.firstNanoseconds + expirations * timer.intervalNanoseconds }

    /// Whether a tick is due; it costs no system call to ask.
    func isDue(at now: UInt64) -> Bool { now >= nextNanoseconds }

    private mutating func takeExpirations() throws(SystemError) -> UInt64 {
        do throws(SystemError) {
            let elapsed = try timer.takeExpirations()
            timing.restore()
            return elapsed
        } catch {
            try timing.spend(error)
            return 0
        }
    }

    /// Serves the timer: a late loop finds more than one expiration, and says so.
    mutating func tick(at moment: Moment) throws(SystemError) -> Tick {
        let elapsed = try takeExpirations()
        guard elapsed > 0 else { return .notDue }
        expirations += elapsed
        let now = moment.monotonicNanoseconds
        guard !sampling.isResting(at: now, every: timer.intervalNanoseconds) else { return .rested }
        missedTicks += elapsed - 1
        let due = nextNanoseconds - timer.intervalNanoseconds
        lateness.record(nanoseconds: now > due ? now - due : 0)
        return .due
    }

    /// Reads the counters and counts what they show: for a tick that is due. What was collected must have been counted.
    mutating func pass(at moment: Moment) -> Tick {
        let hasEnded = sampling.pass(at: moment, every: timer.intervalNanoseconds)
        review(at: moment.monotonicNanoseconds)
        share(at: moment.monotonicNanoseconds)
        return hasEnded ? .endedInterval : .refreshed
    }

    /// Reads the counters and keeps what they show, to be counted with what the next ticks bring.
    mutating func collect(at moment: Moment) -> Sampling.Collected {
        sampling.collect(at: moment, every: timer.intervalNanoseconds)
    }

    /// Counts the oldest of the passes that were collected.
    ///
    /// - Parameter isFollowed: `pass` is called next.
    /// - Returns: whether there was one, which ended an interval.
    mutating func countCollected(isFollowed: Bool) -> Bool {
        guard sampling.countCollected(every: timer.intervalNanoseconds, isFollowed: isFollowed) else { return false }
        if !sampling.hasBacklog, !isFollowed { review(at: sampling.lastPassNanoseconds) }
        return true
    }

    /// Takes the first sample, which is where counting starts.
    mutating func start(at moment: Moment) {
        sampling.tick(at: moment)
        review(at: moment.monotonicNanoseconds)
        share(at: moment.monotonicNanoseconds)
    }

    /// How long the loop may sleep before something has to be done between two ticks, in milliseconds; nil if nothing has.
    mutating func millisecondsToAttention(at now: UInt64) -> Int32? {
        let look = needsLooksBetweenTicks ? millisecondsToLook(at: now) : nil
        guard needsPassesBetweenTicks else { return look }
        let pass = sampling.millisecondsToNextPass(at: now, every: timer.intervalNanoseconds)
        return look.map { min($0, pass) } ?? pass
    }

    /// Rounded up: what is a fraction of a millisecond away is not waited for by not waiting at all.
    private func millisecondsToLook(at now: UInt64) -> Int32 {
        Clock.milliseconds(from: now, until: sampling.nextListingNanoseconds)
    }

    /// Does what has to be done between two ticks, if it is due: reads the counters before it is too late to know what they did, and
    /// sooner while some are in doubt, and looks for what came and went.
    mutating func attendBetweenTicks(at moment: Moment) {
        let hasRead = sampling.refreshIfDue(at: moment, every: timer.intervalNanoseconds)
        let looks = needsLooksBetweenTicks && moment.monotonicNanoseconds >= sampling.nextListingNanoseconds
        if looks { sampling.lookBetweenTicks(at: moment) }
        if hasRead || looks { review(at: moment.monotonicNanoseconds) }
    }

    /// Whether a scrape can be told the totals as they are.
    func isUpToDate(at now: UInt64, earliest: UInt64) -> Bool {
        sampling.isUpToDate(at: now, every: timer.intervalNanoseconds, earliest: earliest)
    }

    /// Brings the totals up to date for a scrape, if the latest reading is older than one interval or than a second, or was made before
    /// the earliest moment that may be shown, on the monotonic clock; not where passes take long.
    mutating func refreshIfStale(at moment: Moment, earliest: UInt64 = 0) {
        if sampling.refreshIfStale(at: moment, every: timer.intervalNanoseconds, earliest: earliest) {
            review(at: moment.monotonicNanoseconds)
        }
    }

    /// Says in the log what a pass over the counters brought to light.
    private mutating func review(at now: UInt64) {
        reporter.review(sampling, every: timer.intervalNanoseconds, at: now, log)
    }
}

/// Who used the energy.
extension Measuring {
    /// What is shared out, among how many; nil if nothing is.
    var attributionShape: AttributionShape? {
        switch sampling.sharing {
        case .some(let sharing):
            AttributionShape(
                kinds: sharing.kinds, places: Attribution.mostAccounts(sharing.attribution.settings))
        case .none: nil
        }
    }

    /// Where the cgroups lie that are followed; nil if none are.
    var cgroups: String? {
        switch sampling.sharing {
        case .some(let sharing): sharing.attribution.root
        case .none: nil
        }
    }

    /// A pass over the cgroups is under way, and has to go on with the next turn of the loop.
    var isSharing: Bool { sampling.isSharing }

    /// Begins a pass over the cgroups, if it is time for one.
    private mutating func share(at now: UInt64) {
        let begin = Clock.monotonicNanoseconds()
        let hasBegun = sampling.beginSharingIfDue(
            at: now, every: timer.intervalNanoseconds, unixMicroseconds: Clock.realtimeNanoseconds() / 1000)
        if hasBegun { proceedSharing(since: begin) }
    }

    /// Brings up to date for a page who used the energy, where that is cheap.
    mutating func shareForPage() {
        let begin = Clock.monotonicNanoseconds()
        guard sampling.beginSharingForPage(at: begin, unixMicroseconds: Clock.realtimeNanoseconds() / 1000) else {
            return
        }
        proceedSharing(since: begin)
        // Cheap ones are few steps.
        while isSharing { proceedSharing() }
    }

    /// Goes on with the pass over the cgroups that is under way.
    mutating func proceedSharing() { proceedSharing(since: Clock.monotonicNanoseconds()) }

    private mutating func proceedSharing(since begin: UInt64) {
        let isFinished = sampling.proceedSharing()
        sharingNanoseconds += Clock.monotonicNanoseconds() - begin
        guard isFinished else { return }
        sharingSeconds.record(nanoseconds: sharingNanoseconds)
        sampling.sharing?.note(costNanoseconds: sharingNanoseconds)
        sharingNanoseconds = 0
    }
}
