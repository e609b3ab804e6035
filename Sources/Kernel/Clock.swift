import CLinux
import Glibc

/// Readings of the kernel's clocks in nanoseconds. No system call on common hardware (vDSO). See clock_gettime(2).
public enum Clock {
    /// Time since boot without the time asleep: for intervals and deadlines.
    public static func monotonicNanoseconds() -> UInt64 { read(CLOCK_MONOTONIC) }

    /// Time since boot with the time asleep: its distance from the monotonic clock grows by each sleep.
    public static func boottimeNanoseconds() -> UInt64 { read(CLOCK_BOOTTIME) }

    /// Wall-clock time since 1970: for people only, since it jumps.
    public static func realtimeNanoseconds() -> UInt64 { read(CLOCK_REALTIME) }

    /// The same in seconds, as of the kernel's latest tick: milliseconds late, and at a fifth of the cost.
    public static func unixSeconds() -> UInt64 { read(CLOCK_REALTIME_COARSE) / 1_000_000_000 }

    /// The time between two ticks of the kernel's timer, 1/HZ, in microseconds: 1,000 to 10,000, the latter where the kernel does not
    /// tell. See clock_getres(2).
    public static func jiffyMicroseconds() -> UInt64 {
        var resolution = timespec()
        // The coarse clock is what it was at the latest tick.
        guard unsafe clock_getres(CLOCK_MONOTONIC_COARSE, &resolution) == 0 else { return slowestJiffyMicroseconds }
        let microseconds = UInt64(max(0, resolution.tv_nsec)) / 1000
        return resolution.tv_sec == 0 && (1000...slowestJiffyMicroseconds).contains(microseconds)
            ? microseconds : slowestJiffyMicroseconds
    }

    /// The milliseconds from one time until another, rounded up, as a wait that ends before it would be of no use; 0 if it has passed.
    public static func milliseconds(from now: UInt64, until deadline: UInt64) -> Int32 {
        let (whole, rest) = (deadline - min(now, deadline)).quotientAndRemainder(dividingBy: 1_000_000)
        return Int32(clamping: whole + (rest > 0 ? 1 : 0))
    }

    private static let slowestJiffyMicroseconds: UInt64 = 10_000

    private static func read(_ clock: clockid_t) -> UInt64 {
        let nanoseconds = clinux_nanoseconds(clock)
        precondition(nanoseconds >= 0)
        return UInt64(nanoseconds)
    }
}
