import Bytes
import Counters

/// How often a counter is brought up to date that moves more rarely than it is read, as far as its readings tell.
struct Stillness: Sendable {
    /// Longer than this a counter is not waited for at first: it counts nothing.
    private static let shortNanoseconds: UInt64 = 2_500_000_000
    /// Longer than this no counter is waited for.
    private static let longNanoseconds: UInt64 = 10_000_000_000

    /// The longest time between two moves.
    private var longestNanoseconds: UInt64 = 0
    private var latestStill: Moment?
    /// By so much the latest move may have been earlier than it was seen, as far as stillness before it tells; 0 for a counter that
    /// moves between any two readings.
    private(set) var latenessNanoseconds: UInt64 = 0

    /// What a reading says of the interval that it could end.
    enum Verdict {
        /// The counter has moved, or moves between any two readings.
        case ends
        /// It has not moved and is waited for.
        case waits
        /// It has not moved for so long that it uses nothing; the interval goes on, since its next move is of all that time.
        case usesNothing
    }

    /// Takes in a reading after the one at the end of the latest interval.
    mutating func take(hasMoved: Bool, since start: Moment, _ now: Moment) -> Verdict {
        let nanoseconds = now.monotonicNanoseconds - min(now.monotonicNanoseconds, start.monotonicNanoseconds)
        guard hasMoved else {
            latestStill = now
            let patience = max(Stillness.shortNanoseconds, longestNanoseconds.saturatingSum(longestNanoseconds))
            return nanoseconds < min(patience, Stillness.longNanoseconds) ? .waits : .usesNothing
        }
        latenessNanoseconds = 0
        if let still = latestStill {
            if nanoseconds <= Stillness.longNanoseconds { longestNanoseconds = max(longestNanoseconds, nanoseconds) }
            latenessNanoseconds = now.monotonicNanoseconds - min(now.monotonicNanoseconds, still.monotonicNanoseconds)
        }
        latestStill = nil
        return .ends
    }
}
