import Bytes
import Counters
import Kernel
import TestSupport

@testable import Accounts
@testable import Sampling
@testable import Sources

/// One domain from its first reading on: a counter whose truth is known, things that happen to it and to the machine, the
/// account that is kept of it, and what must hold between truth and account after every reading.
///
/// **What can be known.** Of an interval between two good readings the truth is known if the counter was not set anew in it, if
/// no more was used than the bound allows for the time awake, and if the counter cannot have run through its whole range at the
/// bound. Then what is added is the truth to the nanojoule, but for the driver's rounding of both readings to microjoules
/// (less than 1 uJ, and it cancels over the intervals) and, for each wrap, of the range and the unit
/// (`SimulatedCounter.modulusErrorNanojoules`, at most 1.26 uJ). Elsewhere what is added is at most the truth.
///
/// **What cannot be told**, by anybody who sees only two numbers and two times: a counter that was set anew and shows a value
/// so little above the last one that it may as well have gone on, and one that was set anew so near its range's end that it may
/// as well have wrapped. These, and no others, may pass under a false name (`namesLeftOpen`), and only the latter may add more
/// than was used. A counter that is set anew to another value than 0 shows energy that nobody used since: that value is excused.
///
/// Steps of the wall clock are not among the things that happen: the accountant is given the two clocks that never step, and
/// nothing else, so that there is nothing for such a step to change.
struct History {
    /// How often each thing was found, so that the test knows that it tests something.
    struct Tally {
        var readings = 0
        var known = 0
        var wraps = 0
        var gaps = 0
        var resets: [ResetReason: Int] = [:]
        var namesLeftOpen = 0
        var corrections = 0
        var failures: [ReadFailure: Int] = [:]
        var restarts = 0

        mutating func add(_ other: Tally) {
            readings += other.readings
            known += other.known
            wraps += other.wraps
            gaps += other.gaps
            resets.merge(other.resets, uniquingKeysWith: +)
            namesLeftOpen += other.namesLeftOpen
            corrections += other.corrections
            failures.merge(other.failures, uniquingKeysWith: +)
            restarts += other.restarts
        }
    }

    /// What is remembered of the last good reading, and what happened since.
    private struct Since {
        var raw: UInt64
        var roundingNanojoules: UInt64
        var moment: Moment
        var unitsCounted: UInt64
        var timesRound: UInt64
        /// The register's value when it was last set anew.
        var setTo: UInt64?
        var hasSlept = false
        /// Another counter took the place of the one that was read.
        var isOtherCounter = false
    }

    private(set) var tally = Tally()
    /// The first thing that did not hold.
    private(set) var fault: String?

    private var counter: SimulatedCounter
    private var account: DomainAccount
    private let boundMilliwatts: UInt64
    private var moment: Moment
    private var since: Since
    /// All units counted in intervals that are over.
    private var truthNanojoules: UInt64 = 0
    /// By so much the count may be above the truth, for what cannot be told.
    private var excusedNanojoules: UInt64 = 0
    private var unknownIntervals: UInt64 = 0
    private var hasRead = false
    /// The counter was once set anew to another value than 0.
    private var wasSetToAny = false

    init(_ random: inout SplitMix64) {
        counter = History.anyCounter(&random)
        boundMilliwatts = UInt64.random(in: 20_000...400_000, using: &random)
        // The machine has run for up to 200 days, and slept for as long.
        let awake = random.next() >> 10
        moment = Moment(monotonicNanoseconds: awake, boottimeNanoseconds: awake + random.next() >> 10)
        account = DomainAccount(History.facts(counter, boundMilliwatts))
        since = History.since(counter, moment)
        readAndJudge()
    }

    private var facts: CounterFacts { History.facts(counter, boundMilliwatts) }

    private static func facts(_ counter: SimulatedCounter, _ boundMilliwatts: UInt64) -> CounterFacts {
        .of(
            Domain(kind: .package, socket: 0), modulus: counter.modulus, unitMicrojoules: counter.unitMicrojoules,
            boundMicrowatts: boundMilliwatts * 1000)
    }

