import Counters
import TestSupport
import Testing

@testable import Accounts

@Suite struct DomainAccountTests {
    private static let second: UInt64 = 1_000_000_000

    @Test func `power is unknown until there are two ticks`() {
        var account = account()
        #expect(account.powerMicrowatts == nil)
        tick(&account, .counter(500), second: 1)
        #expect(account.powerMicrowatts == nil)
        #expect(account.totalMicrojoules == 0)
        tick(&account, .counter(500), second: 2)
        #expect(account.powerMicrowatts == 0)
    }

    @Test func `power is the average over the measured interval`() {
        var account = account()
        tick(&account, .counter(0), second: 1)
        tick(&account, .counter(20_000_000), second: 2)
        #expect(account.powerMicrowatts == 20_000_000)
        tick(&account, .counter(50_000_000), second: 5)
        #expect(account.powerMicrowatts == 10_000_000)
        #expect(account.totalMicrojoules == 50_000_000)
    }

    @Test func `power counts across a wrap`() {
        var account = account(modulus: 1000)
        tick(&account, .counter(900), second: 1)
        tick(&account, .counter(100), second: 2)
        #expect(account.powerMicrowatts == 200)
        #expect(account.accountant.wraps == 1)
    }

    @Test func `a reading between ticks moves the total and not the power`() {
        var account = account()
        tick(&account, .counter(0), second: 1)
        tick(&account, .counter(100), second: 2)
        account.take(.counter(150), at: moment(second: 2))
        #expect(account.totalMicrojoules == 150)
        #expect(account.powerMicrowatts == 100)
        tick(&account, .counter(400), second: 3)
        #expect(account.powerMicrowatts == 300)
    }

    @Test func `a tick at the time of the last one leaves the power as it is`() {
        var account = account()
        tick(&account, .counter(0), second: 1)
        tick(&account, .counter(100), second: 2)
        tick(&account, .counter(100), second: 2)
        #expect(account.powerMicrowatts == 100)
    }

    @Test(arguments: ReadFailure.allCases)
    func `a failure is counted by its reason, hides the power and keeps the total`(reason: ReadFailure) {
        var account = account()
        tick(&account, .counter(0), second: 1)
        tick(&account, .counter(100), second: 2)
        tick(&account, .failure(reason), second: 3)
        tick(&account, .failure(reason), second: 4)
        #expect(account.failure == reason)
        #expect(account.powerMicrowatts == nil)
        #expect(account.totalMicrojoules == 100)
        for other in ReadFailure.allCases {
            #expect(account.failureCount(other) == (other == reason ? 2 : 0))
        }
    }

    @Test func `after failures the power is the true average since the last good tick`() {
        var account = account()
        tick(&account, .counter(0), second: 1)
        tick(&account, .counter(100), second: 2)
        tick(&account, .failure(.driverError), second: 3)
        tick(&account, .failure(.empty), second: 4)
        tick(&account, .counter(400), second: 5)
        #expect(account.failure == nil)
        #expect(account.powerMicrowatts == 100)
        #expect(account.totalMicrojoules == 400)
        #expect(account.failureCount(.driverError) == 1)
        #expect(account.failureCount(.empty) == 1)
    }

    @Test func `a failure between ticks does not hide the power, and a success there does not bring it back`() {
        var account = account()
        tick(&account, .counter(0), second: 1)
        tick(&account, .counter(100), second: 2)
        account.take(.failure(.other), at: moment(second: 2))
        #expect(account.failure == .other)
        #expect(account.powerMicrowatts == 100)
        tick(&account, .failure(.other), second: 3)
        account.take(.counter(200), at: moment(second: 3))
        #expect(account.failure == nil)
        #expect(account.powerMicrowatts == nil)
        #expect(account.totalMicrojoules == 200)
    }

    @Test func `a zone that fails from the start counts nothing until it is read`() {
        var account = account()
        tick(&account, .failure(.driverError), second: 1)
        tick(&account, .counter(700), second: 2)
        #expect(account.powerMicrowatts == nil)
        #expect(account.totalMicrojoules == 0)
        tick(&account, .counter(800), second: 3)
        #expect(account.powerMicrowatts == 100)
    }

    @Test func `a number beyond the counter's range is garbage`() {
        var account = account(modulus: 1000)
        tick(&account, .counter(0), second: 1)
        tick(&account, .counter(1000), second: 2)
        #expect(account.failure == .garbage)
        #expect(account.failureCount(.garbage) == 1)
        #expect(account.powerMicrowatts == nil)
        #expect(account.totalMicrojoules == 0)
    }

