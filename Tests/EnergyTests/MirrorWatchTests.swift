import Kernel
import TestSupport
import Testing

@testable import Energy

@Suite struct MirrorWatchTests {
    private static let dies = [
        Domain(kind: .package, socket: 0, die: 0), Domain(kind: .package, socket: 0, die: 1),
    ]

    @Test func `dies of one socket are suspects of its first die, and nothing else is`() {
        let domains = [
            Domain(kind: .package, socket: 0, die: 0), Domain(kind: .dram, socket: 0, die: 0),
            Domain(kind: .package, socket: 0, die: 1), Domain(kind: .package, socket: 1, die: 0),
            Domain(kind: .package, socket: 0, die: 2), Domain(kind: .package, socket: 2),
            Domain(kind: .psys, socket: 0), Domain(kind: .package, socket: 1, die: 1),
        ]
        let pairs = MirrorWatch(domains).pairs
        #expect(pairs.map(\.leader) == [0, 0, 3])
        #expect(pairs.map(\.follower) == [2, 4, 7])
        #expect(pairs.allSatisfy { !$0.isMirror })
    }

    @Test func `packages of one die are never compared`() {
        let watch = MirrorWatch([Domain(kind: .package, socket: 0), Domain(kind: .package, socket: 1)])
        #expect(watch.pairs.isEmpty)
        #expect(!watch.isDue(tick: 0))
    }

    @Test func `comparisons are made at the first ticks and then from time to time`() {
        let watch = MirrorWatch(Self.dies)
        #expect((0...200).filter { watch.isDue(tick: $0) } == [0, 1, 2, 64, 128, 192])
    }

    @Test func `the first comparison decides at once`() {
        var watch = MirrorWatch(Self.dies)
        #expect(compare(&watch, 100, 101, 102) == true)
        #expect(watch.pairs[0].isMirror)
    }

    @Test(arguments: [(100, 100, 100), (100, 100, 102), (100, 102, 102), (0, 0, 0)] as [(UInt64, UInt64, UInt64)])
    func `a value between the leader's two, or like one of them, agrees`(
        before: UInt64, follower: UInt64, after: UInt64
    ) {
        var watch = MirrorWatch(Self.dies)
        #expect(compare(&watch, before, follower, after) == true)
    }

    @Test(arguments: [(100, 99, 102), (100, 103, 102), (100, 0, 100)] as [(UInt64, UInt64, UInt64)])
    func `a value outside of them does not`(before: UInt64, follower: UInt64, after: UInt64) {
        var watch = MirrorWatch(Self.dies)
        #expect(compare(&watch, before, follower, after) == nil)
        #expect(!watch.pairs[0].isMirror)
    }

    @Test func `what was believed first is undone by the third contradiction in a row`() {
        var watch = MirrorWatch(Self.dies)
        #expect(compare(&watch, 100, 100, 100) == true)
        #expect(compare(&watch, 200, 150, 200) == nil)
        #expect(compare(&watch, 300, 170, 300) == nil)
        #expect(compare(&watch, 400, 190, 400) == false)
        #expect(!watch.pairs[0].isMirror)
    }

    @Test func `an agreement in between begins the count of contradictions anew`() {
        var watch = MirrorWatch(Self.dies)
        _ = compare(&watch, 100, 100, 100)
        for round in 1...5 as ClosedRange<UInt64> {
            #expect(compare(&watch, round * 1000, 1, round * 1000) == nil)
            #expect(compare(&watch, round * 1000 + 100, 1, round * 1000 + 100) == nil)
            #expect(compare(&watch, round * 1000 + 200, round * 1000 + 200, round * 1000 + 200) == nil)
        }
        #expect(watch.pairs[0].isMirror)
    }

    @Test func `a mirror that was not seen first is found by the third agreement in a row`() {
        var watch = MirrorWatch(Self.dies)
        #expect(compare(&watch, 100, 50, 100) == nil)
        #expect(compare(&watch, 200, 200, 201) == nil)
        #expect(compare(&watch, 300, 301, 302) == nil)
        #expect(compare(&watch, 400, 400, 400) == true)
    }