    private static func anyCounter(_ random: inout SplitMix64) -> SimulatedCounter {
        let unit = SimulatedCounter.unitsNanojoules[Int.random(in: 0...1, using: &random)]
        // 32 J to 256 J: at tens of watts that is a wrap every few seconds.
        let bits = UInt64.random(in: 19...22, using: &random) + (unit < 20_000 ? 2 : 0)
        return SimulatedCounter(
            unitNanojoules: unit, bits: bits, register: UInt64.random(in: 0..<(1 << bits), using: &random))
    }

    private static func since(_ counter: SimulatedCounter, _ moment: Moment) -> Since {
        Since(
            raw: counter.microjoules, roundingNanojoules: counter.roundingNanojoules, moment: moment,
            unitsCounted: counter.unitsCounted, timesRound: counter.timesRound)
    }
}

/// The things that happen.
extension History {
    mutating func proceed(_ random: inout SplitMix64) {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<50:
            live(UInt64.random(in: 80_000_000...120_000_000, using: &random), &random)
            readAndJudge()
        case 50..<58:
            live(UInt64.random(in: 0...2_000_000, using: &random), &random)
            readAndJudge()
        case 58..<70:
            // A tick that comes late, by up to what can be known.
            live(UInt64.random(in: 0...knowableNanoseconds, using: &random), &random)
            readAndJudge()
        case 70..<74:
            // Or beyond that.
            live(knowableNanoseconds * UInt64.random(in: 1...5, using: &random), &random)
            readAndJudge()
        case 74..<82: failForAWhile(&random)
        case 82..<86: vanish(&random)
        case 86..<91: setAnew(&random)
        case 91..<97: sleep(&random)
        default: restart(&random)
        }
    }

    /// The longest interval in which the counter cannot run through its range at the bound.
    private var knowableNanoseconds: UInt64 {
        (counter.modulus - 1) * 1_000_000 / boundMilliwatts - CounterAccountant.slackNanoseconds
    }

    /// Lets time pass awake, at changing power up to the bound.
    private mutating func live(_ nanoseconds: UInt64, _ random: inout SplitMix64) {
        var rest = nanoseconds
        for _ in 0..<Int.random(in: 0...2, using: &random) {
            let part = UInt64.random(in: 0...rest, using: &random)
            counter.run(nanoseconds: part, milliwatts: anyPower(&random))
            rest -= part
        }
        counter.run(nanoseconds: rest, milliwatts: anyPower(&random))
        moment.monotonicNanoseconds += nanoseconds
        moment.boottimeNanoseconds += nanoseconds
    }

    private func anyPower(_ random: inout SplitMix64) -> UInt64 {
        switch random.next() % 8 {
        case 0: 0
        case 1, 2: boundMilliwatts
        default: UInt64.random(in: 0...boundMilliwatts, using: &random)
        }
    }

    /// Reads that give nothing usable, for as long as it takes.
    private mutating func failForAWhile(_ random: inout SplitMix64) {
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            live(UInt64.random(in: 1_000_000...110_000_000, using: &random), &random)
            switch random.next() % 8 {
            case 0: fail(.failure(ReadFailure(.invalidArgument)), as: .driverError)
            case 1: fail(.failure(ReadFailure(.inputOutput)), as: .driverError)
            case 2: fail(.failure(ReadFailure(.permissionDenied)), as: .other)
            case 3: fail(History.parse(""), as: .empty)
            case 4: fail(History.parse("\n"), as: .empty)
            case 5: fail(History.parse("\(counter.microjoules)x\n"), as: .garbage)
            case 6: fail(History.parse("-1\n"), as: .garbage)
            default:
                let beyond = counter.modulus + random.nextOfAnySize() / 2
                fail(History.parse("\(beyond)\n"), as: .garbage)
            }
        }
    }

    /// The zone goes from the kernel for a while and comes back: with its counter gone on, set anew, or another one.
    private mutating func vanish(_ random: inout SplitMix64) {
        for _ in 0..<Int.random(in: 1...5, using: &random) {
            live(UInt64.random(in: 0...knowableNanoseconds / 3, using: &random), &random)
            fail(.failure(ReadFailure(.noDevice)), as: .unregistered)
        }
        switch random.next() % 4 {
        case 0: setRegister(to: 0)
        case 1: replaceCounter(&random)
        default: break
        }
        if !since.isOtherCounter { account.resume(facts) }
        readAndJudge()
    }

    private mutating func replaceCounter(_ random: inout SplitMix64) {
        settle()
        unknownIntervals += 1
        // One of the same range could not be told from the one that went.
        let modulus = counter.modulus
        repeat { counter = History.anyCounter(&random) } while counter.modulus == modulus
        since = History.since(counter, moment)
        since.isOtherCounter = true
        account.resume(facts)
    }

    /// The register starts anew while the machine runs: from 0, from little, or from anywhere.
    private mutating func setAnew(_ random: inout SplitMix64) {
        live(UInt64.random(in: 1_000_000...100_000_000, using: &random), &random)
        switch random.next() % 4 {
        case 0: setRegister(to: UInt64.random(in: 0..<(1 << counter.bits), using: &random))
        case 1: setRegister(to: UInt64.random(in: 0...100, using: &random))
        default: setRegister(to: 0)
        }
        live(UInt64.random(in: 0...100_000_000, using: &random), &random)
        readAndJudge()
    }

    private mutating func setRegister(to value: UInt64) {
        counter.setAnew(to: value)
        since.setTo = value
        if value > 0 { wasSetToAny = true }
    }

    /// The machine sleeps: the counter is off and begins anew, stands still, or goes on with the little that sleep takes.
    private mutating func sleep(_ random: inout SplitMix64) {
        live(UInt64.random(in: 0...50_000_000, using: &random), &random)
        let nanoseconds = UInt64.random(in: 1_000_000_000...36_000_000_000_000, using: &random)
        moment.boottimeNanoseconds += nanoseconds
        since.hasSlept = true
        switch random.next() % 3 {
        case 0: setRegister(to: 0)
        case 1: counter.run(nanoseconds: nanoseconds, milliwatts: UInt64.random(in: 1...3_000, using: &random))
        default: break
        }
        live(UInt64.random(in: 0...100_000_000, using: &random), &random)
        readAndJudge()
    }

    /// The program ends, and another run of it goes on from the ledger after a while.
    private mutating func restart(_ random: inout SplitMix64) {
        var bytes = ByteBuffer(capacity: LedgerImage.longestBytes)
        var encoder = LedgerEncoder(boot: BootIdentity(high: 1, low: 2), sequence: 1, recordCount: 1, into: &bytes)
        encoder.append(
            LedgerIdentity(account.facts), account.accountant, startUnixMicroseconds: 0, lastSeenSequence: 1,
            into: &bytes)
        encoder.finish(into: &bytes)
        let record = bytes.withBytes { bytes in
            do throws(LedgerImage.Refusal) {
                return try LedgerImage.decode(bytes).records.first
            } catch {
                return nil
            }
        }
        check(record?.accountant == account.accountant, "the ledger gave back another account")
        account = DomainAccount(facts)
        if let record { account.restore(record.accountant) }
        tally.restarts += 1
        live(UInt64.random(in: 0...knowableNanoseconds, using: &random), &random)
        readAndJudge()
    }
}

