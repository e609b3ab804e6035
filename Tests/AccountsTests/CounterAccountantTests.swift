import Counters
import TestSupport
import Testing

@testable import Accounts

/// The simple cases: a counter that nothing happened to.
@Suite struct CounterAccountantTests {
    @Test func `the first reading is where counting starts`() {
        var accountant = follower(modulus: 1000)
        #expect(accountant.take(900) == .start)
        #expect(accountant.accountant.totalMicrojoules == 0)
        #expect(accountant.accountant.wraps == 0)
        #expect(accountant.accountant.last?.raw == 900)
    }

    @Test func `a counter that advances adds what it advanced`() {
        var follower = follower(modulus: 1000, after: [100, 350])
        #expect(follower.accountant.totalMicrojoules == 250)
        #expect(follower.take(350) == .advance)
        #expect(follower.accountant.totalMicrojoules == 250)
        #expect(follower.accountant.wraps == 0)
    }

    @Test func `a counter that wraps adds what lies on both sides`() {
        var follower = follower(modulus: 1000, after: [990])
        #expect(follower.take(5) == .wrap)
        #expect(follower.accountant.totalMicrojoules == 15)
        #expect(follower.accountant.wraps == 1)
    }

    @Test func `a counter may wrap to 0, from its last value, and by all but one`() {
        #expect(follower(modulus: 1000, after: [999, 0]).accountant.totalMicrojoules == 1)
        #expect(follower(modulus: 1000, after: [1, 0]).accountant.totalMicrojoules == 999)
        #expect(follower(modulus: 1000, after: [1, 0]).accountant.wraps == 1)
        #expect(follower(modulus: 1000, after: [0, 999]).accountant.wraps == 0)
    }

    @Test(arguments: [1000, 1001, UInt64.max] as [UInt64])
    func `a reading beyond the range changes nothing`(raw: UInt64) {
        var follower = follower(modulus: 1000, after: [990])
        let before = follower.accountant
        #expect(follower.take(raw) == .outOfRange)
        #expect(follower.accountant == before)
        #expect(follower.take(5) == .wrap)
        #expect(follower.accountant.totalMicrojoules == 15, "counting goes on from the last good reading")
        #expect(follower.accountant.wraps == 1)
    }

    @Test func `a reading beyond the range is no start of counting`() {
        let follower = follower(modulus: 1000, after: [5000, 200, 300])
        #expect(follower.accountant.totalMicrojoules == 100)
    }

    @Test func `a counter of one value never counts`() {
        var follower = follower(modulus: 1, after: [0, 0, 0])
        #expect(follower.accountant.totalMicrojoules == 0)
        #expect(follower.take(1) == .outOfRange)
    }

    /// A counter that is driven by steps below its modulus, which is all that can be known of one, is followed exactly.
    @Test(arguments: 1...40 as ClosedRange<UInt64>)
    func `over a random walk the total is the sum of the steps`(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        // Below 2^52, so that the sum of all steps stays below 2^64 as it does on real machines for ever.
        let modulus = max(1, random.nextOfAnySize() >> 12)
        var model = CounterModel(modulus: modulus, position: UInt64.random(in: 0..<modulus, using: &random))
        var follower = follower(modulus: modulus)
        #expect(follower.take(model.position) == .start)
        for _ in 0..<500 {
            if random.next() % 8 == 0 {
                #expect(follower.take(UInt64.random(in: modulus...UInt64.max, using: &random)) == .outOfRange)
            } else {
                let hasWrapped = model.advance(by: step(below: modulus, &random))
                #expect(follower.take(model.position) == (hasWrapped ? .wrap : .advance))
            }
            #expect(follower.accountant.totalMicrojoules == model.total)
            #expect(follower.accountant.wraps == model.wraps)
        }
        #expect(follower.accountant.resets == 0)
        #expect(follower.accountant.gaps == 0)
    }

    /// Steps of every size, the extremes more often than chance would bring them.
    private func step(below modulus: UInt64, _ random: inout SplitMix64) -> UInt64 {
        switch random.next() % 8 {
        case 0: 0
        case 1: modulus - 1
        case 2: min(1, modulus - 1)
        case 3: random.nextOfAnySize() % modulus
        default: UInt64.random(in: 0..<modulus, using: &random)
        }
    }

