import Counters
import Kernel
import TestSupport

@testable import Accounts
@testable import Sampling

/// A machine whose counters glitch, watched by one run of the program after the other with the same ledger: counters that come late,
/// go and come back under other numbers, reads that fail or take long, kills at any moment.
///
/// Whatever happens, the published total never falls and is never above the truth but for a step forward that proves false; when
/// all glitches are over and what was owed is paid, it is the truth to the microjoule.
struct GlitchHistory: ~Copyable {
    /// How often each thing was found, so that the test knows that it tests something.
    struct Tally {
        var glitches: UInt64 = 0
        var resets: UInt64 = 0
        var wraps: UInt64 = 0
        var readingsInDoubt = 0
        var readingsInDebt = 0
        var killsInDoubt = 0
        var killsInDebt = 0
        var returns = 0
        var failures = 0
        var lateStarts = 0
        var hidden = 0

        mutating func add(_ other: Tally) {
            glitches += other.glitches
            resets += other.resets
            wraps += other.wraps
            readingsInDoubt += other.readingsInDoubt
            readingsInDebt += other.readingsInDebt
            killsInDoubt += other.killsInDoubt
            killsInDebt += other.killsInDebt
            returns += other.returns
            failures += other.failures
            lateStarts += other.lateStarts
            hidden += other.hidden
        }
    }

    private static let boot = BootIdentity(high: 5, low: 6)
    private static let second: UInt64 = 1_000_000_000

    private(set) var tally = Tally()
    /// The first thing that did not hold.
    private(set) var fault: String?
    private let store: Store
    private var ledger: Ledger
    private var devices: [GlitchDevice]
    /// The devices that this run has found, in the order of its accounts.
    private var found: [Int] = []
    private var accounts: [DomainAccount] = []
    private var moment: Moment

    init(_ random: inout SplitMix64) throws {
        devices = [GlitchDevice(0, &random), GlitchDevice(1, &random)]
        let awake = random.next() >> 10
        moment = Moment(monotonicNanoseconds: awake, boottimeNanoseconds: awake + random.next() >> 10)
        let store = try Store()
        ledger = try GlitchHistory.ledger(store)
        self.store = store
        start([0, 1])
        pass(&random)
    }

    private static func ledger(_ store: borrowing Store) throws -> Ledger {
        Ledger(try store.handOver(), boot: boot, nowUnixMicroseconds: 0)
    }

    private mutating func start(_ present: [Int]) {
        found = present
        accounts = present.map { DomainAccount(devices[$0].facts) }
        _ = ledger.restore(&accounts)
    }

