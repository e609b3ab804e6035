import Bytes
import Counters

/// What has been seen of a counter since a step that was neither a plausible advance nor a wrap.
///
/// Two courses are followed side by side: the *old* one, which goes on from the last reading that was believed, and the *new*
/// one, which began with the step. Whichever of them the latest reading lies on when the doubt ends is believed from then on.
public struct Doubt: Sendable, Equatable {
    /// The latest reading.
    var latest: CounterAccountant.Anchor
    /// When the doubt began, on the monotonic clock.
    var sinceNanoseconds: UInt64
    /// When the counter was first seen on the new course.
    var newSinceNanoseconds: UInt64
    /// How many readings there were since then, that one included.
    var readings: UInt64 = 1
    /// The latest reading lies on the old course.
    var isBack = false
    /// What the course that the latest reading lies on would add.
    var addedMicrojoules: UInt64
    /// How often the counter ran through its range on that course.
    var wraps: UInt64 = 0
    /// What the counter was set anew by, if it was.
    var reason: ResetReason
    /// Where the old course lies beside the new one.
    var former: FormerCourse

    /// So many readings at least are taken before it is decided.
    static let leastReadings: UInt64 = 3
    /// So long at least it is waited. The glitches that are known from reports last a second, and a reading comes as late as some
    /// hundredths of one after they began.
    static let leastNanoseconds: UInt64 = 1_050_000_000
    /// A counter that jumps all the time is not waited for any longer.
    static let mostNanoseconds: UInt64 = 5_000_000_000

    /// Enough has been seen to decide.
    var isOver: Bool {
        let now = latest.moment.monotonicNanoseconds
        if now - min(now, sinceNanoseconds) >= Doubt.mostNanoseconds { return true }
        return readings >= Doubt.leastReadings && now - min(now, newSinceNanoseconds) >= Doubt.leastNanoseconds
    }
}

/// A course that was given up when the counter was believed to be set anew. It goes on beside the new one, at the same distance
/// for ever, so that a counter that comes back to it is known however long it was away.
public struct FormerCourse: Sendable, Equatable {
    /// How far ahead of the new course it lies, around the counter's range.
    var aheadMicrojoules: UInt64
    /// It may lie further ahead by so much: what may have been used and was not counted while the counter left it.
    var allowanceMicrojoules: UInt64
    /// By so much what is believed on the new course is ahead of what would be believed on this one: what was added because the
    /// counter seemed to have begun anew, or, negative, what was taken back because a step forward seemed to have been false.
    var surplusMicrojoules: Int64
    /// The counter can have begun anew from 0, and there is a good reason to believe it.
    var isFromZero: Bool
    /// The counter has not moved since it left this course.
    var isStill = true

    /// The same course, if what is believed is what would be believed on it, though the counter seems to be away from it.
    var asSeenFromItself: FormerCourse {
        var course = self
        course.surplusMicrojoules = -Int64(clamping: aheadMicrojoules)
        return course
    }

    /// Takes in a step on the new course. While the counter does not move at all it counts nothing, and this course may be further
    /// ahead by all that is plausible.
    mutating func take(_ delta: UInt64, plausible: UInt64) {
        if delta > 0 { isStill = false }
        if isStill { allowanceMicrojoules = allowanceMicrojoules.saturatingSum(plausible) }
    }
}