/// What must hold.
extension History {
    /// A reading that fails changes nothing, and is counted under its reason.
    private mutating func fail(_ reading: Reading, as reason: ReadFailure) {
        let (before, count) = (account.accountant, account.failureCount(reason))
        account.take(reading, at: moment)
        account.endInterval(at: moment)
        check(account.accountant == before, "a reading that failed changed the account")
        check(account.failure == reason, "a reading that failed by \(reason) was taken for something else")
        check(account.failureCount(reason) == count + 1, "a reading that failed was not counted")
        check(account.powerMicrowatts == nil, "there is power though the reading failed")
        tally.failures[reason, default: 0] += 1
    }

    /// Reads the counter as the kernel shows it, and compares what the account made of it with what really happened.
    private mutating func readAndJudge() {
        let before = account.accountant
        read()
        let happened = happened()
        decide(before)
        tally.readings += 1
        let after = account.accountant
        check(account.failure == nil, "a good reading failed")
        check(after.totalMicrojoules >= before.totalMicrojoules, "the total decreased")
        if hasRead && !since.isOtherCounter {
            let added = Int(after.totalMicrojoules - before.totalMicrojoules) - debt(of: after) + debt(of: before)
            judge(step(from: before, to: after), added: added, happened)
        } else {
            var told = after
            told.last = before.last
            check(told == before, "a first reading changed the account")
        }
        hasRead = true
        settle()
        check(total: after)
        since = History.since(counter, moment)
    }