    private func follower(modulus: UInt64, after readings: [UInt64] = []) -> Follower {
        var follower = Follower(modulus: modulus)
        for reading in readings { _ = follower.take(reading) }
        return follower
    }
}

/// The rules that tell a wrap, a reset and a gap apart, row by row: at a bound of 1 W, a microjoule is plausible for each
/// microsecond awake and for each of the slack of 5 ms. The counter's range is 1 J.
@Suite struct CounterAccountantRulesTests {
    /// With ticks once a minute, a counter of 65 kJ at a kilowatt was once left alone for too long, and every tick was a gap.
    @Test func `how long a counter may be left alone follows from its range and its bound`() {
        #expect(
            CounterAccountant(modulus: 1_000_000_000, boundMicrowatts: 100_000_000).knowableNanoseconds == 9_995_000_000
        )
        #expect(CounterAccountant(modulus: 1, boundMicrowatts: 1_000_000_000).knowableNanoseconds == 0)
        #expect(CounterAccountant(modulus: .max, boundMicrowatts: 1).knowableNanoseconds == .max)
    }

    struct Row: Sendable, CustomTestStringConvertible {
        let from: UInt64
        let to: UInt64
        /// Between the two readings.
        let awakeNanoseconds: UInt64
        let asleepNanoseconds: UInt64
        let step: Step
        let added: UInt64

        init(
            _ from: UInt64, _ to: UInt64, awakeMilliseconds: UInt64, asleepMilliseconds: UInt64 = 0, _ step: Step,
            adds added: UInt64
        ) {
            self.from = from
            self.to = to
            awakeNanoseconds = awakeMilliseconds * 1_000_000
            asleepNanoseconds = asleepMilliseconds * 1_000_000
            self.step = step
            self.added = added
        }

        var testDescription: String {
            "\(from) to \(to) in \(awakeNanoseconds) ns awake, \(asleepNanoseconds) ns asleep"
        }
    }

    @Test(arguments: [
        Row(700, 700, awakeMilliseconds: 0, .advance, adds: 0),
        Row(0, 5_000, awakeMilliseconds: 0, .advance, adds: 5_000),
        Row(0, 5_001, awakeMilliseconds: 0, .reset(.jumped), adds: 0),
        Row(100_000, 115_000, awakeMilliseconds: 10, .advance, adds: 15_000),
        Row(100_000, 115_001, awakeMilliseconds: 10, .reset(.jumped), adds: 0),
        Row(0, 999_999, awakeMilliseconds: 900, .reset(.jumped), adds: 0),
    ])
    func `a step forward is taken as far as it is plausible, and adds nothing beyond`(row: Row) {
        check(row)
    }

    @Test(arguments: [
        Row(990_000, 5_000, awakeMilliseconds: 10, .wrap, adds: 15_000),
        Row(990_000, 5_001, awakeMilliseconds: 10, .reset(.steppedBack), adds: 5_001),
        Row(999_999, 0, awakeMilliseconds: 0, .wrap, adds: 1),
        Row(995_000, 0, awakeMilliseconds: 0, .wrap, adds: 5_000),
        Row(994_999, 0, awakeMilliseconds: 0, .reset(.steppedBack), adds: 0),
        Row(900_000, 0, awakeMilliseconds: 10, .reset(.steppedBack), adds: 0),
        Row(900_000, 899_999, awakeMilliseconds: 100, .reset(.steppedBack), adds: 0),
    ])
    func `a step backward is a wrap where that is plausible, and otherwise a reset`(row: Row) {
        check(row)
    }

    @Test(arguments: [
        Row(900_000, 14_999, awakeMilliseconds: 10, .reset(.steppedBack), adds: 14_999),
        Row(900_000, 15_000, awakeMilliseconds: 10, .reset(.steppedBack), adds: 15_000),
        Row(900_000, 15_001, awakeMilliseconds: 10, .reset(.steppedBack), adds: 0),
        Row(500_000, 400_000, awakeMilliseconds: 395, .reset(.steppedBack), adds: 400_000),
        Row(500_000, 400_001, awakeMilliseconds: 395, .reset(.steppedBack), adds: 0),
    ])
    func `after a reset the reading is added if at least that is plausible`(row: Row) {
        check(row)
    }

    @Test(arguments: [
        Row(900_000, 3_000, awakeMilliseconds: 10, asleepMilliseconds: 3_600_000, .reset(.suspend), adds: 3_000),
        Row(900_000, 15_001, awakeMilliseconds: 10, asleepMilliseconds: 3_600_000, .reset(.suspend), adds: 0),
    ])
    func `a step back over a sleep is a reset at once, which adds what is plausible awake`(row: Row) {
        check(row)
    }

    /// A counter that went on through sleep once lost all of it.
    @Test(arguments: [
        Row(100_000, 115_001, awakeMilliseconds: 10, asleepMilliseconds: 500, .advance, adds: 15_001),
        Row(100_000, 615_000, awakeMilliseconds: 10, asleepMilliseconds: 500, .advance, adds: 515_000),
        Row(100_000, 615_001, awakeMilliseconds: 10, asleepMilliseconds: 500, .reset(.suspend), adds: 0),
        Row(100_000, 900_000, awakeMilliseconds: 10, asleepMilliseconds: 979, .advance, adds: 800_000),
        Row(100_000, 900_000, awakeMilliseconds: 10, asleepMilliseconds: 985, .gap, adds: 800_000),
        Row(100_000, 115_001, awakeMilliseconds: 10, asleepMilliseconds: 3_600_000, .gap, adds: 15_001),
    ])
    func `a step forward over a sleep is taken as far as it is plausible over both, and may hide a wrap`(row: Row) {
        check(row)
    }

    @Test(arguments: [
        Row(100_000, 115_000, awakeMilliseconds: 10, asleepMilliseconds: 600, .advance, adds: 15_000),
        Row(100_000, 115_000, awakeMilliseconds: 10, asleepMilliseconds: 3_600_000, .gap, adds: 15_000),
        Row(990_000, 5_000, awakeMilliseconds: 10, asleepMilliseconds: 3_600_000, .wrap, adds: 15_000),
    ])
    func `a counter that stood still through sleep goes on`(row: Row) {
        check(row)
    }

    @Test(arguments: [
        Row(900_000, 0, awakeMilliseconds: 10, asleepMilliseconds: 10, .reset(.steppedBack), adds: 0),
        Row(900_000, 0, awakeMilliseconds: 10, asleepMilliseconds: 11, .reset(.suspend), adds: 0),
        Row(0, 900_000, awakeMilliseconds: 10, asleepMilliseconds: 10, .reset(.jumped), adds: 0),
    ])
    func `the clocks may differ a little without a sleep`(row: Row) {
        check(row)
    }

    /// A range of 1 J takes 995 ms at 1 W, with the slack.
    @Test(arguments: [
        Row(100, 900_000, awakeMilliseconds: 994, .advance, adds: 899_900),
        Row(100, 900_000, awakeMilliseconds: 995, .gap, adds: 899_900),
        Row(900_000, 300_000, awakeMilliseconds: 994, .wrap, adds: 400_000),
        Row(900_000, 300_000, awakeMilliseconds: 995, .gap, adds: 300_000),
        Row(5, 5, awakeMilliseconds: 995, .gap, adds: 0),
        Row(0, 999_999, awakeMilliseconds: 995, .gap, adds: 999_999),
        Row(999_999, 0, awakeMilliseconds: 3_600_000, .gap, adds: 0),
        Row(900_000, 300_000, awakeMilliseconds: 995, asleepMilliseconds: 3_600_000, .gap, adds: 300_000),
    ])
    func `an interval as long as the range is a gap, and adds the least of what can have been`(row: Row) {
        check(row)
    }

    @Test func `each step is counted under its own name only`() {
        var accountant = CounterAccountant(modulus: 10_000_000, boundMicrowatts: 1_000_000)
        let steps = [
            (0, 1), (10, 5), (20, 999_000), (30, 10_000_000), (600, 999_001), (1_100, 999_002), (1_110, 998_990),
            (1_800, 998_990), (2_300, 998_990), (20_000, 40), (20_010, 50),
        ]
        let told = steps.map { milliseconds, raw in
            accountant.take(UInt64(raw), at: moment(awake: UInt64(milliseconds) * 1_000_000))
        }
        #expect(
            told == [
                .start, .advance, .doubt, .outOfRange, .doubt, .reset(.jumped), .doubt, .doubt, .reset(.steppedBack),
                .gap,
                .advance,
            ])
        #expect(accountant.wraps == 0)
        #expect(accountant.resets == 2)
        #expect(accountant.gaps == 1)
        #expect(accountant.glitches == 0)
    }

    @Test func `after a reset counting goes on from the new reading`() {
        var accountant = CounterAccountant(modulus: 1_000_000, boundMicrowatts: 1_000_000)
        let readings = [(0, 900_000), (10, 2_000), (500, 2_000), (1_070, 4_000), (1_080, 5_000)] as [(UInt64, UInt64)]
        for (milliseconds, raw) in readings { _ = accountant.take(raw, at: moment(awake: milliseconds * 1_000_000)) }
        #expect(accountant.resets == 1)
        #expect(accountant.totalMicrojoules == 5_000)
        #expect(accountant.last?.raw == 5_000)
    }

    @Test func `a gap that the source told of is counted and adds nothing`() {
        var accountant = CounterAccountant(modulus: 1000, boundMicrowatts: 1)
        accountant.countGap()
        #expect(accountant.gaps == 1)
        #expect(accountant.totalMicrojoules == 0)
    }

    @Test func `after forgetting the latest reading the next one is a start`() {
        var accountant = CounterAccountant(modulus: 1000, boundMicrowatts: 10_000)
        _ = accountant.take(10, at: moment(awake: 0))
        _ = accountant.take(20, at: moment(awake: 0))
        accountant.forgetLast()
        #expect(accountant.take(900, at: moment(awake: 0)) == .start)
        #expect(accountant.totalMicrojoules == 10)
    }

    @Test func `a counter of another range is a reset that keeps the total`() {
        var accountant = CounterAccountant(modulus: 1000, boundMicrowatts: 10_000)
        _ = accountant.take(10, at: moment(awake: 0))
        _ = accountant.take(20, at: moment(awake: 0))
        accountant.replaceCounter(modulus: 500, boundMicrowatts: 20_000)
        #expect(accountant.resets == 1)
        #expect(accountant.totalMicrojoules == 10)
        #expect(accountant.modulus == 500)
        #expect(accountant.boundMicrowatts == 20_000)
        #expect(accountant.take(700, at: moment(awake: 0)) == .outOfRange)
        #expect(accountant.take(400, at: moment(awake: 0)) == .start)
        #expect(accountant.take(410, at: moment(awake: 0)) == .advance)
        #expect(accountant.totalMicrojoules == 20)
    }

    @Test func `another bound changes nothing else`() {
        var accountant = CounterAccountant(modulus: 1000, boundMicrowatts: 10_000)
        for raw in [10, 999, 5] as [UInt64] { _ = accountant.take(raw, at: moment(awake: 0)) }
        accountant.countGap()
        let other = accountant.withBound(7)
        #expect(other.boundMicrowatts == 7)
        #expect(other.withBound(10_000) == accountant)
    }

    /// A clock that stepped back, which none of the two does, makes an interval of nothing but the slack.
    @Test func `an interval that ends before it begins is as short as one can be`() {
        var accountant = CounterAccountant(modulus: 1_000_000, boundMicrowatts: 1_000_000)
        _ = accountant.take(0, at: moment(awake: 1_000_000_000))
        #expect(accountant.take(5_000, at: moment(awake: 0)) == .advance)
        _ = accountant.take(0, at: moment(awake: 1_000_000_000))
        #expect(accountant.take(5_001, at: moment(awake: 0)) == .doubt)
    }

    /// Clock readings near 2^64, as a damaged ledger may hold them, once ended the process: sums of them trapped.
    @Test func `no numbers whatever trap`() {
        let extremes: [UInt64] = [0, 1, UInt64.max / 2, UInt64.max - 5_000_000, UInt64.max - 1, UInt64.max]
        var random = SplitMix64(seed: 4)
        for _ in 0..<4_000 {
            func any() -> UInt64 {
                Bool.random(using: &random) ? extremes.randomElement(using: &random) ?? 0 : random.nextOfAnySize()
            }
            func anyMoment() -> Moment { Moment(monotonicNanoseconds: any(), boottimeNanoseconds: any()) }
            let modulus = max(1, any())
            let start = CounterAccountant.Anchor(raw: any() % modulus, moment: anyMoment())
            var accountant = CounterAccountant(
                modulus: modulus, boundMicrowatts: max(1, any()), totalMicrojoules: any(), wraps: 0, resets: 0, gaps: 0,
                last: start)
            for _ in 0..<4 {
                let before = accountant.totalMicrojoules
                let raw = any()
                let step = accountant.take(raw, at: anyMoment())
                #expect((step == .outOfRange) == (raw >= modulus))
                if step != .doubt, step != .correction, step != .glitch {
                    #expect(accountant.totalMicrojoules &- before <= modulus)
                }
            }
        }
    }

    /// What is in doubt is read on until it is decided, while the counter stands still.
    private func check(_ row: Row) {
        var accountant = CounterAccountant(modulus: 1_000_000, boundMicrowatts: 1_000_000)
        _ = accountant.take(row.from, at: moment(awake: 7_000_000_000, asleep: 90_000_000_000))
        var awake = 7_000_000_000 + row.awakeNanoseconds
        let asleep = 90_000_000_000 + row.asleepNanoseconds
        var step = accountant.take(row.to, at: moment(awake: awake, asleep: asleep))
        for _ in 0..<2 where step == .doubt {
            #expect(accountant.totalMicrojoules == 0, "nothing is added while there is doubt")
            awake += 600_000_000
            step = accountant.take(row.to, at: moment(awake: awake, asleep: asleep))
        }
        #expect(step == row.step)
        #expect(accountant.totalMicrojoules == row.added)
        #expect(accountant.wraps == (row.step == .wrap ? 1 : 0))
        #expect(accountant.gaps == (row.step == .gap ? 1 : 0))
    }

    private func moment(awake: UInt64, asleep: UInt64 = 0) -> Moment {
        Moment(monotonicNanoseconds: awake, boottimeNanoseconds: awake + asleep)
    }
}