    @Test func `where energy is unknown there is no power, and the next interval has one again`() {
        var account = account()
        tick(&account, .counter(0), second: 1)
        tick(&account, .counter(100), second: 2)
        for second in 3...5 as ClosedRange<UInt64> {
            #expect(account.lastReset == nil)
            tick(&account, .counter(50), second: second)
            #expect(account.isInDoubt == (second < 5))
            #expect(account.powerMicrowatts == nil)
            #expect(account.powerUncertaintyMicrowatts == nil)
        }
        #expect(account.lastReset == .steppedBack)
        #expect(account.totalMicrojoules == 150)
        tick(&account, .counter(250), second: 6)
        #expect(account.powerMicrowatts == 200)
        tick(&account, .counter(300), second: 5_000)
        #expect(account.accountant.gaps == 1)
        #expect(account.powerMicrowatts == nil)
        tick(&account, .counter(400), second: 5_001)
        #expect(account.powerMicrowatts == 100)
    }

    @Test func `a reset between two ticks hides the power of the tick after it`() {
        var account = account()
        tick(&account, .counter(0), second: 1)
        tick(&account, .counter(100), second: 2)
        for second in 3...5 as ClosedRange<UInt64> {
            account.take(.counter(50), at: moment(second: second))
            #expect(account.powerMicrowatts == 100)
        }
        #expect(account.accountant.resets == 1)
        tick(&account, .counter(60), second: 6)
        #expect(account.powerMicrowatts == nil)
        tick(&account, .counter(160), second: 7)
        #expect(account.powerMicrowatts == 100)
    }

    @Test func `a gap that the source told of is counted, and hides the power`() {
        var account = account()
        tick(&account, .counter(0), second: 1)
        tick(&account, .counter(100, afterGap: true), second: 2)
        #expect(account.accountant.gaps == 1)
        #expect(account.powerMicrowatts == nil)
        tick(&account, .counter(300), second: 3)
        #expect(account.powerMicrowatts == 200)
    }

    @Test func `a counter that began with the process starts anew in the next one, and the total stays`() {
        var account = DomainAccount(
            .of(
                Domain(kind: .package, socket: 0), source: .perf, modulus: 1_000_000_000, unitMicrojoules: 61,
                boundMicrowatts: 100_000_000, outlivesProcess: false))
        tick(&account, .counter(0), second: 1)
        tick(&account, .counter(100), second: 2)
        account.restore(account.accountant)
        #expect(account.accountant.gaps == 1)
        tick(&account, .counter(7), second: 3)
        #expect(account.totalMicrojoules == 100)
        #expect(account.accountant.resets == 0)
        tick(&account, .counter(9), second: 4)
        #expect(account.totalMicrojoules == 102)
    }

    @Test func `a mirror stops where it was, and starts afresh when it is none`() {
        var account = account()
        tick(&account, .counter(0), second: 1)
        tick(&account, .counter(100), second: 2)
        account.setMirror(true)
        #expect(account.isMirror)
        #expect(account.powerMicrowatts == nil)
        #expect(account.totalMicrojoules == 100)
        account.setMirror(false)
        #expect(!account.isMirror)
        tick(&account, .counter(900), second: 3)
        #expect(account.totalMicrojoules == 100)
        #expect(account.powerMicrowatts == nil)
        tick(&account, .counter(950), second: 4)
        #expect(account.totalMicrojoules == 150)
        #expect(account.powerMicrowatts == 50)
    }

    @Test func `a total is unknown before the first good reading, unless an earlier run had one`() {
        var account = account(modulus: 1000)
        #expect(!account.hasBeenRead)
        account.take(.failure(.empty), at: moment(second: 1))
        account.take(.counter(1000), at: moment(second: 1))
        #expect(!account.hasBeenRead)
        account.take(.counter(999), at: moment(second: 1))
        #expect(account.hasBeenRead)
        var later = self.account(modulus: 1000)
        later.restore(account.accountant)
        #expect(later.hasBeenRead)
        #expect(later.accountant == account.accountant)
    }

    /// The reason of an older reset was once told for a counter that was replaced.
    @Test func `a counter of another range is a reset without a reason`() {
        var account = account()
        tick(&account, .counter(100), second: 1)
        for second in 2...4 as ClosedRange<UInt64> { tick(&account, .counter(50), second: second) }
        #expect(account.lastReset == .steppedBack)
        account.resume(.of(Domain(kind: .package, socket: 0), modulus: 500, boundMicrowatts: 1_000))
        #expect(account.lastReset == nil)
        #expect(account.accountant.resets == 2)
        #expect(account.totalMicrojoules == 50)
        tick(&account, .counter(400), second: 5)
        #expect(account.totalMicrojoules == 50)
        #expect(account.powerMicrowatts == nil)
    }

