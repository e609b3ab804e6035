import Counters
import Kernel
import TestSupport
import Testing

@testable import Accounts
@testable import Sampling
@testable import Sources

@Suite struct SamplingTests {
    private static let laptop: KeyValuePairs = [
        "0": "package-0", "0:0": "core", "0:1": "uncore", "0:2": "dram", "1": "psys",
    ]

    @Test func `the first tick is where counting starts`() throws {
        try withSampler(Self.laptop) { tree, sampler in
            try tree.setCounter("intel-rapl:0", 5_000_000)
            sampler.tick()
            #expect(sampler.accounts.map(\.totalMicrojoules) == [0, 0, 0, 0, 0])
            #expect(sampler.accounts.map(\.powerMicrowatts) == [nil, nil, nil, nil, nil])
            #expect(sampler.intervalNanoseconds == nil)
            #expect(sampler.ticks == 1)
            #expect(sampler.generation == 1)
        }
    }

    @Test func `a tick moves totals and power, and measures its interval`() throws {
        try withSampler(Self.laptop) { tree, sampler in
            sampler.tick()
            let first = sampler.lastPassNanoseconds
            try tree.setCounter("intel-rapl:0", 3_000_000)
            try tree.setCounter("intel-rapl:0:2", 1_000_000)
            sampler.tick()
            #expect(sampler.accounts.map(\.domain.tag) == ["package_0", "core_0", "uncore_0", "dram_0", "psys_0"])
            #expect(sampler.accounts.map(\.totalMicrojoules) == [3_000_000, 0, 0, 1_000_000, 0])
            #expect(sampler.accounts[0].powerMicrowatts ?? 0 > 0)
            #expect(sampler.accounts[1].powerMicrowatts == 0)
            #expect(sampler.intervalNanoseconds == sampler.lastPassNanoseconds - first)
            #expect(sampler.ticks == 2)
        }
    }

    @Test func `a refresh moves totals and nothing else`() throws {
        try withSampler(Self.laptop) { tree, sampler in
            sampler.tick()
            try tree.setCounter("intel-rapl:0", 1_000_000)
            sampler.tick()
            let (power, interval, generation) = (
                sampler.accounts[0].powerMicrowatts, sampler.intervalNanoseconds, sampler.generation
            )
            try tree.setCounter("intel-rapl:0", 4_000_000)
            sampler.refresh()
            #expect(sampler.accounts[0].totalMicrojoules == 4_000_000)
            #expect(sampler.accounts[0].powerMicrowatts == power)
            #expect(sampler.intervalNanoseconds == interval)
            #expect(sampler.ticks == 2)
            #expect(sampler.generation == generation + 1)
        }
    }

    @Test func `every pass makes a new generation and takes its time`() throws {
        try withSampler(["0": "package-0"]) { _, sampler in
            #expect(sampler.generation == 0)
            #expect(sampler.lastPassNanoseconds == 0)
            for pass in 1...6 as ClosedRange<UInt64> {
                let before = Clock.monotonicNanoseconds()
                if pass % 2 == 0 { sampler.tick() } else { sampler.refresh() }
                #expect(sampler.generation == pass)
                #expect(sampler.lastPassNanoseconds >= before)
                #expect(sampler.lastPassNanoseconds <= Clock.monotonicNanoseconds())
            }
        }
    }

    @Test func `a counter that wraps goes on`() throws {
        try withSampler(["0": "package-0"]) { tree, sampler in
            try tree.setCounter("intel-rapl:0", 262_143_328_850)
            sampler.tick()
            try tree.setCounter("intel-rapl:0", 39)
            sampler.tick()
            #expect(sampler.accounts[0].totalMicrojoules == 100)
            #expect(sampler.accounts[0].accountant.wraps == 1)
        }
    }

