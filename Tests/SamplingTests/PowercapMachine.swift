import Counters
import Kernel
import Sources
import TestSupport

@testable import Accounts
@testable import Sampling

/// A tree and a sampling of it, with a pass each second.
struct PowercapMachine: ~Copyable {
    let tree: PowercapTree
    var sampling = Sampling(.none())
    var vendor = ProcessorVendor.intel
    private var seconds: UInt64 = 500
    private var counters: [String: UInt64] = [:]

    init(_ tree: PowercapTree) { self.tree = tree }

    mutating func open() throws { sampling = Sampling(.powercap(tree.root, vendor, time: .replay)) }

    mutating func open(_ store: borrowing Store) throws {
        try open(.powercap(tree.root, vendor, time: .replay), store)
    }

    mutating func open(_ sources: consuming Sources, _ store: borrowing Store) throws {
        sampling = Sampling(sources)
        _ = sampling.keep(
            in: Ledger(try store.handOver(), boot: BootIdentity(high: 1, low: 2), nowUnixMicroseconds: 0))
    }

    /// Moves counters by microjoules, and reads all.
    mutating func pass(_ moves: [String: UInt64]) throws {
        try move(moves)
        tick()
    }

    /// What a counter shows that others have moved.
    mutating func setCounter(_ entry: String, _ microjoules: UInt64) { counters[entry] = microjoules }

    mutating func move(_ moves: [String: UInt64]) throws {
        for (entry, move) in moves {
            counters[entry, default: 0] += move
            try tree.setCounter(entry, counters[entry] ?? 0)
        }
    }

    mutating func tick() {
        seconds += 1
        sampling.tick(at: moment)
    }

    /// Reads all between two ticks.
    mutating func refresh() { sampling.refresh(at: moment) }

    private var moment: Moment {
        Moment(monotonicNanoseconds: seconds * 1_000_000_000, boottimeNanoseconds: seconds * 1_000_000_000)
    }
}

func withPowercapMachine(
    _ zones: KeyValuePairs<String, String>, _ body: (PowercapTree, inout PowercapMachine) throws -> Void
) throws {
    try withPowercapTree(zones) { tree in
        var machine = PowercapMachine(tree)
        try body(tree, &machine)
    }
}
