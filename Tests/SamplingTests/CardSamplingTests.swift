import Counters
import TestSupport
import Testing

@testable import Accounts
@testable import Sampling
@testable import Sources

/// Graphics cards with their accounts: counted as parts of the machine, over sleep, turns and restarts.
@Suite struct CardSamplingTests {
    private let near = "0000:03:00.0"
    private let far = "0000:83:00.0"

    @Test func `cards are a part of the machine`() throws {
        try withHwmonTree { tree in
            try tree.addCard(1, "xe", at: near, ["energy1_input": "5\n"])
            try tree.addCard(2, "i915", at: far, ["energy1_input": "50\n"])
            var sampler = Sampling(.hwmon(tree.root))
            sampler.tick(at: moment(0))
            try tree.set("hwmon1/energy1_input", to: "1005\n")
            try tree.set("hwmon2/energy1_input", to: "2050\n")
            sampler.tick(at: moment(1))
            #expect(sampler.accounts.map(\.domain.tag) == ["xe_0", "i915_0"])
            #expect(sampler.hostBasis == .gpus)
            #expect(sampler.hostMicrojoules == 3_000)
        }
    }

    @Test func `a card that falls asleep keeps its total, has no power, and goes on`() throws {
        try withHwmonTree { tree in
            try tree.addCard(1, "xe", at: near, ["energy1_input": "5\n"])
            var sampler = Sampling(.hwmon(tree.root))
            // The first move of a counter is of a time that began nobody knows when.
            for (second, microjoules) in [(0, 5), (1, 505), (2, 1_005)] as [(UInt64, Int)] {
                try tree.set("hwmon1/energy1_input", to: "\(microjoules)\n")
                sampler.tick(at: moment(second))
            }
            #expect(sampler.accounts[0].powerMicrowatts == 500)
            try tree.setStatus(1, "suspended")
            sampler.tick(at: moment(3))
            #expect(sampler.accounts[0].powerMicrowatts == nil)
            #expect(sampler.accounts[0].totalMicrojoules == 1_000)
            #expect(sampler.accounts[0].failure == .asleep)
            #expect(sampler.hostMicrojoules == 1_000)
            try tree.setStatus(1, "active")
            try tree.set("hwmon1/energy1_input", to: "1205\n")
            sampler.tick(at: moment(4))
            #expect(sampler.accounts[0].totalMicrojoules == 1_200)
            #expect(sampler.accounts[0].accountant.resets == 0)
        }
    }

    @Test(arguments: [false, true])
    func `a card that is left alone to fall asleep is read on later, unless somebody insists`(isInsistent: Bool) throws
    {
        try withHwmonTree { tree in
            let device = ["power/autosuspend_delay_ms": "5000\n"]
            try tree.addCard(1, "xe", at: near, device: device, ["energy1_input": "5\n"])
            var sampler = Sampling(.hwmon(tree.root))
            sampler.isInsistent = isInsistent
            for second in 0...30 as ClosedRange<UInt64> { sampler.tick(at: moment(second)) }
            try tree.set("hwmon1/energy1_input", to: "1005\n")
            for second in 31...37 as ClosedRange<UInt64> { sampler.tick(at: moment(second)) }
            #expect(sampler.accounts[0].totalMicrojoules == (isInsistent ? 1_000 : 0))
            sampler.tick(at: moment(38))
            #expect(sampler.accounts[0].totalMicrojoules == 1_000)
            #expect(sampler.accounts[0].accountant.gaps == 0)
        }
    }

    /// The driver takes a register that has begun anew for one that has turned.
    @Test func `what a card cannot have used while it slept is not counted`() throws {
        try withHwmonTree { tree in
            try tree.addCard(1, "xe", at: near, ["energy1_input": "5\n", "power1_max": "200000000\n"])
            var sampler = Sampling(.hwmon(tree.root))
            sampler.tick(at: moment(0))
            try tree.setStatus(1, "suspended")
            for second in 1...1000 as ClosedRange<UInt64> { sampler.tick(at: moment(second)) }
            try tree.setStatus(1, "active")
            try tree.set("hwmon1/energy1_input", to: "262143000000\n")
            sampler.tick(at: moment(1001))
            #expect(sampler.accounts[0].totalMicrojoules == 0)
            #expect(sampler.accounts[0].accountant.gaps == 1)
            #expect(sampler.accounts[0].powerMicrowatts == nil)
            try tree.set("hwmon1/energy1_input", to: "262153000000\n")
            sampler.tick(at: moment(1002))
            #expect(sampler.accounts[0].totalMicrojoules == 10_000_000)
            #expect(sampler.accounts[0].accountant.resets == 0)
        }
    }

    @Test func `an accumulator of 32 bits turns, and no joule is lost`() throws {
        try withHwmonTree { tree in
            try tree.addCard(1, "amdgpu", at: near, ["power1_average": "15000000\n"])
            try tree.setMetrics(1, gpuMetrics(content: 3, size: 120, energy: (1 << 32) - 65_536))
            var sampler = Sampling(.hwmon(tree.root))
            sampler.tick(at: moment(0))
            try tree.setMetrics(1, gpuMetrics(content: 3, size: 120, energy: 65_536))
            sampler.tick(at: moment(1))
            #expect(sampler.accounts[0].totalMicrojoules == 2_000_000)
            #expect(sampler.accounts[0].accountant.wraps == 1)
        }
    }

    @Test func `cards that have exchanged their numbers go on under their own names`() throws {
        try withHwmonTree { tree in
            let store = try Store()
            let first = try run(tree, store, [(2, near, 5_000), (3, far, 8_000)])
            #expect(first == ["xe_0": 0, "xe_1": 0])
            let second = try run(tree, store, [(3, near, 5_020), (2, far, 8_007)])
            #expect(second == ["xe_0": 20, "xe_1": 7])
            // One that was there alone keeps its number when another comes before it.
            let alone = try run(tree, store, [(4, far, 8_010)])
            #expect(alone == ["xe_1": 10])
        }
    }

    private func moment(_ seconds: UInt64) -> Moment {
        let now = (seconds + 10) * 1_000_000_000
        return Moment(monotonicNanoseconds: now, boottimeNanoseconds: now)
    }

    /// One run of the program with these cards, each with its number, its place and what its counter shows.
    private func run(
        _ tree: HwmonTree, _ store: borrowing Store, _ cards: [(number: Int, address: String, microjoules: UInt64)]
    ) throws -> [String: UInt64] {
        for card in cards {
            try tree.addCard(card.number, "xe", at: card.address, ["energy1_input": "\(card.microjoules)\n"])
        }
        var sampler = Sampling(.hwmon(tree.root))
        _ = sampler.keep(
            in: Ledger(try store.handOver(), boot: BootIdentity(high: 1, low: 2), nowUnixMicroseconds: 0))
        sampler.tick(at: moment(0))
        for card in cards { try tree.removeChip(card.number) }
        let accounts = sampler.accounts
        return Dictionary(uniqueKeysWithValues: accounts.map { ($0.domain.tag, $0.totalMicrojoules) })
    }
}