    @Test func `a zone that fails is counted and does not stop the others`() throws {
        try withSampler(["0": "package-0", "1": "package-1"]) { tree, sampler in
            sampler.tick()
            try tree.setCounter("intel-rapl:1", 10)
            for (content, tick) in [("", 1), ("garbage\n", 2), ("999999999999999\n", 3)] as [(String, UInt64)] {
                try tree.set("energy_uj", of: "intel-rapl:0", to: content)
                try tree.setCounter("intel-rapl:1", tick * 10)
                sampler.tick()
                #expect(sampler.accounts[0].powerMicrowatts == nil)
                #expect(sampler.accounts[1].totalMicrojoules == tick * 10)
            }
            #expect(sampler.accounts[0].failureCount(.empty) == 1)
            #expect(sampler.accounts[0].failureCount(.garbage) == 2)
            try tree.setCounter("intel-rapl:0", 70)
            sampler.tick()
            #expect(sampler.accounts[0].failure == nil)
            #expect(sampler.accounts[0].totalMicrojoules == 70)
            #expect(sampler.accounts[0].powerMicrowatts != nil)
        }
    }

    @Test func `a zone whose driver fails is counted as that`() throws {
        try withPowercapTree(["0": "package-0", "1": "package-1"]) { tree in
            try tree.breakCounter("intel-rapl:0")
            var sampler = sampler(of: tree)
            sampler.tick()
            sampler.refresh()
            #expect(sampler.accounts[0].failureCount(.driverError) == 2)
            #expect(sampler.accounts[1].failure == nil)
        }
    }

    /// A driver that shows nonsense within an absurd range once ended the process: totals beyond 2^64 microjoules trapped.
    @Test func `totals beyond 64 bits go on from 0`() throws {
        try withPowercapTree(["0": "package-0", "1": "package-1"]) { tree in
            // The highest limit that is believed lets so much be plausible in 12,000 s; see `PlausiblePower`.
            let range = UInt64.max / 2 - 1
            let step: UInt64 = 23_000_000_000_000_000
            for entry in ["intel-rapl:0", "intel-rapl:1"] {
                try tree.set("max_energy_range_uj", of: entry, to: "\(range)\n")
                try tree.setLimit(0, of: entry, name: "long_term", microwatts: 999_999_999_999)
            }
            // The other one is ahead, so that it is no mirror of the first.
            let ahead: UInt64 = 1_000_000
            try tree.setCounter("intel-rapl:1", ahead)
            var sampler = Sampling(.powercap(tree.root, time: .replay))
            sampler.tick(at: Moment(monotonicNanoseconds: 0, boottimeNanoseconds: 0))
            let modulus = range + (1 << 31)
            var counter: UInt64 = 0
            for tick in 1...820 as ClosedRange<UInt64> {
                counter = (counter + step) % modulus
                try tree.setCounter("intel-rapl:0", counter)
                try tree.setCounter("intel-rapl:1", (counter + ahead) % modulus)
                let now = tick * 12_000_000_000_000
                sampler.tick(at: Moment(monotonicNanoseconds: now, boottimeNanoseconds: now))
            }
            #expect(sampler.accounts[0].accountant.wraps == 2)
            #expect(sampler.accounts[0].accountant.resets == 0)
            #expect(sampler.accounts[0].totalMicrojoules == 820 &* step)
            #expect(sampler.hostMicrojoules == 1640 &* step)
            #expect(sampler.accounts[0].powerMicrowatts ?? 0 > 0)
        }
    }

    @Test func `with a platform counter the machine is the platform`() throws {
        try withSampler(Self.laptop) { tree, sampler in
            sampler.tick()
            for (entry, energy) in [("0", 30), ("0:0", 20), ("0:1", 5), ("0:2", 7), ("1", 50)] as [(String, UInt64)] {
                try tree.setCounter("intel-rapl:\(entry)", energy)
            }
            sampler.refresh()
            #expect(sampler.hostBasis == .psys)
            #expect(sampler.hostMicrojoules == 50)
        }
    }

