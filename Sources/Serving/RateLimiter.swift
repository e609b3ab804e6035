/// Lets so many requests through at once, and then one for each interval: a bucket of tokens, full at first, as
/// golang.org/x/time/rate has it.
///
/// The bucket is kept as the moment at which it is full again, so that time needs no fractions of tokens.
struct RateLimiter {
    private let intervalNanoseconds: UInt64
    /// There is a token as long as the bucket would be full again within this time; nil if there never is one.
    private let toleranceNanoseconds: UInt64?
    private var fullNanoseconds: UInt64 = 0

    /// One token for each interval, at most `burst` of them. Without an interval everything is allowed, otherwise without
    /// a burst nothing is.
    init(intervalNanoseconds: UInt64, burst: Int) {
        self.intervalNanoseconds = intervalNanoseconds
        if burst > 0 {
            let (product, overflow) = intervalNanoseconds.multipliedReportingOverflow(by: UInt64(burst - 1))
            toleranceNanoseconds = overflow ? .max : product
        } else {
            toleranceNanoseconds = intervalNanoseconds == 0 ? 0 : nil
        }
    }

    /// How long until there is a token, rounded up; at least a second, since a client that is told to wait should not ask more often than that.
    func waitSeconds(at now: UInt64) -> UInt64 {
        guard let toleranceNanoseconds, fullNanoseconds > now else { return 1 }
        let missing = fullNanoseconds - now
        guard missing > toleranceNanoseconds else { return 1 }
        return max(1, (missing - toleranceNanoseconds - 1) / 1_000_000_000 + 1)
    }

    /// Takes a token if there is one, at a time on the monotonic clock.
    mutating func allows(at now: UInt64) -> Bool {
        guard let toleranceNanoseconds else { return false }
        let full = max(fullNanoseconds, now)
        guard full - now <= toleranceNanoseconds else { return false }
        let (later, overflow) = full.addingReportingOverflow(intervalNanoseconds)
        fullNanoseconds = overflow ? .max : later
        return true
    }
}
