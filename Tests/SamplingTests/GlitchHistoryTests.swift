import TestSupport
import Testing

@testable import Sampling

/// Accounts and ledger against random histories of counters that glitch; see `GlitchHistory` for what must hold.
@Suite struct GlitchHistoryTests {
    private static let historiesPerSeed = 500

    /// 24 seeds of 500 histories: 12,000. A failure names its seed and history, and repeats.
    @Test(arguments: 1...24 as ClosedRange<UInt64>)
    func `through glitches of any height and length nothing is lost and nothing invented`(seed: UInt64) throws {
        var found = GlitchHistory.Tally()
        var faults = 0
        for number in 0..<GlitchHistoryTests.historiesPerSeed {
            var random = SplitMix64(seed: seed << 32 | UInt64(number))
            var history = try GlitchHistory(&random)
            for _ in 0..<Int.random(in: 10...60, using: &random) { try history.proceed(&random) }
            history.conclude(&random)
            found = history.tally
            if let fault = history.fault {
                faults += 1
                if faults < 4 { Issue.record("seed \(seed), history \(number): \(fault)") }
            }
        }
        print("seed \(seed): \(faults) faults, \(found)")
    }
}
