import Counters
import TestSupport
import Testing

@testable import Accounts
@testable import Sampling
@testable import Sources

/// Passes that are collected and counted later count what they would have counted at once.
@Suite struct CollectingTests {
    @Test(arguments: 1...12 as ClosedRange<UInt64>)
    func `what is collected counts as it would have at once, interval by interval`(seed: UInt64) throws {
        try withPowercapTree(["0": "package-0", "0:0": "core", "0:1": "dram"]) { tree in
            var random = SplitMix64(seed: seed)
            var pair = try CollectingPair(in: tree)
            for step in 0..<1500 {
                try pair.proceed(&random)
                if let difference = pair.difference {
                    Issue.record("seed \(seed), step \(step): \(difference)")
                    return
                }
            }
            #expect(pair.collected > 500)
            #expect(pair.countedAtOnce > 50)
            #expect(pair.declined > 50)
            #expect(pair.wraps >= 3)
        }
    }

    @Test func `nothing is collected before the first interval, nor with ticks that are far apart`() throws {
        try withCollecting { pair in
            #expect(pair.begin(every: 100) == .declined)
            #expect(pair.begin(every: 100) == .kept)
        }
        try withCollecting { pair in
            for _ in 0..<3 { #expect(pair.begin(every: 1000) == .declined) }
        }
    }

    @Test func `a second is collected at most`() throws {
        try withCollecting { pair in
            _ = pair.begin(every: 100)
            let outcomes = (0..<10).map { _ in pair.begin(every: 100) }
            #expect(outcomes == Array(repeating: .kept, count: 9) + [.isToBeCounted])
            #expect(pair.begin(every: 100) == .declined, "there is no more room")
            #expect(pair.hasBacklog == true)
            #expect(pair.countAll() == 10)
            #expect(pair.hasBacklog == false)
        }
    }

    @Test func `a tick that comes early ends no interval`() throws {
        try withCollecting { pair in
            _ = pair.begin(every: 100)
            #expect(pair.begin(every: 100) == .kept)
            #expect(pair.begin(every: 100, after: 49) == .declined)
            #expect(pair.begin(every: 100, after: 1) == .kept, "half an interval after the one before")
        }
    }

    @Test(arguments: ["", "nonsense\n", "0\n", "99999999999\n"])
    func `what may say something new is counted at once`(content: String) throws {
        try withCollecting { pair in
            _ = pair.begin(every: 100)
            #expect(pair.begin(every: 100) == .kept)
            try pair.show(content)
            #expect(pair.begin(every: 100) == .isToBeCounted)
            #expect(pair.countAll() == 2)
            #expect(pair.begin(every: 100) == .declined, "each pass counts at once until all is as usual")
        }
    }

    @Test func `a pass that takes long is counted at once`() {
        let start = Moment(monotonicNanoseconds: 1000, boottimeNanoseconds: 1000)
        for (end, isUrgent) in [(1500, false), (1501, true)] as [(UInt64, Bool)] {
            var backlog = Backlog()
            backlog.append(0, mayRest: false, latest: 5, mostStep: 10, modulus: 100)
            backlog.open(passes: 10, every: 100_000_000, before: .max)
            backlog.take(start, quickNanoseconds: 500)
            let span = ReadSpan(before: start, after: Moment(monotonicNanoseconds: end, boottimeNanoseconds: end))
            backlog.take(.counter(6), at: span, of: 0)
            #expect(backlog.isUrgent == isUrgent)
        }
    }

    @Test(
        arguments: [
            (.failure(.asleep), false), (.counter(0), true), (.counter(7), true), (.failure(.driverError), true),
        ] as [(Reading, Bool)])
    func `a card that sleeps is news when it wakes`(reading: Reading, isUrgent: Bool) {
        let start = Moment(monotonicNanoseconds: 1000, boottimeNanoseconds: 1000)
        var backlog = Backlog()
        backlog.append(0, mayRest: true, latest: nil, mostStep: 10, modulus: 100)
        backlog.open(passes: 10, every: 100_000_000, before: .max)
        backlog.take(start, quickNanoseconds: 500)
        backlog.take(reading, at: ReadSpan(before: start, after: start), of: 0)
        #expect(backlog.isUrgent == isUrgent)
    }

    @Test func `what came and went is looked for in time`() throws {
        try withCollecting { pair in
            _ = pair.begin(every: 100)
            var outcomes: [Sampling.Collected] = []
            for _ in 0..<25 {
                outcomes.append(pair.begin(every: 100))
                if outcomes.last == .isToBeCounted { _ = pair.countAll() }
            }
            #expect(outcomes.contains(.declined), "every two seconds there is a list of what is there")
        }
    }

    @Test func `many counters have room for fewer passes`() {
        var backlog = Backlog()
        backlog.begin(after: 1)
        for index in 0..<130 { backlog.append(index, mayRest: false, latest: 0, mostStep: 0, modulus: 100) }
        backlog.open(passes: 100, every: 10_000_000, before: .max)
        #expect((1..<10).contains(backlog.mostPasses))
    }

    private func withCollecting(_ body: (inout CollectingPair) throws -> Void) throws {
        try withPowercapTree(["0": "package-0"]) { tree in
            var pair = try CollectingPair(in: tree, isStarted: false)
            try body(&pair)
        }
    }
}

/// Two watches of one machine: one counts each pass at once, the other collects what it may.
struct CollectingPair: ~Copyable {
    private static let interval: UInt64 = 100_000_000
    private static let range: UInt64 = 262_143_328_850

