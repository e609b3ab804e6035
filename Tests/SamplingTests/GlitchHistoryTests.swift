import TestSupport
import Testing

@testable import Sampling

/// Accounts and ledger against random histories of counters that glitch; see `GlitchHistory` for what must hold.
@Suite struct GlitchHistoryTests {
    private static let historiesPerSeed = 500

    /// 24 seeds of 500 histories: 12,000. A failure names its seed and history, and repeats.
    @Test(arguments: 1...24 as ClosedRange<UInt64>)
    func `through glitches of any height and length nothing is lost and nothing invented`(seed: UInt64) throws {
        var tally = GlitchHistory.Tally()
        for number in 0..<GlitchHistoryTests.historiesPerSeed {
            var random = SplitMix64(seed: seed << 32 | UInt64(number))
            var history = try GlitchHistory(&random)
            for _ in 0..<Int.random(in: 10...60, using: &random) { try history.proceed(&random) }
            history.conclude(&random)
            tally.add(history.tally)
            if let fault = history.fault {
                Issue.record("seed \(seed), history \(number), \(fault)")
                return
            }
        }
        expectEverything(in: tally, seed)
    }

    /// Histories in which nothing happens would prove nothing.
    private func expectEverything(in tally: GlitchHistory.Tally, _ seed: UInt64) {
        let comment: Comment = "seed \(seed): \(tally)"
        #expect(tally.glitches > 400, comment)
        #expect(tally.resets > 100, comment)
        #expect(tally.readingsInDoubt > 3_000, comment)
        #expect(tally.readingsInDebt > 100, comment)
        #expect(tally.killsInDoubt > 50, comment)
        #expect(tally.killsInDebt > 0, comment)
        #expect(tally.returns > 200, comment)
        #expect(tally.failures > 1_000, comment)
        #expect(tally.lateStarts > 50, comment)
        #expect(tally.hidden < GlitchHistoryTests.historiesPerSeed / 2, comment)
    }
}