    @Test func `without one the machine is its packages and memories, without their parts`() throws {
        let zones: KeyValuePairs = [
            "0": "package-0", "0:0": "core", "0:1": "dram", "1": "package-1", "1:0": "core", "1:1": "dram",
        ]
        try withSampler(zones) { tree, sampler in
            sampler.tick()
            for (entry, energy) in [
                ("0", 100), ("0:0", 60), ("0:1", 10), ("1", 200), ("1:0", 90), ("1:1", 20),
            ] as [(String, UInt64)] {
                try tree.setCounter("intel-rapl:\(entry)", energy)
            }
            sampler.refresh()
            #expect(sampler.hostBasis == .packagesAndDram)
            #expect(sampler.hostMicrojoules == 330)
        }
    }

    @Test func `every die of a package counts for the machine`() throws {
        try withSampler(["0": "package-0-die-0", "1": "package-0-die-1"]) { tree, sampler in
            try tree.setCounter("intel-rapl:1", 500)
            sampler.tick()
            try tree.setCounter("intel-rapl:0", 1)
            try tree.setCounter("intel-rapl:1", 502)
            sampler.tick()
            #expect(sampler.hostMicrojoules == 3)
        }
    }

    @Test func `a single core is not the machine`() throws {
        try withPowercapTree(["0": "package-0", "0:0": "core"]) { tree in
            try tree.set("max_energy_range_uj", of: "intel-rapl:0", to: "broken")
            let sampler = Sampling(.powercap(tree.root, .amd))
            #expect(sampler.accounts.map(\.domain.kind) == [.leadCore])
            #expect(sampler.hostBasis == nil)
            #expect(sampler.hostMicrojoules == 0)
        }
    }

    /// Ticks without a source were once counted as ticks that read all counters.
    @Test func `without a source there is nothing to read, and no tick reads all counters`() {
        var sampler = Sampling(.none())
        sampler.tick()
        sampler.tick()
        sampler.refresh()
        #expect(sampler.accounts.isEmpty == true)
        #expect(sampler.hostBasis == nil)
        #expect(sampler.hostMicrojoules == 0)
        #expect(sampler.ticks == 0)
        #expect(sampler.generation == 3)
        #expect(sampler.isReady == true, "nothing is missing")
    }

    /// What the model used between the two readings lies between what it used in the shortest and the longest time that can
    /// have passed between them.
    @Test func `the simulated machine uses what its model says`() {
        let models = SimulatedSource.models
        let start = Clock.monotonicNanoseconds() - 3_000_000_000
        func truths() -> [UInt64] {
            let elapsed = (Clock.monotonicNanoseconds() - start) / 1000
            return models.map { $0.microjoules(afterMicroseconds: elapsed) }
        }
        var sampler = Sampling(.simulated(startNanoseconds: start))
        let beforeFirst = truths()
        sampler.tick()
        let afterFirst = truths()
        while Clock.monotonicNanoseconds() < sampler.lastPassNanoseconds + 2_000_000 {}
        let beforeSecond = truths()
        sampler.tick()
        let afterSecond = truths()
        #expect(sampler.hostBasis == .psys)
        for (index, account) in sampler.accounts.enumerated() {
            #expect(account.domain == models[index].domain)
            #expect(account.totalMicrojoules >= beforeSecond[index] - afterFirst[index])
            #expect(account.totalMicrojoules <= afterSecond[index] - beforeFirst[index])
            // Where a busy machine made a reading take a tenth of the interval, there is no power.
            if let power = account.powerMicrowatts { #expect(power > 0) }
        }
    }

    /// Lends a sampler of zones, and the tree to move their counters in.
    private func withSampler(
        _ zones: KeyValuePairs<String, String>, _ body: (PowercapTree, inout Sampling) throws -> Void
    ) throws {
        try withPowercapTree(zones) { tree in
            var sampler = sampler(of: tree)
            try body(tree, &sampler)
        }
    }

    private func sampler(of tree: PowercapTree) -> Sampling { Sampling(.powercap(tree.root)) }
}
