import Counters
import Testing

@testable import Sources

/// Steps over a card's sleep: a register that began anew in it looks like one that has turned.
@Suite struct SleepStepsTests {
    private let second: UInt64 = 1_000_000_000
    /// 100 W.
    private let bound: UInt64 = 100_000_000

    @Test func `what a card can have used while it was awake is taken`() {
        var steps = SleepSteps()
        #expect(take(&steps, .counter(5_000_000), 0) == .counter(5_000_000))
        #expect(take(&steps, .failure(.asleep), 2) == .failure(.asleep))
        #expect(take(&steps, .failure(.asleep), 900) == .failure(.asleep))
        // 2 s before it was found asleep, and 1 s after it was found so last.
        #expect(take(&steps, .counter(305_000_000), 901) == .counter(305_000_000))
    }

    @Test(arguments: [305_000_001, 262_144_000_000, 4_999_999] as [UInt64])
    func `what it cannot have used is unknown`(raw: UInt64) {
        var steps = SleepSteps()
        _ = take(&steps, .counter(5_000_000), 0)
        _ = take(&steps, .failure(.asleep), 2)
        _ = take(&steps, .failure(.asleep), 900)
        #expect(take(&steps, .counter(raw), 901) == .counter(raw, afterGap: true))
        #expect(take(&steps, .counter(raw + 1), 902) == .counter(raw + 1))
    }

    @Test func `steps of a card that was awake are nobody's business here`() {
        var steps = SleepSteps()
        _ = take(&steps, .counter(5), 0)
        #expect(take(&steps, .failure(.driverError), 1) == .failure(.driverError))
        #expect(take(&steps, .counter(262_144_000_000), 2) == .counter(262_144_000_000))
    }

    private func take(_ steps: inout SleepSteps, _ reading: Reading, _ seconds: UInt64) -> Reading {
        steps.take(reading, at: seconds * second, boundMicrowatts: bound)
    }
}
