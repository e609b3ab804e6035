import Counters
import TestSupport
import Testing

@testable import Accounts
@testable import Sampling
@testable import Sources

/// Sources, accounts, search and ledger together, over hours of a machine's time; see `MachineHistory`.
@Suite struct MachineHistoryTests {
    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func `what is counted over restarts, sleep, wraps and lost zones is the truth`(seed: UInt64) throws {
        try withPowercapTree(["0": "package-0", "1": "package-1"]) { tree in
            var random = SplitMix64(seed: seed)
            var history = try MachineHistory(in: tree, try HwmonTree(beside: tree.root), &random)
            let begin = history.moment.monotonicNanoseconds
            for step in 0..<3_000 {
                try history.proceed(&random)
                let accounts = history.sampling.accounts
                for index in 0...1 {
                    let total = Int(history.account(index).totalMicrojoules)
                    guard history.allowed(index).contains(total) else {
                        Issue.record(
                            "seed \(seed), step \(step): package_\(index) is \(total), not \(history.allowed(index))"
                        )
                        return
                    }
                }
                #expect(accounts[2].totalMicrojoules == history.countedBySensor, "step \(step)")
                let integrated = Int(accounts[3].totalMicrojoules) - Int(history.integrated)
                #expect(abs(integrated) <= 1 + Int(history.restarts), "step \(step)")
            }
            let accounts = [history.account(0), history.account(1)] + history.sampling.accounts.suffix(2)
            #expect(accounts.map(\.accountant.gaps) == history.gaps + [0, history.restarts])
            #expect(accounts.map(\.accountant.resets) == [0, history.resets, 0, 0])
            #expect(history.moment.monotonicNanoseconds - begin > 3_600_000_000_000, "an hour and more awake")
            #expect(history.restarts > 3 && history.renamings > 3 && history.resets > 3)
            #expect(accounts[0].accountant.wraps + accounts[1].accountant.wraps > 0)
        }
    }
}
