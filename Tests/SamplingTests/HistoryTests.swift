import Counters
import TestSupport
import Testing

@testable import Accounts
@testable import Sampling
@testable import Sources

/// Accounts against random histories of counters whose truth is known; see `History` for what must hold.
@Suite struct HistoryTests {
    private static let historiesPerSeed = 500

    /// 24 seeds of 500 histories: 12,000. A failure names its seed and history, and repeats.
    @Test(arguments: 1...24 as ClosedRange<UInt64>)
    func `what is counted is the truth where it can be known, and never more`(seed: UInt64) {
        var tally = History.Tally()
        for number in 0..<HistoryTests.historiesPerSeed {
            var random = SplitMix64(seed: seed << 32 | UInt64(number))
            var history = History(&random)
            for _ in 0..<Int.random(in: 5...40, using: &random) { history.proceed(&random) }
            tally.add(history.tally)
            if let fault = history.fault {
                Issue.record("seed \(seed), history \(number), \(fault)")
                return
            }
        }
        expectEverything(in: tally, seed)
    }

    /// Histories in which nothing happens would prove nothing.
    private func expectEverything(in tally: History.Tally, _ seed: UInt64) {
        let comment: Comment = "seed \(seed): \(tally)"
        #expect(tally.known > tally.readings / 2, comment)
        #expect(tally.wraps > 200, comment)
        #expect(tally.gaps > 200, comment)
        #expect(tally.restarts > 100, comment)
        for reason in ResetReason.allCases { #expect(tally.resets[reason, default: 0] > 20, comment) }
        for reason in ReadFailure.allCases where ![.asleep, .slow, .stale].contains(reason) {
            #expect(tally.failures[reason, default: 0] > 50, comment)
        }
        #expect(tally.corrections < tally.readings / 50, comment)
        #expect(tally.namesLeftOpen > 0, comment)
        #expect(tally.namesLeftOpen < tally.readings / 20, comment)
    }
}