    @Test func `counters that stand still say nothing in favour of being one`() {
        var watch = MirrorWatch(Self.dies)
        #expect(compare(&watch, 100, 50, 100) == nil)
        for _ in 0..<20 { #expect(compare(&watch, 100, 100, 100) == nil) }
        #expect(!watch.pairs[0].isMirror)
    }

    @Test(arguments: 0...2)
    func `readings that fail decide nothing`(failing: Int) {
        var watch = MirrorWatch(Self.dies)
        var readings: [Reading] = [.microjoules(100), .microjoules(100), .microjoules(100)]
        readings[failing] = .failure(.driverError)
        for _ in 0..<5 {
            let verdict = watch.compare(0, readings[0], readings[1], readings[2])
            #expect(verdict == nil)
        }
        // They were no first comparison either: the next one still decides at once.
        #expect(compare(&watch, 100, 100, 100) == true)
    }

    @Test func `a leader that wraps between its two readings decides nothing`() {
        var watch = MirrorWatch(Self.dies)
        #expect(compare(&watch, 999, 999, 3) == nil)
        #expect(compare(&watch, 5, 6, 7) == true)
    }

    /// Counters of real units that move by real power while they are compared, 2,000 pairs of dies.
    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func `one counter is found to be one, and two to be two`(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        for number in 0..<500 {
            let isMirror = number % 2 == 0
            var shared = counter(&random)
            var other = counter(&random)
            var watch = MirrorWatch(Self.dies)
            for _ in 0..<6 {
                let before = read(&shared, &random)
                let follower = isMirror ? read(&shared, &random) : read(&other, &random)
                let after = read(&shared, &random)
                _ = watch.compare(0, before, follower, after)
                shared.run(nanoseconds: 100_000_000, milliwatts: UInt64.random(in: 1_000...200_000, using: &random))
                other.run(nanoseconds: 100_000_000, milliwatts: UInt64.random(in: 1_000...200_000, using: &random))
            }
            #expect(watch.pairs[0].isMirror == isMirror, "seed \(seed), pair \(number)")
        }
    }

    private func counter(_ random: inout SplitMix64) -> SimulatedCounter {
        SimulatedCounter(
            unitNanojoules: 15_258, bits: 32, register: UInt64.random(in: 0..<(1 << 31), using: &random))
    }

    /// A reading takes some microseconds, with an interrupt in between up to milliseconds.
    private func read(_ counter: inout SimulatedCounter, _ random: inout SplitMix64) -> Reading {
        counter.run(nanoseconds: 1_000 + random.nextOfAnySize() % 4_000_000, milliwatts: 150_000)
        return .microjoules(counter.microjoules)
    }

    private func compare(_ watch: inout MirrorWatch, _ before: UInt64, _ follower: UInt64, _ after: UInt64) -> Bool? {
        watch.compare(0, .microjoules(before), .microjoules(follower), .microjoules(after))
    }
}

/// Dies in a tree of files, counted by a sampler.
@Suite struct SamplerMirrorTests {
    private static let dies: KeyValuePairs = [
        "0": "package-0-die-0", "0:0": "dram", "1": "package-0-die-1", "1:0": "dram",
    ]

    @Test func `of two dies that show one counter one is counted, and the machine is right`() throws {
        try withDies { tree, sampler in
            for tick in 1...70 as ClosedRange<UInt64> {
                for entry in ["intel-rapl:0", "intel-rapl:1"] { try tree.setCounter(entry, 5_000_000 + tick * 1_000) }
                sampler.tick()
                #expect(sampler.accounts.map(\.isMirror) == [false, false, true, false])
                #expect(sampler.accounts[0].totalMicrojoules == (tick - 1) * 1_000)
                #expect(!sampler.accounts[2].hasBeenRead)
                #expect(sampler.accounts[2].powerMicrowatts == nil)
                #expect(sampler.hostMicrojoules == (tick - 1) * 1_000)
            }
            try tree.setCounter("intel-rapl:0", 6_000_000)
            try tree.setCounter("intel-rapl:1", 6_000_000)
            sampler.refresh()
            #expect(!sampler.accounts[2].hasBeenRead, "a refresh leaves a mirror alone")
            #expect(sampler.hostMicrojoules == 999_000)
            let suspects = sampler.suspects
            #expect(suspects == [2: Domain(kind: .package, socket: 0, die: 0)])
        }
    }

