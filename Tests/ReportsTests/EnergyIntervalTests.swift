import Accounts
import Counters
import Kernel
import Sampling
import TestSupport
import Testing

@testable import Reports
@testable import Sources

@Suite struct EnergyIntervalTests {
    @Test func `an interval's energy is the model's, within the bound that it states`() throws {
        let opened = Clock.monotonicNanoseconds()
        var sampler = Sampling(.simulated(startNanoseconds: opened))
        sampler.tick()
        let firstPassEnd = Clock.monotonicNanoseconds()
        var meter = IntervalMeter(sampler)
        let begin = sampler.lastPassNanoseconds
        while Clock.monotonicNanoseconds() < begin + 30_000_000 {
            sampler.tick()
            meter.takeTick(sampler)
        }
        let lastPassEnd = Clock.monotonicNanoseconds()
        let interval = meter.interval(sampler)
        #expect(interval.startNanoseconds == begin)
        #expect(interval.durationNanoseconds == sampler.lastPassNanoseconds - begin)
        for (index, model) in SimulatedSource.models.enumerated() {
            let energy = try #require(interval.domains[index])
            func microjoules(_ moment: UInt64) -> UInt64 {
                model.microjoules(afterMicroseconds: (moment - opened) / 1000)
            }
            // A counter is read at some moment of its pass, which lasts long where others want the processor too.
            let least = microjoules(sampler.lastPassNanoseconds) - microjoules(firstPassEnd)
            let most = microjoules(lastPassEnd) - microjoules(begin)
            #expect(energy.microjoules + energy.uncertaintyMicrojoules >= least)
            #expect(energy.microjoules <= most + energy.uncertaintyMicrojoules)
            #expect(energy.peakMicrowatts >= energy.meanMicrowatts)
        }
    }

    @Test func `an interval without a tick within has its mean as its peak`() throws {
        var sampler = Sampling(.simulated(startNanoseconds: Clock.monotonicNanoseconds()))
        sampler.tick()
        let meter = IntervalMeter(sampler)
        while Clock.monotonicNanoseconds() < meter.startNanoseconds + 2_000_000 {}
        sampler.refresh(at: .now())
        let energy = try #require(meter.interval(sampler).domains[0])
        #expect(energy.microjoules > 0)
        #expect(energy.peakMicrowatts == energy.meanMicrowatts)
    }

    @Test func `the idle part is stretched to the interval's length`() throws {
        let baseline = Baseline(interval: interval(seconds: 4, [energy(40_000_000, uncertainty: 20_000)]))
        let share = try #require(
            baseline.share(of: 0, in: interval(seconds: 6, [energy(100_000_000, uncertainty: 5000)])))
        #expect(share.idleMicrojoules == 60_000_000)
        #expect(share.netMicrojoules == 40_000_000)
        // 5000 of its own, and 20 000 x 6/4, and one for the rounding.
        #expect(share.netUncertaintyMicrojoules == 35_001)
    }

    @Test func `without one of the two there is no share`() {
        let known = interval(seconds: 1, [energy(1, uncertainty: 1)])
        let unknown = interval(seconds: 1, [nil])
        #expect(Baseline(interval: unknown).share(of: 0, in: known) == nil)
        #expect(Baseline(interval: known).share(of: 0, in: unknown) == nil)
    }

    @Test func `less than idle is negative, and the largest numbers do not trap`() {
        let small = interval(seconds: 1, [energy(1, uncertainty: 1)])
        let large = interval(seconds: 1, [energy(.max, uncertainty: .max)])
        #expect(Baseline(interval: large).share(of: 0, in: small)?.netMicrojoules == 1 - Int64.max)
        #expect(Baseline(interval: large).share(of: 0, in: large)?.netUncertaintyMicrojoules == .max)
    }

    private func interval(seconds: UInt64, _ domains: [DomainEnergy?]) -> EnergyInterval {
        EnergyInterval(startNanoseconds: 0, durationNanoseconds: seconds * 1_000_000_000, domains: domains)
    }

    private func energy(_ microjoules: UInt64, uncertainty: UInt64) -> DomainEnergy {
        DomainEnergy(
            microjoules: microjoules, meanMicrowatts: 1, peakMicrowatts: 1, uncertaintyMicrojoules: uncertainty)
    }
}