    @Test func `a glitch hides the power while it lasts, and the mean over it is true`() {
        var account = account()
        tick(&account, .counter(0), second: 1)
        tick(&account, .counter(100), second: 2)
        tick(&account, .counter(500_000_000), second: 3)
        #expect(account.isInDoubt)
        #expect(account.powerMicrowatts == nil)
        tick(&account, .counter(300), second: 4)
        #expect(account.isInDoubt, "it is not decided yet")
        #expect(account.totalMicrojoules == 100)
        tick(&account, .counter(400), second: 5)
        #expect(!account.isInDoubt)
        #expect(account.totalMicrojoules == 400)
        #expect(account.powerMicrowatts == 100)
        #expect(account.accountant.glitches == 1)
        #expect(account.accountant.resets == 0)
    }

    @Test func `a step forward that proves false is paid before the total rises again, and power is true meanwhile`() {
        var account = account()
        let readings = [0, 10, 50_000_010, 50_000_020, 30, 40, 50, 60] as [UInt64]
        for (index, raw) in readings.enumerated() { tick(&account, .counter(600_000_000 + raw), second: UInt64(index)) }
        #expect(account.accountant.glitches == 1)
        #expect(account.accountant.resets == 0)
        #expect(account.totalMicrojoules == 50_000_020)
        #expect(account.accountant.debtMicrojoules == 50_000_020 - 60)
        #expect(account.powerMicrowatts == 10)
        tick(&account, .counter(600_000_000 + 50_000_060), second: 9)
        #expect(account.totalMicrojoules == 50_000_060)
        #expect(account.accountant.debtMicrojoules == 0)
    }

    @Test func `an interval with a sleep in it has no power, and one whose readings took over a tenth of it`() {
        var account = account()
        tick(&account, .counter(0), second: 1)
        var awake = moment(second: 2)
        awake.boottimeNanoseconds += 100 * Self.second
        account.take(.counter(500), at: awake)
        account.endInterval(at: awake)
        #expect(account.totalMicrojoules == 500)
        #expect(account.powerMicrowatts == nil)
        for (second, milliseconds, power) in [
            (3, 0, 100), (4, 95, 95), (5, 0, 104), (6, 110, nil), (7, 0, nil), (8, 0, 100),
        ] as [(UInt64, UInt64, UInt64?)] {
            var moment = moment(second: second)
            moment.boottimeNanoseconds += 100 * Self.second
            let span = ReadSpan(moment, took: milliseconds * 1_000_000)
            account.take(.counter(500 + (second - 2) * 100), at: span)
            account.endInterval(at: span)
            #expect(account.powerMicrowatts == power, "second \(second)")
        }
        #expect(account.totalMicrojoules == 500 + 600)
    }

    @Test func `what is back in the kernel needs no doubt`() {
        var account = account()
        tick(&account, .counter(500), second: 1)
        for (raw, total, resets) in [(700, 200, 0), (300, 500, 1), (900_000_000, 500, 2)] as [(UInt64, UInt64, UInt64)]
        {
            account.take(.failure(.unregistered), at: moment(second: 2))
            account.resume(account.facts)
            account.take(.counter(raw), at: moment(second: 2 + resets))
            #expect(account.totalMicrojoules == total)
            #expect(account.accountant.resets == resets)
            #expect(!account.isInDoubt)
        }
    }

    @Test func `a bound that has risen is asked before there is doubt`() {
        var account = account()
        tick(&account, .counter(0), second: 1)
        account.take(.counter(250_000_000), at: moment(second: 2))
        #expect(account.hasNewDoubt)
        account.setBound(300_000_000)
        #expect(!account.isInDoubt)
        #expect(account.totalMicrojoules == 250_000_000)
        account.take(.counter(750_000_000), at: moment(second: 3))
        account.setBound(310_000_000)
        #expect(account.isInDoubt)
    }

    @Test func `the uncertainty is that of the latest interval`() {
        var account = account()
        tick(&account, .counter(0), second: 1)
        tick(&account, .counter(20_000_000), second: 2)
        // 20 W for an update period of 976,563 ns are 19,531.26 uJ, rounded up, and a unit of 61 uJ; over a second less that period.
        #expect(account.powerUncertaintyMicrowatts == 19_612)
        tick(&account, .counter(60_000_000), second: 4)
        #expect(account.powerUncertaintyMicrowatts == 9_801)
    }

    /// 100 W are plausible, and the slack makes that half a joule more.
    private func account(modulus: UInt64 = 1_000_000_000) -> DomainAccount {
        let bound = modulus > 1000 ? 100_000_000 : 400
        return DomainAccount(
            domain: Domain(kind: .package, socket: 0), unitMicrojoules: 61,
            accountant: CounterAccountant(modulus: modulus, boundMicrowatts: UInt64(bound)))
    }

    private func tick(_ account: inout DomainAccount, _ reading: Reading, second: UInt64) {
        account.take(reading, at: moment(second: second))
        account.endInterval(at: moment(second: second))
    }

    private func moment(second: UInt64) -> Moment {
        Moment(monotonicNanoseconds: second * Self.second, boottimeNanoseconds: second * Self.second)
    }
}
