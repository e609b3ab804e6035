import Counters
import TestSupport
import Testing

@testable import Accounts

@Suite struct PowerUncertaintyTests {
    /// P x 976.563 us + unit, worked out by hand.
    @Test(
        arguments: [
            // 100 W: 97,656.3 uJ, rounded up, and a unit of 61 uJ.
            (100_000_000, 61, 97_718), (100_000_000, 15, 97_672), (20_000_000, 61, 19_593), (1_000_000, 1, 978),
            (0, 61, 61), (1, 61, 62), (0, 0, 0), (1_024_000_000, 0, 1_000_001),
        ] as [(UInt64, UInt64, UInt64)])
    func `the energy that a reading can lack is that of an update period and a unit`(
        meanMicrowatts: UInt64, unitMicrojoules: UInt64, microjoules: UInt64
    ) {
        #expect(
            uncertainty(unitMicrojoules).microjoules(meanMicrowatts: meanMicrowatts) == microjoules)
    }

    @Test(
        arguments: [
            (1_000_000_000, 97_813), (100_000_000, 986_816), (10_000_000, 10_829_354), (1_000_000, 4_169_390_280),
            (60_000_000_000, 1_628),
        ] as [(UInt64, UInt64)])
    func `over an interval it is the less, the longer the interval`(nanoseconds: UInt64, microwatts: UInt64) {
        #expect(
            uncertainty(61).microwatts(meanMicrowatts: 100_000_000, intervalNanoseconds: nanoseconds) == microwatts)
    }

    @Test func `an interval of an update period or less says nothing of power`() {
        for interval in [0, 1, CounterFacts.raplUpdateNanoseconds] {
            #expect(
                uncertainty(61).microwatts(meanMicrowatts: 1, intervalNanoseconds: interval) == nil)
        }
    }

    @Test func `extremes do not trap`() {
        for power in [0, 1, UInt64.max] {
            for unit in [0, 1, 1 << 31] as [UInt64] {
                for interval in [CounterFacts.raplUpdateNanoseconds + 1, UInt64.max] {
                    let bound = uncertainty(unit).microwatts(meanMicrowatts: power, intervalNanoseconds: interval)
                    if power == 0 && unit == 0 { #expect(bound == 0) }
                }
            }
        }
    }

    /// Counters at constant power, read at any moments: the error is within the bound by the power that was measured, and comes
    /// near to it. What the driver's rounding to microjoules adds is not in the bound.
    @Test(arguments: SimulatedCounter.unitsNanojoules)
    func `no measured power is farther from the truth than stated, and some are nearly as far`(unit: UInt64) throws {
        var random = SplitMix64(seed: unit)
        var largestShare = 0.0
        for _ in 0..<4_000 {
            let milliwatts = UInt64.random(in: 1_000...300_000, using: &random)
            let nanoseconds = UInt64.random(in: 1_000_000...200_000_000, using: &random)
            var counter = SimulatedCounter(unitNanojoules: unit, bits: 32, register: 0, hasJitter: false)
            counter.run(nanoseconds: UInt64.random(in: 0...5_000_000, using: &random), milliwatts: milliwatts)
            let before = counter.microjoules
            counter.run(nanoseconds: nanoseconds, milliwatts: milliwatts)
            let measured = Double(counter.microjoules - before) * 1e9 / Double(nanoseconds)
            let error = abs(measured - Double(milliwatts * 1000))
            let stated = try #require(
                uncertainty(counter.unitMicrojoules).microwatts(
                    meanMicrowatts: UInt64(measured), intervalNanoseconds: nanoseconds))
            // A microjoule for each of the roundings: of a reading, and of the unit, and with them of the power measured. A
            // microwatt for that of the bound.
            let rounding = 3e9 / Double(nanoseconds - CounterFacts.raplUpdateNanoseconds) + 1
            #expect(error <= Double(stated) + rounding, "\(milliwatts) mW over \(nanoseconds) ns")
            largestShare = max(largestShare, error / Double(stated))
        }
        #expect(largestShare > 0.9)
    }

    @Test func `a counter that is brought up to date more seldom can be read less exactly`() {
        let seldom = PowerUncertainty(unitMicrojoules: 1, updatePeriodNanoseconds: 100_000_000)
        #expect(seldom.microjoules(meanMicrowatts: 10_000_000) == 1_000_001)
        #expect(seldom.microwatts(meanMicrowatts: 10_000_000, intervalNanoseconds: 100_000_000) == nil)
        let always = PowerUncertainty(unitMicrojoules: 1, updatePeriodNanoseconds: 0)
        #expect(always.microjoules(meanMicrowatts: 10_000_000) == 1)
        #expect(always.microwatts(meanMicrowatts: 10_000_000, intervalNanoseconds: 1_000_000) == 1_000)
    }

    /// Of a RAPL counter.
    private func uncertainty(_ unitMicrojoules: UInt64) -> PowerUncertainty {
        PowerUncertainty(
            unitMicrojoules: unitMicrojoules, updatePeriodNanoseconds: CounterFacts.raplUpdateNanoseconds)
    }
}
