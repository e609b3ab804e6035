import Attribution
import TestSupport
import Testing

/// A machine of 16 processors, which are busy for so many thousandths of an interval, and take so many microwatts.
private func interval(
    _ microwatts: UInt64, _ microseconds: UInt64 = 1_000_000, busyThousandths: UInt64 = 0
) -> IdlePower.Interval {
    let busy = BusyTime.Interval(
        capacityMicroseconds: 16 * microseconds, busyMicroseconds: 16 * microseconds * busyThousandths / 1000)
    return .init(microjoules: microwatts * microseconds / 1_000_000, microseconds: microseconds, busy: busy)
}

@Suite struct IdlePowerTests {
    @Test func `before an idle window, idle has the share that rest has of the time`() {
        var power = IdlePower()
        #expect(power.basis == .share)
        #expect(power.microwatts == nil)
        #expect(power.take(interval(40_000_000, busyThousandths: 250), totalWeight: 1) == 30_000_000)
        #expect(power.basis == .share)
        let unknown = IdlePower.Interval(microjoules: 5, microseconds: 1_000_000, busy: nil)
        #expect(power.take(unknown, totalWeight: 1) == 0)
    }

    @Test func `an idle window is measured, and idle is its power times the time`() {
        var power = IdlePower()
        _ = power.take(interval(20_000_000, busyThousandths: 20), totalWeight: 1)
        #expect(power.basis == .measured)
        #expect(power.microwatts == 20_000_000)
        #expect(power.take(interval(140_000_000, 500_000, busyThousandths: 1000), totalWeight: 1) == 10_000_000)
    }

    @Test func `idle is never more than there is`() {
        var power = IdlePower(fixedMicrowatts: 35_000_000)
        #expect(power.basis == .fixed)
        #expect(power.microwatts == 35_000_000)
        #expect(power.take(interval(20_000_000), totalWeight: 1) == 20_000_000)
        #expect(power.take(interval(90_000_000), totalWeight: 1) == 35_000_000)
    }

    @Test func `with no weight all is idle`() {
        var power = IdlePower()
        #expect(power.take(interval(40_000_000, busyThousandths: 900), totalWeight: 0) == 40_000_000)
        var fixed = IdlePower(fixedMicrowatts: 1)
        #expect(fixed.take(interval(40_000_000, busyThousandths: 900), totalWeight: 0) == 40_000_000)
    }

    @Test func `2 percent of work is idle enough, and a little more is not`() {
        var power = IdlePower()
        let just = BusyTime.Interval(capacityMicroseconds: 1_000_000, busyMicroseconds: 20_001)
        _ = power.take(.init(microjoules: 9, microseconds: 1_000_000, busy: just), totalWeight: 1)
        #expect(power.basis == .share)
        _ = power.take(interval(9_000_000, busyThousandths: 20), totalWeight: 1)
        #expect(power.microwatts == 9_000_000)
    }

    @Test func `short intervals make a window together, and one that was busy spoils it`() {
        var power = IdlePower()
        for _ in 0..<9 { _ = power.take(interval(20_000_000, 100_000), totalWeight: 1) }
        #expect(power.basis == .share)
        _ = power.take(interval(30_000_000, 100_000), totalWeight: 1)
        #expect(power.microwatts == 21_000_000)
        for busy in [0, 0, 0, 0, 0, 300, 0, 0, 0, 0] as [UInt64] {
            _ = power.take(interval(60_000_000, 100_000, busyThousandths: busy), totalWeight: 1)
        }
        #expect(power.microwatts == 21_000_000)
        for part in 0..<10 {
            let busy = part == 4 ? nil : BusyTime.Interval(capacityMicroseconds: 1_600_000, busyMicroseconds: 0)
            _ = power.take(.init(microjoules: 6_000_000, microseconds: 100_000, busy: busy), totalWeight: 1)
        }
        #expect(power.microwatts == 21_000_000, "of one part nothing was known")
    }

    @Test func `after an interruption a window begins anew`() {
        var power = IdlePower()
        for _ in 0..<9 { _ = power.take(interval(90_000_000, 100_000), totalWeight: 1) }
        power.interrupt()
        for _ in 0..<9 { _ = power.take(interval(20_000_000, 100_000), totalWeight: 1) }
        #expect(power.basis == .share)
        _ = power.take(interval(20_000_000, 100_000), totalWeight: 1)
        #expect(power.microwatts == 20_000_000)
    }

    @Test func `a counter that moves once in ten seconds is waited for`() {
        var power = IdlePower()
        let busy = BusyTime.Interval(capacityMicroseconds: 16_000_000, busyMicroseconds: 0)
        for second in 1...40 as ClosedRange<UInt64> {
            let moved: UInt64 = second % 10 == 0 ? 150_000_000 : 0
            _ = power.take(.init(microjoules: moved, microseconds: 1_000_000, busy: busy), totalWeight: 1)
            #expect(power.microwatts == (second < 10 ? nil : 15_000_000))
        }
    }