    private let tree: PowercapTree
    private let zones: [String]
    private var counters: [String: UInt64] = [:]
    private var whole: Sampling
    private var split: Sampling
    private var moment = Moment(monotonicNanoseconds: 700_000_000_000, boottimeNanoseconds: 900_000_000_000)
    /// What the first watch had counted after each interval that the second one has not counted yet.
    private var expected: [[State]] = []
    /// Where the two differ; nil if they do not.
    private(set) var difference: String?
    private(set) var collected = 0
    private(set) var countedAtOnce = 0
    private(set) var declined = 0

    private struct State: Equatable {
        let accountant: CounterAccountant
        let power: UInt64?
        let failure: ReadFailure?
        let failures: [UInt64]
        let host: UInt64
        let ticks: UInt64
        let lastPass: UInt64
        let intervalNanoseconds: UInt64?
        let isInDoubt: Bool
    }

    init(in tree: PowercapTree, isStarted: Bool = true) throws {
        self.tree = tree
        whole = Sampling(.powercap(tree.root))
        split = Sampling(.powercap(tree.root))
        zones = ["intel-rapl:0", "intel-rapl:0:0", "intel-rapl:0:1"].prefix(whole.accounts.count).map { $0 }
        for zone in zones {
            counters[zone] = 261_000_000_000
            try tree.setCounter(zone, 261_000_000_000)
        }
        guard isStarted else { return }
        whole.tick(at: moment)
        split.tick(at: moment)
    }

    var hasBacklog: Bool { split.hasBacklog }
    var wraps: UInt64 { split.accounts.reduce(0) { $0 + $1.accountant.wraps } }

    /// One tick, with what may happen to counters and clocks, and sometimes somebody who asks for a page.
    mutating func proceed(_ random: inout SplitMix64) throws {
        for zone in zones { try move(zone, by: UInt64.random(in: 0...8_000_000, using: &random)) }
        let strange = Int.random(in: 0..<60, using: &random)
        if strange < 4 { try show(["", "nonsense\n", "5\n", "262143328000\n"][strange]) }
        pass(milliseconds: [100, 100, 100, 100, 100, 100, 104, 96, 260, 40].randomElement(using: &random) ?? 100)
        if strange == 5 { moment.boottimeNanoseconds += 60_000_000_000 }
        tick()
        if Int.random(in: 0..<12, using: &random) == 0 { page() }
    }

    private mutating func move(_ zone: String, by microjoules: UInt64) throws {
        let value = (counters[zone, default: 0] + microjoules) % Self.range
        counters[zone] = value
        try tree.setCounter(zone, value)
    }

    /// Lets the first counter show something else until it moves.
    func show(_ content: String) throws { try tree.set("energy_uj", of: zones[0], to: content) }

    private mutating func pass(milliseconds: UInt64) {
        moment.monotonicNanoseconds += milliseconds * 1_000_000
        moment.boottimeNanoseconds += milliseconds * 1_000_000
    }

    private mutating func tick() {
        if whole.pass(at: moment, every: Self.interval) { expected.append(states(whole)) }
        switch split.collect(at: moment, every: Self.interval) {
        case .kept: collected += 1
        case .isToBeCounted:
            countedAtOnce += 1
            compareCollected()
        case .declined:
            declined += 1
            compareCollected()
            if split.pass(at: moment, every: Self.interval) { compareNext() } else { compareLatest() }
        }
    }

    private mutating func page() {
        pass(milliseconds: 20)
        compareCollected()
        _ = whole.refreshIfStale(at: moment, every: Self.interval, earliest: moment.monotonicNanoseconds)
        _ = split.refreshIfStale(at: moment, every: Self.interval, earliest: moment.monotonicNanoseconds)
        compareLatest()
    }

    private mutating func compareCollected() {
        while split.countCollected(every: Self.interval) { compareNext() }
    }

    private mutating func compareNext() {
        let found = states(split)
        let wanted = expected.isEmpty ? [] : expected.removeFirst()
        if found != wanted { difference = difference ?? "\(wanted) became \(found)" }
    }

    private mutating func compareLatest() {
        let (found, wanted) = (states(split), states(whole))
        if found != wanted || !expected.isEmpty { difference = difference ?? "\(wanted) became \(found)" }
    }

    private func states(_ sampling: borrowing Sampling) -> [State] {
        let (host, ticks) = (sampling.hostMicrojoules, sampling.ticks)
        let (lastPass, interval) = (sampling.lastPassNanoseconds, sampling.intervalNanoseconds)
        let isInDoubt = sampling.isInDoubt
        return sampling.accounts.map { account in
            State(
                accountant: account.accountant, power: account.powerMicrowatts, failure: account.failure,
                failures: ReadFailure.allCases.map(account.failureCount), host: host, ticks: ticks,
                lastPass: lastPass, intervalNanoseconds: interval, isInDoubt: isInDoubt)
        }
    }

    /// One tick of the second watch alone, at another interval and so many milliseconds after the one before; without any, at the
    /// interval.
    mutating func begin(every milliseconds: UInt64, after pause: UInt64? = nil) -> Sampling.Collected {
        pass(milliseconds: pause ?? milliseconds)
        let outcome = split.collect(at: moment, every: milliseconds * 1_000_000)
        if outcome == .declined, !split.hasBacklog { _ = split.pass(at: moment, every: milliseconds * 1_000_000) }
        return outcome
    }

    /// How many passes were counted.
    mutating func countAll() -> Int {
        var count = 0
        while split.countCollected(every: Self.interval) { count += 1 }
        return count
    }
}
