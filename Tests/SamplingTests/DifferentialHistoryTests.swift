import Counters
import TestSupport
import Testing

@testable import Accounts
@testable import Sampling

/// However often a watch is cut, it counts the same to the microjoule, or says why not; see `DifferentialHistory`.
@Suite struct DifferentialHistoryTests {
    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func `a watch that is cut counts what one that goes on counts, or says what it missed`(seed: UInt64) throws {
        try withPowercapTree(["0": "package-0"]) { tree in
            var random = SplitMix64(seed: seed)
            var history = try DifferentialHistory(in: tree, &random)
            var happened: [DifferentialHistory.Event: Int] = [:]
            var before = history.counts
            var sinceThen: [DifferentialHistory.Event] = []
            var comparisons = 0
            for step in 0..<400 {
                let event = try history.proceed(&random)
                happened[event, default: 0] += 1
                sinceThen.append(event)
                let now = history.counts
                guard now.whole.isSettled, now.cut.isSettled else { continue }
                let difference = Int(now.whole.total) - Int(now.cut.total)
                let isSame = difference == Int(before.whole.total) - Int(before.cut.total)
                let isSaid = now.cut.excuses > before.cut.excuses || now.whole.excuses > before.whole.excuses
                guard difference >= 0, isSaid ? sinceThen.contains(where: { !$0.isHarmless }) : isSame else {
                    Issue.record("seed \(seed), step \(step), \(sinceThen): \(before) became \(now)")
                    return
                }
                (before, sinceThen) = (now, [])
                comparisons += 1
            }
            #expect(comparisons > 300)
            for event in DifferentialHistory.Event.allCases { #expect(happened[event, default: 0] > 0, "\(event)") }
            #expect(history.wraps > 5)
        }
    }
}
