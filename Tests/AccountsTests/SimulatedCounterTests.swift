import Counters
import TestSupport
import Testing

@testable import Accounts

/// The simulation itself: whoever compares with it must know that it is true.
@Suite struct SimulatedCounterTests {
    @Test(arguments: SimulatedCounter.unitsNanojoules)
    func `the counter shows what was used until an update ago, to a unit`(unit: UInt64) {
        var random = SplitMix64(seed: unit)
        var counter = SimulatedCounter(unitNanojoules: unit, bits: 22, register: 0)
        let milliwatts: UInt64 = 150_000
        let latestUpdate = SimulatedCounter.updatePeriodNanoseconds + SimulatedCounter.jitterNanoseconds
        for _ in 0..<2_000 {
            counter.run(nanoseconds: random.nextOfAnySize() % 200_000_000, milliwatts: milliwatts)
            let missing = counter.usedPicojoules - counter.unitsCounted * unit * 1000
            #expect(missing < milliwatts * latestUpdate + unit * 1000)
            #expect(counter.timesRound << 22 | counter.register == counter.unitsCounted)
        }
        #expect(counter.timesRound > 5)
    }

    @Test func `between two updates nothing moves`() {
        var counter = SimulatedCounter(unitNanojoules: 61_035, bits: 22, register: 0, hasJitter: false)
        counter.run(nanoseconds: 976_562, milliwatts: 200_000)
        #expect(counter.register == 0)
        counter.run(nanoseconds: 1, milliwatts: 200_000)
        #expect(counter.register == 3_200, "195,312.6 uJ in whole units of 61.035 uJ")
    }

    @Test func `a counter that is set anew goes on from there, and the truth with it`() {
        var counter = SimulatedCounter(unitNanojoules: 15_258, bits: 20, register: 1_000)
        counter.run(nanoseconds: 100_000_000, milliwatts: 10_000)
        let before = counter.unitsCounted
        counter.setAnew(to: 7)
        #expect(counter.unitsCounted == before)
        counter.run(nanoseconds: 100_000_000, milliwatts: 10_000)
        #expect(counter.register == 7 + counter.unitsCounted - before)
    }

    /// What the driver of a real counter of 32 bits shows: (2^32 - 1) x 61,035 / 1000 and one unit of 61.
    @Test func `the range is the driver's, and off by the roundings`() {
        let intel = SimulatedCounter(unitNanojoules: 61_035, bits: 32, register: 0)
        #expect(intel.modulus == 262_143_328_850 + 61)
        let amd = SimulatedCounter(unitNanojoules: 15_258, bits: 32, register: 0)
        #expect(amd.modulus == 65_532_610_987 + 15)
        for bits in 10...32 as ClosedRange<UInt64> {
            for unit in SimulatedCounter.unitsNanojoules {
                let counter = SimulatedCounter(unitNanojoules: unit, bits: bits, register: 0)
                #expect(counter.modulusErrorNanojoules <= 1_258)
            }
        }
    }
}
