import Accounts
import Counters
import Kernel
import TestSupport
import Testing

@testable import Sampling
@testable import Sources

/// Passes that look at one clock beside each reading.
@Suite struct QuickPassTests {
    private static let interval: UInt64 = 100_000_000
    private static let hour: UInt64 = 3_600_000_000_000

    /// The clocks say later that something came between their readings when the pass began.
    @Test func `a pass whose moments may be wrong is not kept, and the one in its stead has both clocks`() throws {
        try expectInOneAttempt { sampling in
            var begin = Moment.now()
            begin.boottimeNanoseconds += Self.hour
            #expect(sampling.collect(at: begin, every: Self.interval) == .declined)
            #expect(sampling.hasBacklog == false)
            _ = sampling.pass(at: .now(), every: Self.interval)
            let last = try #require(sampling.accounts[0].accountant.last?.moment)
            return last.isOfOneWaking(with: .now())
        }
    }

    @Test func `its readings have the moments of the clock`() throws {
        try expectInOneAttempt { sampling in
            let begin = Moment.now()
            guard sampling.collect(at: begin, every: Self.interval) == .kept else { return false }
            let end = Moment.now()
            #expect(sampling.countCollected(every: Self.interval) == true)
            let moment = try #require(sampling.accounts[0].accountant.last?.moment)
            let times = [begin, moment, end]
            #expect(times.map(\.monotonicNanoseconds) == times.map(\.monotonicNanoseconds).sorted())
            #expect(moment.isOfOneWaking(with: begin))
            return true
        }
    }

    @Test func `a sleep lies between two moments, whichever of them is asked`() {
        let before = Moment(monotonicNanoseconds: 1_000_000_000, boottimeNanoseconds: 2_000_000_000)
        #expect(before.isOfOneWaking(with: before.awake(until: 9_000_000_000)))
        let after = before.awake(until: 9_000_000_000).interrupted(by: Self.hour)
        #expect(!before.isOfOneWaking(with: after) && !after.isOfOneWaking(with: before))
    }

    /// Without this, a reading whose time does not fit would be counted at another.
    @Test(arguments: [(UInt64(UInt32.max), false), (UInt64(UInt32.max) + 1, true)])
    func `a reading that ends too late for its room is not kept`(nanoseconds: UInt64, hasOverrun: Bool) {
        let start = Moment(monotonicNanoseconds: 1000, boottimeNanoseconds: 5000)
        var backlog = Backlog()
        backlog.append(0, mayRest: false, latest: 5, mostStep: 10, modulus: 100)
        backlog.open(passes: 10, every: Self.interval, before: .max)
        backlog.take(start, quickNanoseconds: .max)
        let span = ReadSpan(before: start, after: start.awake(until: 1000 + nanoseconds))
        backlog.take(.counter(6), at: span, of: 0)
        #expect(backlog.hasOverrun == hasOverrun)
        guard !hasOverrun else {
            backlog.dropLatest()
            #expect(backlog.isEmpty)
            return
        }
        #expect(backlog.beginPass() == start)
        let kept = backlog.next()
        #expect(kept?.reading == .counter(6) && kept?.span == span && backlog.next() == nil)
    }

    @Test func `who waits for the processor between the two clocks asks both again`() {
        let start = Moment(monotonicNanoseconds: 1_000_000_000, boottimeNanoseconds: 2_000_000_000)
        let (late, right) = (start.interrupted(by: 50_000_000), start.awake(until: 1_100_000_000))
        var readings = [late, late, right, late]
        #expect(Moment.steady(after: start) { readings.removeFirst() } == right)
        #expect(readings.count == 1)
        // Who slept is told so.
        var asleep = (0..<9).map { start.interrupted(by: Self.hour + $0) }
        #expect(Moment.steady(after: start) { asleep.removeFirst() }.hasSlept(since: start))
        #expect(asleep.count == 5)
    }

    /// Who has to wait for the processor in the middle of a pass, or between its two clocks, is rightly told another outcome. So
    /// it is tried again with a new machine, which has been read twice and is due.
    private func expectInOneAttempt(_ isUndisturbed: (inout Sampling) throws -> Bool) throws {
        for _ in 0..<1000 {
            var hasPassed = false
            try withPowercapTree(["0": "package-0"]) { tree in
                var sampling = Sampling(.powercap(tree.root, time: .replay))
                for tick in [3, 2] as [UInt64] { sampling.tick(at: .now().earlier(by: tick * Self.interval)) }
                sampling.sources.time = .kernel
                hasPassed = try isUndisturbed(&sampling)
            }
            if hasPassed { return }
        }
        Issue.record("disturbed in each of 1000 attempts")
    }
}

extension Moment {
    fileprivate func earlier(by nanoseconds: UInt64) -> Moment {
        Moment(
            monotonicNanoseconds: monotonicNanoseconds - nanoseconds,
            boottimeNanoseconds: boottimeNanoseconds - nanoseconds)
    }

    /// The second clock is read so much later.
    fileprivate func interrupted(by nanoseconds: UInt64) -> Moment {
        Moment(monotonicNanoseconds: monotonicNanoseconds, boottimeNanoseconds: boottimeNanoseconds + nanoseconds)
    }
}
