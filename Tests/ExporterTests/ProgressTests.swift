import Counters
import Sampling
import Sources
import TestSupport
import Testing

@testable import Exporter

@Suite struct ProgressTests {
    @Test func `the line tells time and power, and fits a terminal`() {
        let nowhere = SystemRoots(sysfs: "/nowhere", procfs: "/nowhere", vendor: .unknown)
        var sampler = Sampling(Sources(opening: .simulated, nowhere, time: .replay))
        sampler.tick(at: moment(0))
        let before = Progress.line("running", seconds: 0, sampler)
        #expect(before == "running: 0 s")
        sampler.tick(at: moment(2_000_000))
        let line = Progress.line("running", seconds: 12, sampler)
        #expect(line.hasPrefix("running: 12 s, package_0 2"))
        #expect(line.contains(" W, core_0 1"))
        #expect(line.count <= 79)
    }

    private func moment(_ nanoseconds: UInt64) -> Moment {
        Moment(monotonicNanoseconds: nanoseconds, boottimeNanoseconds: nanoseconds)
    }
}
