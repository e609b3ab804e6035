import Counters
import TestSupport
import Testing

@testable import Accounts
@testable import Sampling
@testable import Sources

/// Two equal cards over restarts: each goes on under its own name with its own total, whoever comes first.
@Suite struct HwmonRestartTests {
    private let near = "pci0000:00/0000:03:00.0"
    private let far = "pci0000:00/0000:83:00.0"

    /// Two equal cards once went on with each other's totals when drivers were loaded in another order.
    @Test func `cards that have exchanged their numbers go on under their own names`() throws {
        try withHwmonTree { tree in
            let store = try Store()
            let first = try run(tree, store, [(2, near, 5_000), (3, far, 8_000)])
            #expect(first == ["psu_pkg": 0, "psu_pkg_2": 0])
            let second = try run(tree, store, [(3, near, 5_020), (2, far, 8_007)])
            #expect(second == ["psu_pkg": 20, "psu_pkg_2": 7])
        }
    }

    /// By the devices' paths alone, the card that was there first would lose its name to the one that came later.
    @Test func `a card that was plugged in before another keeps its name, and what is gone keeps its own`() throws {
        try withHwmonTree { tree in
            let store = try Store()
            #expect(try run(tree, store, [(2, far, 8_000)]) == ["psu_pkg": 0])
            let both = try run(tree, store, [(2, near, 5_000), (3, far, 8_007)])
            #expect(both == ["psu_pkg": 7, "psu_pkg_2": 0])
            #expect(try run(tree, store, [(4, near, 5_005)]) == ["psu_pkg_2": 5])
            let third = "pci0000:00/0000:01:00.0"
            let next = try run(tree, store, [(5, third, 1_000), (6, near, 5_006)])
            #expect(next == ["psu_pkg_3": 0, "psu_pkg_2": 6], "the first card may come back")
            #expect(try run(tree, store, [(7, far, 8_009)]) == ["psu_pkg": 9])
        }
    }

    @Test func `a name that the ledger has no room for goes by the device's path`() throws {
        try withHwmonTree { tree in
            let store = try Store()
            let deep = (0..<8).map { "pci0000:00/0000:0\($0):00.0/0000:0\($0):01.0" }.joined(separator: "/")
            #expect(try run(tree, store, [(2, deep, 1_000)]) == ["psu_pkg": 0])
            #expect(try run(tree, store, [(3, deep, 1_030)]) == ["psu_pkg": 30])
        }
    }

    /// One run of the program with these cards, each with its number, its device and what its counter shows.
    private func run(
        _ tree: HwmonTree, _ store: borrowing Store, _ cards: [(number: Int, device: String, microjoules: UInt64)]
    ) throws -> [String: UInt64] {
        for card in cards {
            try tree.add(
                card.number, "psu", of: card.device,
                ["energy1_input": "\(card.microjoules)\n", "energy1_label": "pkg\n"])
        }
        var sampler = Sampling(.hwmon(tree.root))
        let boot = BootIdentity(high: 1, low: 2)
        _ = sampler.keep(in: Ledger(try store.handOver(), boot: boot, nowUnixMicroseconds: 0))
        sampler.tick()
        for card in cards { try tree.removeChip(card.number) }
        return Dictionary(uniqueKeysWithValues: sampler.accounts.map { ($0.domain.tag, $0.totalMicrojoules) })
    }
}