/// An accountant that is read as rarely as its counter bears: any step below the modulus is plausible, and nothing is a gap.
private struct Follower {
    var accountant: CounterAccountant
    private var nanoseconds: UInt64 = 0
    private let intervalNanoseconds: UInt64

    init(modulus: UInt64) {
        // A microjoule each nanosecond at 1 kW; where the range is shorter than the slack then, one each second at 1 uW.
        let isLong = modulus > 2 * CounterAccountant.slackNanoseconds
        accountant = CounterAccountant(modulus: modulus, boundMicrowatts: isLong ? 1_000_000_000 : 1)
        let nanosecondsPerMicrojoule: UInt64 = isLong ? 1 : 1_000_000_000
        let whole = (modulus - 1) * nanosecondsPerMicrojoule
        intervalNanoseconds = whole - min(whole, isLong ? CounterAccountant.slackNanoseconds : 0)
    }

    mutating func take(_ raw: UInt64) -> Step {
        nanoseconds += intervalNanoseconds
        let step = accountant.take(
            raw, at: Moment(monotonicNanoseconds: nanoseconds, boottimeNanoseconds: nanoseconds))
        // What cannot be read took no time, so that the interval is never longer than meant.
        if step == .outOfRange { nanoseconds -= intervalNanoseconds }
        return step
    }
}

/// What the hardware does, and the truth about it.
private struct CounterModel {
    let modulus: UInt64
    var position: UInt64
    var total: UInt64 = 0
    var wraps: UInt64 = 0

    /// Returns whether it wrapped.
    mutating func advance(by step: UInt64) -> Bool {
        total += step
        let hasWrapped = position + step >= modulus
        if hasWrapped { wraps += 1 }
        position = (position + step) % modulus
        return hasWrapped
    }
}