    private func debt(of accountant: CounterAccountant) -> Int { Int(accountant.debtMicrojoules) }

    private mutating func read() {
        account.take(History.parse("\(counter.microjoules)\n"), at: moment)
        account.endInterval(at: moment)
    }

    /// Reads on until there is no doubt.
    private mutating func decide(_ before: CounterAccountant) {
        let pause = min(knowableNanoseconds / 2, 500_000_000)
        while account.isInDoubt {
            check(account.powerMicrowatts == nil, "there is power while there is doubt")
            check(account.totalMicrojoules == before.totalMicrojoules, "something was added while there is doubt")
            moment.monotonicNanoseconds += pause
            moment.boottimeNanoseconds += pause
            read()
        }
    }

    /// The name under which a reading was counted, of which there can be only one.
    private mutating func step(from before: CounterAccountant, to after: CounterAccountant) -> Step {
        let (wraps, resets, gaps) = (after.wraps - before.wraps, after.resets - before.resets, after.gaps - before.gaps)
        switch (wraps, resets, gaps, after.glitches - before.glitches, account.lastReset) {
        case (0, 0, 0, 0, _): return .advance
        case (1, 0, 0, 0, _): return .wrap
        case (0, 0, 1, 0, _): return .gap
        case (0, 0, 0, 1, _): return .correction
        case (0, 1, 0, 0, .some(let reason)): return .reset(reason)
        default:
            check(false, "a reading was counted as \(wraps) wraps, \(resets) resets and \(gaps) gaps")
            return .outOfRange
        }
    }

    /// What happened since the last good reading.
    private mutating func happened() -> Happened {
        let units = counter.unitsCounted - since.unitsCounted
        let usedNanojoules = units * counter.unitNanojoules
        func plausible(_ nanoseconds: UInt64) -> UInt64 {
            boundMilliwatts.scaled(by: nanoseconds + CounterAccountant.slackNanoseconds, over: 1_000_000)
        }
        let awake = moment.monotonicNanoseconds - since.moment.monotonicNanoseconds
        let happened = Happened(
            usedNanojoules: usedNanojoules, plausible: plausible(awake),
            plausibleAsleep: plausible(moment.boottimeNanoseconds - since.moment.boottimeNanoseconds),
            awakeNanoseconds: awake, raw: counter.microjoules)
        check(
            usedNanojoules + 2_000 <= happened.most(since.hasSlept) * 1000, "the simulation used more than the bound")
        return happened
    }

    private mutating func judge(_ step: Step, added: Int, _ happened: Happened) {
        if step == .correction {
            check(wasSetToAny, "a correction though the counter was never set anew to anything but 0")
            tally.corrections += 1
        } else if let expected = expectedStep(happened) {
            check(step == expected, "what was \(expected) was counted as \(step)")
        } else {
            tally.namesLeftOpen += 1
        }
        switch step {
        case .wrap: tally.wraps += 1
        case .gap: tally.gaps += 1
        case .reset(let reason): tally.resets[reason, default: 0] += 1
        case .start, .advance, .doubt, .glitch, .correction, .outOfRange: break
        }
        check(added: added, step, happened)
        check(power: step, added: added, nanoseconds: happened.awakeNanoseconds)
    }

    /// What happened between two readings.
    private struct Happened {
        let usedNanojoules: UInt64
        /// The most that is believed of the time awake, in microjoules.
        let plausible: UInt64
        /// The most that is believed of the time awake and asleep.
        let plausibleAsleep: UInt64
        let awakeNanoseconds: UInt64
        let raw: UInt64

        func most(_ hasSlept: Bool) -> UInt64 { hasSlept ? plausibleAsleep : plausible }
    }

