import Counters
import TestSupport
import Testing

@testable import Sources

@Suite struct SimulatedSourceTests {
    private static let models = 0..<SimulatedSource.models.count

    @Test(arguments: models)
    func `the counter is the model's truth, wrapped`(model: Int) {
        let source = SimulatedSource(startNanoseconds: 1_000_000_007)
        var random = SplitMix64(seed: UInt64(model))
        for _ in 0..<2000 {
            let microseconds = random.nextOfAnySize() % 8_640_000_000_000
            let truth = SimulatedSource.models[model].microjoules(afterMicroseconds: microseconds)
            let reading = source.read(model, at: 1_000_000_007 + microseconds * 1000)
            #expect(reading == .counter(truth % SimulatedSource.modulus))
        }
    }

    @Test(arguments: models)
    func `nothing was used until the start`(model: Int) {
        let source = SimulatedSource(startNanoseconds: 5000)
        for now in [0, 4999, 5000] as [UInt64] {
            #expect(source.read(model, at: now) == .counter(0))
        }
    }

    @Test(arguments: models)
    func `the truth never goes back`(model: Int) {
        let model = SimulatedSource.models[model]
        var last: UInt64 = 0
        var falls = 0
        for microseconds in stride(from: 0, to: 30_000_000, by: 997) as StrideTo<UInt64> {
            let now = model.microjoules(afterMicroseconds: microseconds)
            if now < last { falls += 1 }
            last = now
        }
        // Where a period or a half of one ends, microsecond by microsecond.
        let half = model.periodMilliseconds * 500
        for microseconds in [half - 50...half + 50, 2 * half - 50...2 * half + 50].joined() {
            let step = model.microjoules(afterMicroseconds: microseconds + 1)
            if step < model.microjoules(afterMicroseconds: microseconds) { falls += 1 }
        }
        #expect(falls == 0)
    }

    @Test(arguments: models)
    func `whole periods use the mean power, exactly`(model: Int) {
        let model = SimulatedSource.models[model]
        let perPeriod = (model.baseMilliwatts + model.swingMilliwatts / 2) * model.periodMilliseconds
        // The last of them is beyond 100 days.
        for periods in [1, 2, 3, 1000, 1_500_000] as [UInt64] {
            let truth = model.microjoules(afterMicroseconds: periods * model.periodMilliseconds * 1000)
            #expect(truth == periods * perPeriod)
        }
    }

    /// Power as it is described, a triangle, summed up millisecond by millisecond: the breaks lie on whole ones, so that
    /// trapezoids are exact.
    @Test(arguments: models)
    func `the truth is the integral of the power`(model: Int) {
        let model = SimulatedSource.models[model]
        func milliwatts(_ millisecond: UInt64) -> Double {
            let phase = Double(millisecond % model.periodMilliseconds) / Double(model.periodMilliseconds)
            let rise = phase <= 0.5 ? 2 * phase : 2 - 2 * phase
            return Double(model.baseMilliwatts) + Double(model.swingMilliwatts) * rise
        }
        var integral = 0.0
        var largestError = 0.0
        for millisecond in 0..<20_000 as Range<UInt64> {
            let truth = Double(model.microjoules(afterMicroseconds: millisecond * 1000))
            largestError = max(largestError, abs(truth - integral))
            integral += (milliwatts(millisecond) + milliwatts(millisecond + 1)) / 2
        }
        #expect(largestError < 2, "microjoules: the model rounds down twice")
    }

    @Test func `the platform's counter wraps every two minutes or so`() {
        let platform = SimulatedSource.models[4]
        let meanMilliwatts = platform.baseMilliwatts + platform.swingMilliwatts / 2
        #expect(100_000...140_000 ~= SimulatedSource.modulus / meanMilliwatts)
    }

    /// A whole range in one interval would be a gap.
    @Test func `no counter can run through its range within the longest interval`() {
        let longestSeconds: UInt64 = 60
        #expect(SimulatedSource.boundMicrowatts * longestSeconds < SimulatedSource.modulus)
        for model in SimulatedSource.models {
            #expect((model.baseMilliwatts + model.swingMilliwatts) * 1000 <= SimulatedSource.boundMicrowatts)
        }
    }

    @Test func `parts use less than their package, and packages less than the platform`() {
        for second in 1...600 as ClosedRange<UInt64> {
            let energy = SimulatedSource.models.map { $0.microjoules(afterMicroseconds: second * 1_000_000) }
            let (package, core, uncore, platform) = (energy[0], energy[1], energy[2], energy[4])
            #expect(core + uncore < package)
            #expect(package < platform)
        }
    }
}