    @Test func `dies that happened to show the same are counted as soon as they have differed three times`() throws {
        try withDies { tree, sampler in
            sampler.tick()
            #expect(sampler.accounts[2].isMirror)
            var tick: UInt64 = 1
            while sampler.accounts[2].isMirror, tick < 100 {
                try tree.setCounter("intel-rapl:0", tick * 1_000)
                try tree.setCounter("intel-rapl:1", tick * 700)
                sampler.tick()
                tick += 1
            }
            #expect(tick == 65, "comparisons are made at the ticks 0, 1, 2 and 64")
            #expect(sampler.accounts[2].hasBeenRead)
            #expect(sampler.accounts[2].totalMicrojoules == 0)
            try tree.setCounter("intel-rapl:0", 65_000)
            try tree.setCounter("intel-rapl:1", 64 * 700 + 500)
            sampler.tick()
            #expect(sampler.accounts[2].totalMicrojoules == 500)
            #expect(sampler.accounts[2].powerMicrowatts ?? 0 > 0)
            #expect(sampler.hostMicrojoules == 65_000 + 500)
        }
    }

    /// Two readings of the first comparisons failed, so that nothing could be decided then.
    @Test func `a mirror that is found later keeps what it had counted, and the machine never loses`() throws {
        try withDies { tree, sampler in
            try tree.setCounter("intel-rapl:1", 900)
            var host: UInt64 = 0
            for tick in 0..<200 as Range<UInt64> {
                try tree.setCounter("intel-rapl:0", 1_000 + tick * 10)
                try tree.setCounter("intel-rapl:1", tick == 0 ? 900 : 1_000 + tick * 10)
                sampler.tick()
                #expect(sampler.hostMicrojoules >= host)
                host = sampler.hostMicrojoules
                // Agreements at the ticks 1, 2 and 64.
                #expect(sampler.accounts[2].isMirror == (tick >= 64))
            }
            #expect(sampler.accounts[2].totalMicrojoules == 100 + 63 * 10)
            #expect(sampler.hostMicrojoules == 199 * 10 + 100 + 63 * 10)
        }
    }

    @Test func `dies with counters of their own are both counted`() throws {
        try withDies { tree, sampler in
            try tree.setCounter("intel-rapl:1", 123_456)
            for tick in 0..<200 as Range<UInt64> {
                try tree.setCounter("intel-rapl:0", tick * 1_000)
                try tree.setCounter("intel-rapl:1", 123_456 + tick * 1_001)
                sampler.tick()
                #expect(!sampler.accounts[2].isMirror)
            }
            #expect(sampler.hostMicrojoules == 199 * 1_000 + 199 * 1_001)
        }
    }

    @Test func `a die that cannot be read is no mirror`() throws {
        try withDies { tree, sampler in
            try tree.set("energy_uj", of: "intel-rapl:1", to: "")
            for _ in 0..<70 { sampler.tick() }
            #expect(!sampler.accounts[2].isMirror)
            #expect(sampler.accounts[2].failureCount(.empty) == 70)
        }
    }

    private func withDies(_ body: (PowercapTree, inout Sampler) throws -> Void) throws {
        try withPowercapTree(Self.dies) { tree in
            var sampler = try Sampler.powercap(PowercapDiscovery(sysfs: tree.root, vendor: .amd).zones)
            try body(tree, &sampler)
        }
    }
}