    /// What a reading must be counted as; nil where that cannot be told.
    private func expectedStep(_ happened: Happened) -> Step? {
        if happened.plausible >= counter.modulus { return .gap }
        let isForward = happened.raw >= since.raw
        let apparent = isForward ? happened.raw - since.raw : counter.modulus - since.raw + happened.raw
        if since.hasSlept, isForward, apparent <= happened.plausibleAsleep {
            return happened.plausibleAsleep >= counter.modulus ? .gap : since.setTo == nil ? .advance : nil
        }
        if since.hasSlept, apparent > happened.plausible { return .reset(.suspend) }
        if since.setTo == nil && (!since.hasSlept || happened.usedNanojoules + 2_000 <= happened.plausible * 1000) {
            return counter.timesRound == since.timesRound ? .advance : .wrap
        }
        if apparent <= happened.plausible { return nil }
        return .reset(isForward ? .jumped : .steppedBack)
    }

    /// The truth of an interval is known; over a sleep only if the counter can and did go on in one direction.
    private func isKnown(_ step: Step, _ happened: Happened) -> Bool {
        guard since.setTo == nil, step != .gap else { return false }
        if happened.usedNanojoules + 2_000 <= happened.plausible * 1000 { return happened.plausible < counter.modulus }
        return since.hasSlept && step == .advance
    }

    private mutating func check(added: Int, _ step: Step, _ happened: Happened) {
        if step == .correction {
            unknownIntervals += 1
            excusedNanojoules += UInt64(max(0, added)) * 1_000
            return
        }
        let most = happened.most(since.hasSlept)
        check(added <= Int(clamping: most), "\(added) uJ were added where \(most) uJ are plausible")
        if isKnown(step, happened) {
            tally.known += 1
            let wraps = counter.timesRound - since.timesRound
            let counted = added * 1000 + Int(wraps * counter.modulusErrorNanojoules + counter.roundingNanojoules)
            let truth = Int(happened.usedNanojoules + since.roundingNanojoules)
            check(counted == truth, "\(added) uJ were added where \(happened.usedNanojoules) nJ were used")
            return
        }
        unknownIntervals += 1
        var excused = (since.setTo ?? 0) * counter.unitNanojoules
        // A wrap as plausible as being set anew is taken for one: no more than what is plausible.
        if since.setTo != nil && step == .wrap { excused = happened.plausible * 1000 }
        excusedNanojoules += excused
        let limit = Int(happened.usedNanojoules + excused) + 999
        check(added * 1000 <= limit, "\(added) uJ were added as \(step) where \(happened.usedNanojoules) nJ were used")
    }

    /// Power is told where energy is known and nobody slept, and nowhere else.
    private mutating func check(power step: Step, added: Int, nanoseconds: UInt64) {
        guard !since.hasSlept else { return check(account.powerMicrowatts == nil, "there is power over a sleep") }
        switch step {
        case .reset, .gap, .correction: check(account.powerMicrowatts == nil, "there is power over \(step)")
        case .advance, .wrap, .start, .doubt, .glitch, .outOfRange:
            guard nanoseconds > 0, let power = account.powerMicrowatts else { return }
            let expected = microwatts(microjoules: UInt64(max(0, added)), nanoseconds: nanoseconds)
            check(power == expected, "the power is \(power) uW over \(added) uJ in \(nanoseconds) ns")
        }
    }

    /// What a user sees: the sum of it all beside the sum of the truth.
    private mutating func check(total accountant: CounterAccountant) {
        let counted = accountant.totalMicrojoules * 1000
        // A microjoule for where each uninterrupted run of known intervals began, and 1.26 for each wrap.
        let roundings = 1_000 * (1 + unknownIntervals)
        check(counted <= truthNanojoules + excusedNanojoules + roundings, "more was counted than was used")
        guard unknownIntervals == 0, accountant.resets == 0 else { return }
        check(
            counted + roundings + 1_258 * accountant.wraps >= truthNanojoules,
            "less was counted than was used though all of it was known")
    }

    /// Adds up the truth of the interval that is over.
    private mutating func settle() {
        truthNanojoules += (counter.unitsCounted - since.unitsCounted) * counter.unitNanojoules
        since.unitsCounted = counter.unitsCounted
    }

    private static func parse(_ text: String) -> Reading {
        let bytes = Array(text.utf8)
        return parseCounter(bytes.span)
    }

    private mutating func check(_ holds: Bool, _ what: @autoclosure () -> String) {
        if !holds && fault == nil { fault = "reading \(tally.readings): \(what())" }
    }
}
