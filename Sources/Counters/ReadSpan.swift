/// When a counter was read: what it showed is of some moment between these two.
///
/// A read may be held up anywhere: by the scheduler, by a driver that waits for its bus, by a virtual machine that stands still.
public struct ReadSpan: Sendable, Equatable {
    /// Right before the read.
    public var before: Moment
    /// Right after it.
    public var after: Moment

    /// A read between two moments.
    public init(before: Moment, after: Moment) {
        self.before = before
        self.after = after
    }

    /// How long the read took, on the monotonic clock.
    public var durationNanoseconds: UInt64 {
        after.monotonicNanoseconds - min(before.monotonicNanoseconds, after.monotonicNanoseconds)
    }

    /// The time of what was read: the middle, which is off by half of the duration at most.
    public var middle: Moment {
        Moment(
            monotonicNanoseconds: ReadSpan.middle(before.monotonicNanoseconds, after.monotonicNanoseconds),
            boottimeNanoseconds: ReadSpan.middle(before.boottimeNanoseconds, after.boottimeNanoseconds))
    }

    private static func middle(_ before: UInt64, _ after: UInt64) -> UInt64 {
        before + (after - min(before, after)) / 2
    }
}