    mutating func proceed(_ random: inout SplitMix64) throws {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<12: glitch(&random)
        case 12..<14: wait(UInt64.random(in: 0...8 * Self.second, using: &random), &random)
        case 14..<17: try restart(&random)
        case 17..<20: fail(&random)
        case 20..<23: lose(&random)
        case 23..<30: wait(UInt64.random(in: 0...Self.second, using: &random), &random)
        default: live(UInt64.random(in: 80_000_000...120_000_000, using: &random), &random)
        }
        pass(&random)
    }

    /// A counter begins to glitch, unless it is in doubt already; often in a long interval, in which much is plausible.
    private mutating func glitch(_ random: inout SplitMix64) {
        let index = Int.random(in: accounts.indices, using: &random)
        guard !accounts[index].isInDoubt else { return }
        devices[found[index]].beginGlitch(at: now, &random)
        if Bool.random(using: &random) { live(UInt64.random(in: 0...4 * Self.second, using: &random), &random) }
    }

    private var now: UInt64 { moment.monotonicNanoseconds }

    private mutating func live(_ nanoseconds: UInt64, _ random: inout SplitMix64) {
        for index in devices.indices { devices[index].live(nanoseconds, &random) }
        moment.monotonicNanoseconds += nanoseconds
        moment.boottimeNanoseconds += nanoseconds
    }

    /// Lets time pass to the next tick, with readings before it while something is in doubt.
    private mutating func wait(_ nanoseconds: UInt64, _ random: inout SplitMix64) {
        var left = nanoseconds
        while left > 333_000_000, accounts.contains(where: \.isInDoubt) {
            live(333_000_000, &random)
            left -= 333_000_000
            pass(&random)
        }
        live(left, &random)
    }

    /// The run ends, as by SIGKILL, and the next one finds the devices in another order, or one of them later.
    private mutating func restart(_ random: inout SplitMix64) throws {
        tally.killsInDoubt += accounts.count { $0.isInDoubt }
        tally.killsInDebt += accounts.count { $0.accountant.debtMicrojoules > 0 }
        live(UInt64.random(in: 0...5 * Self.second, using: &random), &random)
        ledger = try GlitchHistory.ledger(store)
        let order = Bool.random(using: &random) ? [0, 1] : [1, 0]
        let isLate = Int.random(in: 0..<4, using: &random) == 0
        start(isLate ? [order[0]] : order)
        guard isLate else { return }
        tally.lateStarts += 1
        for _ in 0..<Int.random(in: 1...6, using: &random) {
            pass(&random)
            live(UInt64.random(in: 0...Self.second, using: &random), &random)
        }
        var account = DomainAccount(devices[order[1]].facts)
        _ = ledger.adopt(&account)
        found.append(order[1])
        accounts.append(account)
    }

    private mutating func fail(_ random: inout SplitMix64) {
        let index = Int.random(in: accounts.indices, using: &random)
        for _ in 0..<Int.random(in: 1...8, using: &random) {
            live(100_000_000, &random)
            accounts[index].take(.failure(.driverError), at: moment)
            accounts[index].endInterval(at: moment)
            tally.failures += 1
        }
    }

    /// A zone goes and comes back under another number, with its counter gone on. What it shows then is believed at once.
    private mutating func lose(_ random: inout SplitMix64) {
        let index = Int.random(in: accounts.indices, using: &random)
        guard devices[found[index]].glitch == nil, !accounts[index].isInDoubt else { return }
        accounts[index].take(.failure(.unregistered), at: moment)
        live(UInt64.random(in: 0...10 * Self.second, using: &random), &random)
        devices[found[index]].rename()
        accounts[index].resume(devices[found[index]].facts)
        tally.returns += 1
    }

    private mutating func pass(_ random: inout SplitMix64) {
        for index in accounts.indices {
            let device = found[index]
            let raw = devices[device].raw(
                at: now, isInDoubt: accounts[index].isInDoubt, isAway: accounts[index].accountant.former != nil)
            let took = Int.random(in: 0..<5, using: &random) == 0 ? UInt64.random(in: 0...3_000_000, using: &random) : 0
            accounts[index].take(.counter(raw), at: ReadSpan(moment, took: took))
            accounts[index].endInterval(at: ReadSpan(moment, took: took))
            check(index, device)
        }
        ledger.write(accounts)
    }

    private mutating func check(_ index: Int, _ number: Int) {
        let (account, device) = (accounts[index], devices[number])
        let total = account.totalMicrojoules
        if account.isInDoubt { tally.readingsInDoubt += 1 }
        if account.accountant.debtMicrojoules > 0 { tally.readingsInDebt += 1 }
        check(total >= device.published, "the total of \(number) fell from \(device.published) to \(total)")
        check(
            total <= device.truth + device.largestFalseRise,
            "the total of \(number) is \(total), the truth \(device.truth), the highest glitch \(device.largestFalseRise)"
        )
        let most = account.accountant.largestRiseMicrojoules * max(1, account.accountant.glitches)
        check(account.accountant.debtMicrojoules <= most, "the debt is more than all steps that can have been false")
        check(!account.isInDoubt || account.powerMicrowatts == nil, "there is power while there is doubt")
        devices[number].published = total
    }

    /// Ends all glitches, lets what is owed be paid, and compares with the truth.
    mutating func conclude(_ random: inout SplitMix64) {
        for index in devices.indices { devices[index].endGlitch(at: now) }
        for _ in 0..<12 {
            live(300_000_000, &random)
            pass(&random)
        }
        for _ in 0..<200 where accounts.contains(where: { $0.accountant.debtMicrojoules > 0 }) {
            live(Self.second, &random)
            pass(&random)
        }
        for (index, account) in accounts.enumerated() {
            let device = devices[found[index]]
            tally.glitches += account.accountant.glitches
            tally.resets += account.accountant.resets
            tally.wraps += account.accountant.wraps
            tally.hidden += device.wasHidden ? 1 : 0
            check(
                account.totalMicrojoules == device.truth
                    || device.wasHidden && account.totalMicrojoules < device.truth,
                "the total of \(device.number) is \(account.totalMicrojoules) and not \(device.truth)")
        }
    }

    private mutating func check(_ holds: Bool, _ what: @autoclosure () -> String) {
        if !holds && fault == nil { fault = what() }
    }
}
