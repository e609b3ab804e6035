import Counters
import TestSupport
import Testing

@testable import Accounts
@testable import Sampling
@testable import Sources

/// Reads that take long, and passes between ticks.
@Suite struct ReadTimeTests {
    private static let millisecond: UInt64 = 1_000_000

    /// A read that was late by 0.3 s was once a peak of 165 W at a constant 40 W, one of 0.5 s lost 24.6 J as a jump, and one of
    /// 3 s 131 J.
    @Test(arguments: [0, 50, 300, 500, 3_000], [false, true])
    func `a late read loses nothing and is no peak`(lateMilliseconds: UInt64, isAtEnd: Bool) throws {
        try withPackage { tree, sampling in
            var moment = Moment.now()
            let begin = moment.monotonicNanoseconds
            func advance(_ milliseconds: UInt64, shownAfter: UInt64 = 0) throws {
                moment.monotonicNanoseconds += milliseconds * Self.millisecond
                moment.boottimeNanoseconds += milliseconds * Self.millisecond
                // 40 W.
                let shown = moment.monotonicNanoseconds - begin + shownAfter * Self.millisecond
                try tree.setCounter("intel-rapl:0", 5_000_000_000 + shown / 1_000 * 40)
                sampling.tick(at: moment)
            }
            for round in 0..<5 {
                for _ in 0..<5 { try advance(100) }
                #expect(sampling.accounts[0].powerMicrowatts == 40_000_000 || round == 0)
                sampling.sources.time = .slowReplay(readNanoseconds: lateMilliseconds * Self.millisecond)
                try advance(100, shownAfter: isAtEnd ? lateMilliseconds : 0)
                let power = sampling.accounts[0].powerMicrowatts
                #expect((power == nil) == (lateMilliseconds > 0), "\(String(describing: power))")
                sampling.sources.time = .replay
                try advance(100 + lateMilliseconds)
                #expect(sampling.isInDoubt == false)
            }
            let expected = (moment.monotonicNanoseconds - begin) / 1_000 * 40 - 100_000 * 40
            #expect(sampling.accounts[0].totalMicrojoules == expected)
            #expect(sampling.accounts[0].accountant.resets == 0)
            #expect(sampling.accounts[0].accountant.glitches == 0)
        }
    }

    @Test func `the time that a read took is part of the uncertainty`() throws {
        try withPackage { tree, sampling in
            var moment = Moment.now()
            var uncertainties: [UInt64] = []
            for milliseconds in [0, 0, 4, 4] as [UInt64] {
                moment.monotonicNanoseconds += 100 * Self.millisecond
                sampling.sources.time = .slowReplay(readNanoseconds: milliseconds * Self.millisecond)
                sampling.tick(at: moment)
                try tree.setCounter("intel-rapl:0", 5_000_000_000 + UInt64(uncertainties.count + 1) * 4_000_000)
                uncertainties.append(sampling.accounts[0].powerUncertaintyMicrowatts ?? 0)
            }
            #expect(uncertainties[0] == 0)
            // Of 40 W in 100 ms about 4 % more.
            #expect(uncertainties[3] > uncertainties[1] + 1_500_000)
        }
    }

    @Test(
        arguments: [
            (100, false, nil), (100, true, nil), (333, false, nil), (500, false, 333), (1_000, false, 334),
            (10_000, false, 3_334),
            (60_000, false, 20_000), (60_000, true, 333),
        ] as [(UInt64, Bool, Int32?)])
    func `counters are read at each third of a long interval, and three times a second while there is doubt`(
        every milliseconds: UInt64, isInDoubt: Bool, pause: Int32?
    ) throws {
        try withPackage { tree, sampling in
            var moment = Moment.now()
            sampling.tick(at: moment)
            if isInDoubt { try tree.setCounter("intel-rapl:0", 100_000_000_000) }
            moment.monotonicNanoseconds += Self.millisecond
            sampling.tick(at: moment)
            #expect(sampling.isInDoubt == isInDoubt)
            let interval = milliseconds * Self.millisecond
            let isNeeded = sampling.needsPassesBetweenTicks(every: interval)
            #expect(isNeeded == (pause != nil))
            guard let pause else { return }
            let now = moment.monotonicNanoseconds
            let wanted = sampling.millisecondsToNextPass(at: now, every: interval)
            let overdue = sampling.millisecondsToNextPass(at: now + 100_000_000_000, every: interval)
            #expect(wanted == pause && overdue == 0)
            let generation = sampling.generation
            moment.monotonicNanoseconds = now + UInt64(pause - 1) * Self.millisecond
            let isEarly = sampling.refreshIfDue(at: moment, every: interval)
            #expect(!isEarly)
            moment.monotonicNanoseconds = now + UInt64(pause) * Self.millisecond
            let isRefreshed = sampling.refreshIfDue(at: moment, every: interval)
            #expect(isRefreshed)
            #expect(sampling.generation == generation + 1)
        }
    }

    /// Lends a sampling of one package at 5 kJ, of which no more than 200 W is believed, whose readings have the time of their pass.
    private func withPackage(_ body: (PowercapTree, inout Sampling) throws -> Void) throws {
        try withPowercapTree(["0": "package-0"]) { tree in
            try tree.setLimit(0, of: "intel-rapl:0", name: "long_term", microwatts: 100_000_000)
            try tree.setCounter("intel-rapl:0", 5_000_000_000)
            var sampling = Sampling(.powercap(tree.root, time: .replay))
            try body(tree, &sampling)
        }
    }
}
