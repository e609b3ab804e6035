import CLinux

/// System calls that a seccomp filter answered with SIGSYS, counted by a handler that makes them fail with EPERM.
public enum TrappedCalls {
    /// Calls have numbers below this; the last one stands for all that are higher.
    public static let numbers = 0..<CLINUX_TRAPPED_CALLS

    /// Installs the handler. A thread that blocks SIGSYS is not helped by it: there a trapped call ends the process.
    public static func startCounting() throws(SystemError) {
        _ = try attempt { Int(clinux_count_trapped_calls()) }.orThrow("sigaction")
    }

    public static func count(_ number: Int) -> UInt32 {
        precondition(numbers.contains(number))
        return clinux_trapped_calls(UInt32(number))
    }
}
