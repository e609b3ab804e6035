import Counters
import TestSupport
import Testing

@testable import Accounts

/// Counters of sensors that are read more often than they are brought up to date.
@Suite struct StillnessTests {
    private static let tick: UInt64 = 100_000_000

    @Test(arguments: [3, 10, 20] as [UInt64])
    func `constant power is shown as such, within what is said of the error`(period: UInt64) throws {
        var meter = Meter()
        var powers: [UInt64] = []
        for tick in 1...200 as ClosedRange<UInt64> {
            // 100 W: 10 J a tick.
            meter.read((tick + 2) / period * period * 10_000_000)
            guard let power = meter.account.powerMicrowatts else { continue }
            powers.append(power)
            let error = try #require(meter.account.powerUncertaintyMicrowatts)
            #expect(power + error >= 100_000_000 && power <= 100_000_000 + error)
        }
        #expect(powers.count > 100)
        #expect(powers.max() ?? 0 <= 110_000_000 && powers.min() ?? 0 >= 90_000_000)
        #expect(meter.account.totalMicrojoules > 1_700_000_000)
    }

    @Test func `a sensor that counts nothing more shows 0 W after a while`() {
        var meter = Meter()
        for tick in 1...50 as ClosedRange<UInt64> { meter.read(tick * 10_000_000) }
        var stillTicks = 0
        while meter.account.powerMicrowatts != 0, stillTicks < 200 {
            meter.read(500_000_000)
            stillTicks += 1
        }
        #expect(stillTicks == 25)
        for _ in 0..<15 { meter.read(500_000_000) }
        // The next move is of all the time since the latest one: 40 J in 4.1 s, and no peak.
        meter.read(540_000_000)
        let power: UInt64 = 40_000_000 * 1_000 / 4_100
        #expect(meter.account.powerMicrowatts == power)
        meter.read(550_000_000)
        #expect(meter.account.powerMicrowatts == 100_000_000)
    }

    @Test func `a processor's counter that stands still shows 0 W at once`() {
        var meter = Meter(source: .powercap)
        meter.read(0)
        meter.read(10_000_000)
        meter.read(10_000_000)
        #expect(meter.account.powerMicrowatts == 0)
    }

    private struct Meter {
        var account: DomainAccount
        private var now: UInt64 = 5_000_000_000

        init(source: SourceKind = .hwmon) {
            account = DomainAccount(
                .of(
                    Domain(kind: .sensor, socket: 0, label: "xe"), source: source, modulus: 1 << 60,
                    boundMicrowatts: 1_000_000_000_000))
        }

        mutating func read(_ raw: UInt64) {
            now += StillnessTests.tick
            let moment = Moment(monotonicNanoseconds: now, boottimeNanoseconds: now)
            account.take(.counter(raw), at: moment)
            account.endInterval(at: moment)
        }
    }
}
