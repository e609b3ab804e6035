import Counters
import TestSupport
import Testing

@testable import Sources

@Suite struct PowerIntegratorTests {
    private let second: UInt64 = 1_000_000_000

    @Test func `the first reading adds nothing`() {
        var integrator = PowerIntegrator()
        integrator.take(microwatts: 5_000_000, at: 77 * second)
        #expect(integrator.totalMicrojoules == 0)
        #expect(!integrator.hasGapBefore)
    }

    @Test func `a straight line is exact, however unevenly it is read`() {
        // Up from 0 W by 1 W in each second for 10 s: 50 J.
        var integrator = PowerIntegrator()
        for milliseconds: UInt64 in [0, 1, 17, 500, 501, 3_333, 9_999, 10_000] {
            integrator.take(microwatts: milliseconds * 1_000, at: second + milliseconds * 1_000_000)
        }
        #expect(integrator.totalMicrojoules == 50_000_000)
    }

    @Test func `a parabola is as near as trapezoids come`() {
        // 1 W/s^2 times t^2 for 10 s is 1000/3 J; with steps of h seconds trapezoids give 10 h^2 / 6 J more.
        var integrator = PowerIntegrator()
        for tenths: UInt64 in 0...100 {
            integrator.take(microwatts: tenths * tenths * 10_000, at: tenths * 100_000_000)
        }
        #expect(integrator.totalMicrojoules == 333_350_000)
    }

    @Test func `energy below a microjoule is kept until it is one`() {
        // A nanojoule a step.
        var integrator = PowerIntegrator()
        for step: UInt64 in 0...99_999 { integrator.take(microwatts: 1, at: step * 1_000_000) }
        #expect(integrator.totalMicrojoules == 99)
        integrator.take(microwatts: 1, at: 100_000 * 1_000_000)
        #expect(integrator.totalMicrojoules == 100)
    }

    @Test func `no rounding adds up over random readings`() {
        var random = SplitMix64(seed: 3)
        var integrator = PowerIntegrator()
        var (now, last): (UInt64, UInt64) = (0, 0)
        var exact: UInt128 = 0
        for step in 0..<10_000 {
            let elapsed = random.next() % PowerIntegrator.longestIntervalNanoseconds
            let microwatts = random.nextOfAnySize() % (1 << 36)
            now += elapsed
            integrator.take(microwatts: microwatts, at: now)
            if step > 0 { exact += UInt128(last + microwatts) * UInt128(elapsed) }
            last = microwatts
        }
        #expect(UInt128(integrator.totalMicrojoules) == exact / 2_000_000_000)
    }

    @Test func `the largest power over the longest interval fits`() {
        var integrator = PowerIntegrator()
        let largest = PowerIntegrator.largestMicrowatts
        integrator.take(microwatts: largest, at: 0)
        integrator.take(microwatts: largest, at: PowerIntegrator.longestIntervalNanoseconds)
        #expect(integrator.totalMicrojoules == largest * 120)
    }

    @Test func `a failed reading leaves a gap that is not filled`() {
        var integrator = PowerIntegrator()
        integrator.take(microwatts: 1_000_000, at: 0)
        integrator.take(microwatts: 1_000_000, at: second)
        integrator.interrupt()
        integrator.interrupt()
        #expect(!integrator.hasGapBefore)
        integrator.take(microwatts: 9_000_000, at: 4 * second)
        #expect(integrator.hasGapBefore)
        #expect(integrator.totalMicrojoules == 1_000_000)
        integrator.take(microwatts: 9_000_000, at: 5 * second)
        #expect(!integrator.hasGapBefore)
        #expect(integrator.totalMicrojoules == 10_000_000)
    }

    @Test func `a reading that failed before the first good one is no gap`() {
        var integrator = PowerIntegrator()
        integrator.interrupt()
        integrator.take(microwatts: 1, at: second)
        #expect(!integrator.hasGapBefore)
        integrator.take(microwatts: 1_000_000, at: 2 * second)
        #expect(!integrator.hasGapBefore)
    }

    @Test func `a reading that comes too late leaves a gap`() {
        var integrator = PowerIntegrator()
        integrator.take(microwatts: 1_000_000, at: 0)
        integrator.take(microwatts: 1_000_000, at: PowerIntegrator.longestIntervalNanoseconds + 1)
        #expect(integrator.hasGapBefore)
        #expect(integrator.totalMicrojoules == 0)
    }

    @Test func `two readings at one time add nothing`() {
        var integrator = PowerIntegrator()
        integrator.take(microwatts: 1_000_000, at: second)
        integrator.take(microwatts: 3_000_000, at: second)
        integrator.take(microwatts: 3_000_000, at: 2 * second)
        #expect(integrator.totalMicrojoules == 3_000_000)
        #expect(!integrator.hasGapBefore)
    }
}
