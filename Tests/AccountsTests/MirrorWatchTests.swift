import Counters
import Kernel
import TestSupport
import Testing

@testable import Accounts

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
    }

    @Test func `comparisons are made at the first ticks and then from time to time`() {
        var watch = MirrorWatch(Self.dies)
        #expect(watch.isDue(0, tick: 7) && watch.isDue(0, tick: nil), "it was never compared")
        _ = compare(&watch, 100, 101, 102)
        #expect((0...200).filter { watch.isDue(0, tick: $0) } == [0, 1, 2, 64, 128, 192])
        #expect(!watch.isDue(0, tick: nil))
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
        var readings: [Reading] = [.counter(100), .counter(100), .counter(100)]
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
        return .counter(counter.microjoules)
    }

    private func compare(_ watch: inout MirrorWatch, _ before: UInt64, _ follower: UInt64, _ after: UInt64) -> Bool? {
        watch.compare(0, .counter(before), .counter(follower), .counter(after))
    }
}
