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

    /// Whether the machine slept since an earlier moment.
    public func hasSlept(since earlier: Moment) -> Bool {
        let (before, now) = (earlier.asleepNanoseconds, asleepNanoseconds)
        return now - min(before, now) > Moment.shortestSleepNanoseconds
    }

    /// The time asleep since boot.
    private var asleepNanoseconds: UInt64 {
        boottimeNanoseconds - min(monotonicNanoseconds, boottimeNanoseconds)
    }
}
