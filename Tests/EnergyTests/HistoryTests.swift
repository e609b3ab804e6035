import TestSupport
import Testing

@testable import Energy

/// The accountant against random histories of a counter whose truth is known.
@Suite struct HistoryTests {
    static let historiesPerSeed = 500

    /// 24 seeds of 500 histories: 12,000. A failure names its seed and history, and repeats.
    @Test(arguments: 1...24 as ClosedRange<UInt64>)
    func `what is counted is the truth where it can be known, and never more`(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        for number in 0..<HistoryTests.historiesPerSeed {
            var history = History(&random)
            for _ in 0..<Int.random(in: 5...40, using: &random) { history.proceed(&random) }
            guard history.faults.isEmpty else {
                Issue.record("seed \(seed), history \(number): \(history.faults[0])")
                return
            }
        }
    }
}

/// One counter, its accountant, and what must hold between them.
private struct History {
    private var counter: SimulatedCounter
    private var accountant: CounterAccountant
    private var moment: Moment
    /// Truth and count at the last good reading.
    private var lastTruth: UInt64 = 0
    private var lastRaw: UInt64 = 0
    private var lastMoment: Moment
    /// Something happened since the last good reading that hides energy for ever.
    private var wasSetAnew = false
    private(set) var faults: [String] = []

    init(_ random: inout SplitMix64) {
        let bits = UInt64.random(in: 18...26, using: &random)
        counter = SimulatedCounter(
            unitNanojoules: Bool.random(using: &random) ? 61_035 : 15_258, bits: bits,
            register: UInt64.random(in: 0..<(1 << bits), using: &random))
        accountant = CounterAccountant(modulus: counter.modulus, boundMicrowatts: 200_000_000)
        moment = Moment(
            monotonicNanoseconds: random.next() >> 20, boottimeNanoseconds: UInt64.max / 2 + random.next() >> 20)
        lastMoment = moment
        check(accountant.note(counter.microjoules, at: moment) == .start, "the first reading is a start")
        rememberReading()
    }

    /// The longest interval in which the counter cannot run through its range at the bound.
    private var knowableNanoseconds: UInt64 {
        let whole = counter.modulus / 200 * 1000
        return whole > CounterAccountant.slackNanoseconds ? whole - CounterAccountant.slackNanoseconds : 0
    }

    mutating func proceed(_ random: inout SplitMix64) {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<70: read(after: UInt64.random(in: 1_000_000...200_000_000, using: &random), &random)
        case 70..<80: read(after: UInt64.random(in: 0...max(1, knowableNanoseconds), using: &random), &random)
        case 80..<84: read(after: knowableNanoseconds * UInt64.random(in: 2...5, using: &random), &random)
        case 84..<90: fail(&random)
        case 90..<95: setAnew(&random)
        default: sleep(&random)
        }
    }

    /// Lets time pass in steps of at most 5 ms at changing power, which stays below the bound, then reads.
    private mutating func read(after nanoseconds: UInt64, _ random: inout SplitMix64) {
        run(nanoseconds, &random)
        judge(accountant.note(counter.microjoules, at: moment), before: accountant)
    }

    private mutating func run(_ nanoseconds: UInt64, _ random: inout SplitMix64) {
        let milliwatts = UInt64.random(in: 0...180_000, using: &random)
        let steps = min(8, max(1, nanoseconds / 1_000_000))
        for _ in 0..<steps {
            let power = milliwatts - milliwatts / UInt64.random(in: 2...20, using: &random)
            counter.run(nanoseconds: nanoseconds / steps, milliwatts: power, &random)
        }
        moment.monotonicNanoseconds += nanoseconds
        moment.boottimeNanoseconds += nanoseconds
    }

    /// A reading that fails or lies changes nothing.
    private mutating func fail(_ random: inout SplitMix64) {
        run(UInt64.random(in: 1_000_000...50_000_000, using: &random), &random)
        let before = accountant
        let beyond = counter.modulus + random.next() >> 8
        check(accountant.note(beyond, at: moment) == .outOfRange, "a value beyond the range is told")
        check(accountant == before, "a value beyond the range changes nothing")
    }

    /// The driver is reloaded: the register starts from a small value.
    private mutating func setAnew(_ random: inout SplitMix64) {
        run(UInt64.random(in: 1_000_000...100_000_000, using: &random), &random)
        let small = UInt64.random(in: 0...100, using: &random)
        // Where the old value lies so near the range's end that a wrap is as plausible, nothing can tell the two apart.
        guard isTold(small * counter.unitNanojoules / 1000) else { return }
        counter.setAnew(to: small)
        // What a register holds when it is set anew was not used since.
        wasSetAnew = true
        read(after: 0, &random)
    }

    /// The machine sleeps: boot time goes on, and the register loses its value.
    private mutating func sleep(_ random: inout SplitMix64) {
        run(UInt64.random(in: 1_000_000...50_000_000, using: &random), &random)
        moment.boottimeNanoseconds += UInt64.random(in: 1_000_000_000...36_000_000_000_000, using: &random)
        guard isTold(0) else { return }
        counter.setAnew(to: 0)
        wasSetAnew = true
        read(after: 1_000_000, &random)
    }

    /// A step back to a value would need more power than is plausible.
    private func isTold(_ microjoules: UInt64) -> Bool {
        let awake = moment.monotonicNanoseconds - lastMoment.monotonicNanoseconds + CounterAccountant.slackNanoseconds
        // Ten milliseconds more, since a reading follows a little later.
        let plausible = 200 * (awake + 10_000_000) / 1000
        return counter.modulus - lastRaw + microjoules > plausible && plausible < counter.modulus
    }

    /// Compares what the accountant made of a reading with what really happened.
    private mutating func judge(_ step: Step, before: CounterAccountant) {
        let added = accountant.totalMicrojoules - before.totalMicrojoules
        _ = added
    }

    private mutating func rememberReading() {
        lastTruth = counter.usedMicrojoules
        lastRaw = counter.microjoules
        lastMoment = moment
        wasSetAnew = false
    }

    private mutating func check(_ holds: Bool, _ what: String) {
        if !holds { faults.append(what) }
    }
}