    /// Kepler's idle power once stood at what it was after a stress run, and all else at 0.
    @Test func `power below idle power sets it at once, idle or not`() {
        var power = IdlePower()
        for _ in 0..<2000 { _ = power.take(interval(40_000_000), totalWeight: 1) }
        _ = power.take(interval(38_900_000, busyThousandths: 500), totalWeight: 1)
        #expect(power.microwatts == 40_000_000, "3 percent are noise")
        _ = power.take(interval(24_000_000, busyThousandths: 500), totalWeight: 1)
        #expect(power.microwatts == 24_000_000)
        _ = power.take(interval(26_000_000), totalWeight: 1)
        #expect(power.microwatts == 25_000_000, "what came before has no weight any more")
    }

    @Test func `a rise is followed with a time constant of ten minutes of idle time`() {
        var power = IdlePower()
        for _ in 0..<600 { _ = power.take(interval(30_000_000), totalWeight: 1) }
        for _ in 0..<600 {
            _ = power.take(interval(50_000_000), totalWeight: 1)
            _ = power.take(interval(99_000_000, busyThousandths: 21), totalWeight: 1)
        }
        // 50 - 20 / e.
        #expect((42_630_000...42_660_000).contains(power.microwatts ?? 0), "\(power.microwatts ?? 0)")
        for _ in 0..<6000 { _ = power.take(interval(50_000_000), totalWeight: 1) }
        #expect((49_990_000...50_000_000).contains(power.microwatts ?? 0))
    }

    /// Work for up to a minute, rest for up to a minute; idle power rises and falls and is known; noise of 1 percent.
    @Test(arguments: 1...12 as ClosedRange<UInt64>)
    func `it comes close to the truth, from any start and at any interval`(_ seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var power = IdlePower()
        let step = ([100_000, 1_000_000, 6_000_000] as [UInt64]).randomElement(using: &random) ?? 1
        for phase in 0..<4 {
            let idle = UInt64.random(in: 5_000_000...80_000_000, using: &random)
            for turn in 0..<300 {
                let busy = turn % 2 == 0 ? 0 : UInt64.random(in: 25...1000, using: &random)
                for _ in 0..<(UInt64.random(in: 6_000_000...60_000_000, using: &random) / step) {
                    let noise = UInt64.random(in: 990_000...1_010_000, using: &random)
                    let watts = (idle + busy * 100_000) * noise / 1_000_000
                    _ = power.take(interval(watts, step, busyThousandths: busy), totalWeight: 1)
                }
            }
            let found = power.microwatts ?? 0
            #expect(found >= idle * 99 / 100 && found <= idle * 101 / 100, "phase \(phase): \(found) of \(idle)")
        }
    }

    @Test func `what was learnt is kept and goes on, and what cannot be is not believed`() {
        var power = IdlePower()
        for watts in 1...100 as ClosedRange<UInt64> { _ = power.take(interval(9_000_000 + watts), totalWeight: 1) }
        var again = IdlePower(words: power.words)
        #expect(again.microwatts == power.microwatts)
        #expect(again.basis == .measured)
        _ = power.take(interval(11_000_000), totalWeight: 1)
        _ = again.take(interval(11_000_000), totalWeight: 1)
        #expect(again.words[0] == power.words[0])
        #expect(again.words[1] == power.words[1])
        for words in [[0, 0], [5, 0], [.max, 1], [1, .max], [1_000_000_000_000_001, 5]] as [[UInt64]] {
            #expect(IdlePower(words: [words[0], words[1]]).basis == .share)
        }
        #expect(IdlePower(fixedMicrowatts: 7, words: power.words).microwatts == 7)
    }

    @Test func `a given power does not stop the measuring`() {
        var power = IdlePower(fixedMicrowatts: 1_000_000)
        for _ in 0..<3 { _ = power.take(interval(20_000_000), totalWeight: 1) }
        #expect(IdlePower(words: power.words).microwatts == 20_000_000)
    }

    @Test func `any numbers are taken without a fault`() {
        var random = SplitMix64(seed: 5)
        for fixed in [nil, 0, .max] as [UInt64?] {
            var power = IdlePower(fixedMicrowatts: fixed)
            for _ in 0..<5000 {
                let capacity = random.nextOfAnySize()
                let busy = BusyTime.Interval(
                    capacityMicroseconds: capacity, busyMicroseconds: capacity / (1 + random.next() % 100))
                let energy = random.nextOfAnySize()
                let one = IdlePower.Interval(
                    microjoules: energy, microseconds: random.nextOfAnySize(), busy: random.next() % 5 == 0 ? nil : busy
                )
                #expect(power.take(one, totalWeight: random.next() % 2) <= energy)
            }
        }
    }
}
