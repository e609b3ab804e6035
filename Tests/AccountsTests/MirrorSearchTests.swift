import Counters
import TestSupport
import Testing

@testable import Accounts

/// Counters that are one under several names, of any kind.
@Suite struct MirrorSearchTests {
    private static let second: UInt64 = 1_000_000_000

    /// Counters that are read ten times a second, and what was found out about each.
    private struct Rig {
        var search: MirrorSearch
        var tick: UInt64 = 0
        var now: UInt64 = 100 * MirrorSearchTests.second
        /// For each counter that was found to be another one, which.
        var mirrors: [Int: Int] = [:]
        /// Readings beyond one for each counter and tick.
        var extraReadings = 0
        var held: Set<Int> = []

        init(_ counters: [CounterFacts], isGuest: Bool = false) {
            search = MirrorSearch(counters, isGuest: isGuest)
        }

        /// A tick at which each counter shows a number; nil cannot be read.
        mutating func pass(_ values: [UInt64?]) {
            held = []
            func reading(_ index: Int) -> Reading { values[index].map { .counter($0) } ?? .failure(.driverError) }
            for index in values.indices where mirrors[index] == nil {
                if search.holdsBack(index, reading(index)) { held.insert(index) }
            }
            let known = Set(mirrors.keys)
            if search.isScanDue(tick: tick) { search.scan { !known.contains($0) } }
            for index in values.indices {
                guard let leader = search.leader(of: index, at: now) else { continue }
                extraReadings += 3
                let verdict = search.compare(index, reading(leader), reading(index), reading(leader), at: now)
                switch verdict {
                case .same: mirrors[index] = leader
                case .different: held.remove(index)
                case .undecided: break
                }
            }
            tick += 1
            now += MirrorSearchTests.second / 10
        }
    }

    private static func packages(_ count: Int) -> [CounterFacts] {
        (0..<count).map { .of(Domain(kind: .package, socket: $0), modulus: 1 << 40, boundMicrowatts: 250_000_000) }
    }

    @Test func `a guest's packages that show one counter are found at the third step, and nothing of them is counted`()
    {
        var rig = Rig(Self.packages(4), isGuest: true)
        rig.pass([9_000, 9_000, 9_000, 9_000])
        #expect(rig.held.isEmpty)
        for step in 1...3 as ClosedRange<UInt64> {
            #expect(rig.mirrors.isEmpty)
            rig.pass(Array(repeating: 9_000 + step * 500, count: 4))
            #expect(rig.held == [1, 2, 3])
        }
        #expect(rig.mirrors == [1: 0, 2: 0, 3: 0])
        #expect(rig.extraReadings == 3 * 3 * 3)
    }

    @Test func `anywhere else it takes longer, since machines that do equal work keep in step for a moment`() {
        var rig = Rig(Self.packages(2))
        for tick in 0..<45 as Range<UInt64> {
            rig.pass([tick * 500, tick * 500])
            #expect(rig.held.isEmpty)
        }
        #expect(rig.mirrors.isEmpty)
        for tick in 45..<60 as Range<UInt64> { rig.pass([tick * 500, tick * 500]) }
        #expect(rig.mirrors == [1: 0])
    }

    @Test func `sensors that count energy are compared too`() {
        let chips = ["card", "pkg"].map { label in
            CounterFacts.of(
                Domain(kind: .sensor, socket: 0, label: label), source: .hwmon, modulus: CounterFacts.neverWraps)
        }
        var rig = Rig(chips)
        for tick in 0..<60 as Range<UInt64> { rig.pass([tick * 500, tick * 500]) }
        #expect(rig.mirrors == [1: 0])
    }

    @Test(arguments: [true, false])
    func `counters that stand still are never called one`(isGuest: Bool) {
        var rig = Rig(Self.packages(64), isGuest: isGuest)
        for _ in 0..<1_000 { rig.pass(Array(repeating: 0, count: 64)) }
        #expect(rig.mirrors.isEmpty)
        #expect(rig.held.isEmpty)
        #expect(rig.extraReadings == 0, "what does not move is not read again")
    }

    @Test(arguments: [true, false])
    func `two counters are told apart at their first step`(isGuest: Bool) {
        var rig = Rig(Self.packages(2), isGuest: isGuest)
        rig.pass([0, 0])
        rig.pass([5_000, 5_001])
        #expect(rig.held.isEmpty)
        for tick in 1..<500 as Range<UInt64> { rig.pass([tick * 5_000, tick * 5_001 + 1]) }
        #expect(rig.mirrors.isEmpty)
    }

    @Test func `one that agrees twice and then not is counted`() {
        var rig = Rig(Self.packages(2), isGuest: true)
        rig.pass([0, 0])
        rig.pass([5_000, 5_000])
        rig.pass([9_000, 9_000])
        #expect(rig.held == [1])
        rig.pass([14_000, 13_000])
        #expect(rig.held.isEmpty && rig.mirrors.isEmpty)
    }

    @Test func `of several the one with the nearest reading is compared`() {
        var rig = Rig(Self.packages(3), isGuest: true)
        for tick in 0..<10 as Range<UInt64> { rig.pass([tick * 400, 20_000 + tick * 500, 20_000 + tick * 500]) }
        #expect(rig.mirrors == [2: 1])
    }

    @Test func `a leader that cannot be read keeps no other from being counted`() {
        var rig = Rig(Self.packages(2), isGuest: true)
        rig.pass([0, 0])
        rig.pass([500, 500])
        #expect(rig.held == [1])
        rig.pass([nil, 900])
        #expect(rig.held.isEmpty && rig.mirrors.isEmpty)
    }

    @Test func `other kinds, other ranges, estimates and what this process began are not compared`() {
        let package = Self.packages(1)[0]
        var estimate = package
        estimate.isEstimate = true
        let perf = CounterFacts.of(
            Domain(kind: .package, socket: 1), source: .perf, modulus: 1 << 40, outlivesProcess: false)
        for pair in [
            [package, .of(Domain(kind: .dram, socket: 0), modulus: 1 << 40)],
            [package, .of(Domain(kind: .package, socket: 1), modulus: 1 << 39)],
            [estimate, estimate], [perf, perf],
        ] {
            var rig = Rig(pair, isGuest: true)
            for tick in 0..<80 as Range<UInt64> { rig.pass([tick * 500, tick * 500]) }
            #expect(rig.mirrors.isEmpty)
        }
    }

    /// Many counters that are all different: what is read for them beside a reading each is little, and soon nothing.
    @Test func `a hundred counters cost a few readings more, and only at first`() {
        var rig = Rig(Self.packages(128))
        for tick in 0..<1_000 as Range<UInt64> {
            rig.pass((0..<128).map { tick * (5_000_000 + $0 * 20_000) })
        }
        #expect(rig.mirrors.isEmpty)
        #expect(rig.extraReadings < 128 * 3 * 20)
    }
}
