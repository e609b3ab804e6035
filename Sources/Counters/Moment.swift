/// A moment on both of the kernel's clocks that count from boot. Their difference grows by the time asleep.
public struct Moment: Sendable, Equatable {
    /// CLOCK_MONOTONIC: time awake.
    public var monotonicNanoseconds: UInt64
    /// CLOCK_BOOTTIME: time awake and asleep.
    public var boottimeNanoseconds: UInt64

    /// Less than this difference between the two clocks is no sleep.
    private static let shortestSleepNanoseconds: UInt64 = 10_000_000

    /// A moment by its readings of both clocks.
    public init(monotonicNanoseconds: UInt64, boottimeNanoseconds: UInt64) {
        self.monotonicNanoseconds = monotonicNanoseconds
        self.boottimeNanoseconds = boottimeNanoseconds
    }

    /// When the monotonic clock shows another time, without any sleep in between.
    public func awake(until monotonicNanoseconds: UInt64) -> Moment {
        Moment(
            monotonicNanoseconds: monotonicNanoseconds,
            boottimeNanoseconds: boottimeNanoseconds &+ (monotonicNanoseconds &- self.monotonicNanoseconds))
    }

    /// Whether the machine slept since an earlier moment.
    public func hasSlept(since earlier: Moment) -> Bool {
        let (before, now) = (earlier.asleepNanoseconds, asleepNanoseconds)
        return now - min(before, now) > Moment.shortestSleepNanoseconds
    }

    /// Whether the machine was awake all the time between two moments, and nothing came between the readings of the two clocks.
    public func isOfOneWaking(with other: Moment) -> Bool {
        !hasSlept(since: other) && !other.hasSlept(since: self)
    }

    /// The time asleep since boot.
    private var asleepNanoseconds: UInt64 {
        boottimeNanoseconds - min(monotonicNanoseconds, boottimeNanoseconds)
    }
}
