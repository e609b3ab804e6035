import Kernel
import Sampling
import Sources
import TestSupport
import Testing

@testable import Exporter

@Suite struct ProgressTests {
    @Test func `the line tells time and power, and fits a terminal`() {
        var sampler = Sampling(.simulated(startNanoseconds: Clock.monotonicNanoseconds()))
        sampler.tick()
        let before = Progress.line("running", seconds: 0, sampler)
        #expect(before == "running: 0 s")
        while Clock.monotonicNanoseconds() < sampler.lastPassNanoseconds + 2_000_000 {}
        sampler.tick()
        let line = Progress.line("running", seconds: 12, sampler)
        #expect(line.hasPrefix("running: 12 s, package_0 2"))
        #expect(line.contains(" W, core_0 1"))
        #expect(line.count <= 79)
    }
}
