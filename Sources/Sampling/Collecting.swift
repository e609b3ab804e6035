import Accounts
import Bytes
public import Counters
import Sources

/// Passes that are read on time and counted a second later, many in a row.
///
/// Between two ticks the processor does other things, and most of what a pass costs is to fetch its code and its accounts into the
/// caches again. So a pass in which nothing has happened only keeps what the counters showed and when, and all of a second are
/// counted together: to the same totals, means and histograms. What may be anything but an ordinary step is counted at once.
extension Sampling {
    /// Something was read and is not counted yet: nothing that is known of the accounts is of now.
    public var hasBacklog: Bool { !backlog.isEmpty }

    /// What became of an attempt to collect.
    public enum Collected: Sendable {
        /// A whole pass is needed, after what was collected is counted.
        case declined
        case kept
        /// It is kept, and is to be counted at once: it may say something new, or there is no more room.
        case isToBeCounted
    }

    /// Reads the counters at a tick and keeps what they show, unless a pass would do more than to read and to count.
    public mutating func collect(at moment: Moment, every intervalNanoseconds: UInt64) -> Collected {
        if backlog.generation != generation { prepare(every: intervalNanoseconds) }
        let now = moment.monotonicNanoseconds
        let latest = backlog.latest?.monotonicNanoseconds ?? lastTickNanoseconds ?? now
        // A tick that comes early does not end an interval: see `pass`.
        guard !backlog.isFull, now < backlog.endNanoseconds, now >= latest.saturatingSum(intervalNanoseconds / 2)
        else { return .declined }
        sources.beginQuickPass(at: moment)
        backlog.take(moment, quickNanoseconds: intervalNanoseconds / PassPace.part)
        for entry in 0..<backlog.entries.count {
            let index = backlog.entries[entry].index
            if backlog.entries[entry].mayRest, sources.isResting(index, at: moment) {
                backlog.skip()
                continue
            }
            let (reading, span) = sources.read(index, at: moment)
            backlog.take(reading, at: span, of: entry)
        }
        guard sources.endQuickPass(at: moment), !backlog.hasOverrun else {
            backlog.dropLatest()
            return .declined
        }
        return backlog.isUrgent || backlog.isFull ? .isToBeCounted : .kept
    }

    /// Counts the oldest of the passes that were collected, as `pass` would have counted it then. To be called until there is none.
    ///
    /// - Parameter isFollowed: a pass follows at once, which does what is done once after a row of them.
    /// - Returns: whether there was one.
    public mutating func countCollected(every intervalNanoseconds: UInt64, isFollowed: Bool = false) -> Bool {
        guard let moment = backlog.beginPass() else { return false }
        number(moment)
        while let (index, reading, span) = backlog.next() {
            if let taken = take(index, reading, at: span) { endInterval(index, at: taken) }
        }
        endTick(at: moment)
        judge()
        if !hasBacklog, !isFollowed {
            keep()
            lookAgain(at: moment)
        }
        notePace(every: intervalNanoseconds)
        return true
    }

    /// Lists what is read in the passes that come, after one that was counted; nothing is collected while anything is not as usual.
    private mutating func prepare(every intervalNanoseconds: UInt64) {
        backlog.begin(after: generation)
        // Where counters have to be read between ticks, those are too far apart to be collected.
        guard !needsPassesBetweenTicks(every: intervalNanoseconds), pace.intervalNanoseconds == nil,
            hasFirstSamples, !accounts.isEmpty, !isInDoubt, !mirrors.hasSuspects, lastTickNanoseconds != nil
        else { return }
        for index in accounts.indices where accounts.isRead(index) {
            guard !accounts.span[index].isPublished else {
                // What was just found is there once, and would be overwritten by the next look.
                if sources.hasNews(index) { return }
                continue
            }
            let isAsleep = accounts.span[index].failure == .asleep
            let latest = isAsleep ? nil : accounts.span[index].accountant.last?.raw
            guard isAsleep || accounts.span[index].failure == nil && latest != nil else { return }
            backlog.append(
                index, mayRest: accounts.span[index].facts.source == .hwmon, latest: latest,
                mostStep: accounts.span[index].accountant.plausible(over: intervalNanoseconds),
                modulus: accounts.span[index].accountant.modulus)
        }
        backlog.open(
            passes: mirrors.ticksToLook(after: ticks), every: intervalNanoseconds,
            before: min(sources.nextLookNanoseconds, nextSharingNanoseconds(every: intervalNanoseconds)))
    }

    /// When a pass over the cgroups begins with a tick, or goes on.
    private func nextSharingNanoseconds(every intervalNanoseconds: UInt64) -> UInt64 {
        switch sharing {
        case .some(let sharing): sharing.dueNanoseconds(tickNanoseconds: intervalNanoseconds)
        case .none: .max
        }
    }
}
