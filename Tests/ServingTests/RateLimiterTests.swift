import TestSupport
import Testing

@testable import Serving

@Suite struct RateLimiterTests {
    private static let second: UInt64 = 1_000_000_000
    /// A machine that has been up for a while.
    private static let start: UInt64 = 1_000_000 * second

    /// Milliseconds after the start, and what golang.org/x/time/rate answers then.
    @Test(
        arguments: [
            (
                1000, 1,
                [
                    (0, true), (0, false), (999, false), (1000, true), (1001, false), (2500, true), (3499, false),
                    (3500, true),
                ]
            ),
            (
                1000, 3,
                [(0, true), (0, true), (0, true), (0, false), (1000, true), (1000, false), (2999, true), (3000, true)]
            ),
            // A pause fills the bucket, and no more than that.
            (
                100, 2,
                [(0, true), (0, true), (0, false), (10_000, true), (10_000, true), (10_000, false), (10_100, true)]
            ),
            // Asking in vain costs nothing.
            (1000, 1, [(0, true), (500, false), (600, false), (700, false), (1000, true)]),
            (1000, 0, [(0, false), (5000, false)]),
            (1000, -1, [(0, false), (5000, false)]),
            (0, 0, [(0, true), (0, true)]),
            (0, 5, [(0, true), (0, true), (0, true), (0, true), (0, true), (0, true), (0, true)]),
        ] as [(UInt64, Int, [(UInt64, Bool)])])
    func `a token comes with each interval`(intervalMilliseconds: UInt64, burst: Int, answers: [(UInt64, Bool)]) {
        var limiter = RateLimiter(intervalNanoseconds: intervalMilliseconds * 1_000_000, burst: burst)
        for (index, (milliseconds, isAllowed)) in answers.enumerated() {
            let allows = limiter.allows(at: Self.start + milliseconds * 1_000_000)
            #expect(allows == isAllowed, "answer \(index), at \(milliseconds) ms")
        }
    }

    @Test func `whatever the times, it gives what a bucket of whole nanoseconds gives`() {
        var random = SplitMix64(seed: 7)
        for _ in 0..<200 {
            let interval = UInt64.random(in: 1...1000, using: &random)
            let burst = UInt64.random(in: 1...10, using: &random)
            var limiter = RateLimiter(intervalNanoseconds: interval, burst: Int(burst))
            var filled = burst * interval
            var (now, last) = (Self.start, Self.start)
            for _ in 0..<200 {
                now += UInt64.random(in: 0...(2 * interval), using: &random)
                filled = min(filled + now - last, burst * interval)
                last = now
                let expected = filled >= interval
                if expected { filled -= interval }
                let allows = limiter.allows(at: now)
                #expect(allows == expected)
            }
        }
    }

    @Test(arguments: [(UInt64.max, 1), (.max, .max), (1, .max), (.max / 2, 3), (.max, 2)])
    func `numbers without measure do not trap`(interval: UInt64, burst: Int) {
        var limiter = RateLimiter(intervalNanoseconds: interval, burst: burst)
        for now in [0, 1, Self.start, UInt64.max, UInt64.max] {
            let first = limiter.allows(at: now)
            if now == 0 { #expect(first, "the bucket is full at first") }
        }
    }

    @Test func `an interval without end lets the burst through and nothing more`() {
        var limiter = RateLimiter(intervalNanoseconds: .max / 4, burst: 2)
        let answers = (0..<4).map { limiter.allows(at: Self.start + $0) }
        #expect(answers == [true, true, false, false])
    }

    /// The monotonic clock does not do so; a limiter must not either lock itself or open up if it ever did.
    @Test func `a clock that goes back gives no token, and takes none`() {
        var limiter = RateLimiter(intervalNanoseconds: Self.second, burst: 1)
        let answers = [Self.start, Self.start - Self.second / 2, Self.start + Self.second].map {
            limiter.allows(at: $0)
        }
        #expect(answers == [true, false, true])
    }

    /// The interval, the requests at the start, milliseconds later, and the seconds until a token is there.
    @Test(
        arguments: [
            (1_800_000, 1, 0, 1800), (1_800_000, 1, 500, 1800), (1_800_000, 1, 1_000, 1799), (1_800_000, 2, 0, 1800),
            (100, 1, 0, 1), (1_800_000, 0, 0, 1), (1_800_000, 1, 1_800_000, 1),
        ] as [(UInt64, Int, UInt64, UInt64)])
    func `it tells when to ask again`(interval: UInt64, requests: Int, later: UInt64, seconds: UInt64) {
        let start = RateLimiterTests.start
        var limiter = RateLimiter(intervalNanoseconds: interval * 1_000_000, burst: max(1, requests))
        for _ in 0..<requests { _ = limiter.allows(at: start) }
        #expect(limiter.waitSeconds(at: start + later * 1_000_000) == seconds)
    }
}
