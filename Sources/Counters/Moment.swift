/// A moment on both of the kernel's clocks that count from boot. Their difference grows by the time asleep.
public struct Moment: Sendable, Equatable {
    /// CLOCK_MONOTONIC: time awake.
    public var monotonicNanoseconds: UInt64
    /// CLOCK_BOOTTIME: time awake and asleep.
    public var boottimeNanoseconds: UInt64

    /// A moment by its readings of both clocks.
    public init(monotonicNanoseconds: UInt64, boottimeNanoseconds: UInt64) {
        self.monotonicNanoseconds = monotonicNanoseconds
        self.boottimeNanoseconds = boottimeNanoseconds
    }
}
