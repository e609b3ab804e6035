import Counters
import TestSupport
import Testing

@testable import Sources

/// AMD's table of measurements: drivers/gpu/drm/amd/include/kgd_pp_interface.h in the kernel's source has its layouts.
@Suite struct GPUMetricsTests {
    @Test(
        arguments: [
            (1, 96, 24), (2, 104, 24), (3, 120, 24), (4, 288, 24), (5, 360, 88), (6, 1664, 16), (7, 2208, 24),
            (8, 3360, 24),
        ] as [(UInt8, Int, Int)])
    func `each layout has its energy at its place`(content: UInt8, size: Int, offset: Int) {
        let bytes = gpuMetrics(content: content, size: size, energy: 65_536 * 7 + 32_768, at: offset)
        #expect(metrics(bytes)?.microjoules == 7_500_000)
        #expect(metrics(bytes)?.isProcessors == false)
        #expect(metrics(Array(bytes.prefix(96)))?.microjoules == 7_500_000, "no more than that is read")
    }

    /// All bits are set where the firmware does not measure it; older firmware has filled 32 bits of them.
    @Test(arguments: [UInt64.max, UInt64(UInt32.max)])
    func `what is not measured is no energy`(energy: UInt64) {
        #expect(metrics(gpuMetrics(content: 3, size: 120, energy: energy))?.accumulator == nil)
    }

    /// The first layout is not aligned; a draft of the sixth was withdrawn; the ninth is a list.
    @Test(arguments: [(0, 96), (6, 416), (9, 96), (255, 120)] as [(UInt8, Int)])
    func `layouts that nobody knows have no energy`(content: UInt8, size: Int) {
        let table = metrics(gpuMetrics(content: content, size: size, energy: 5))
        #expect(table != nil)
        #expect(table?.accumulator == nil)
    }

    @Test(arguments: [2, 3] as [UInt8])
    func `the tables of processors are known, and have no energy of a card`(format: UInt8) {
        let table = metrics(gpuMetrics(format: format, content: 1, size: 120, energy: 5))
        #expect(table?.isProcessors == true)
        #expect(table?.accumulator == nil)
    }

    @Test func `cards for graphics turn at 32 bits, and those with stacked memory do not`() {
        func modulus(_ content: UInt8, _ energy: UInt64, stack: UInt16? = nil) -> UInt64? {
            metrics(gpuMetrics(content: content, size: 360, energy: energy, at: content == 5 ? 88 : 24, stack: stack))?
                .modulus
        }
        #expect(modulus(3, 5) == 65_536_000_000)
        #expect(modulus(3, 5, stack: 45) == CounterFacts.neverWraps)
        #expect(modulus(3, 1 << 32) == CounterFacts.neverWraps, "it has more bits than that")
        #expect(modulus(4, 5) == CounterFacts.neverWraps)
        #expect(modulus(5, 5) == CounterFacts.neverWraps)
        // The last value before the turn is below it.
        let last = metrics(gpuMetrics(content: 3, size: 120, energy: (1 << 32) - 2))?.microjoules
        #expect(last == 65_535_999_969)
    }

    @Test func `nothing is read beyond what there is`() {
        let whole = gpuMetrics(content: 5, size: 360, energy: 77, at: 88, stack: 40)
        for count in 0...whole.count {
            let table = metrics(Array(whole.prefix(count)))
            #expect((table != nil) == (count >= 4))
            #expect((table?.accumulator != nil) == (count >= 96))
        }
        // A table that says it is shorter than it is.
        var short = whole
        short[0] = 40
        short[1] = 0
        #expect(metrics(short)?.accumulator == nil)
        #expect(metrics([UInt8](repeating: 0, count: 96)) == nil)
    }

    private func metrics(_ bytes: [UInt8]) -> GPUMetrics? { GPUMetrics(bytes.span) }
}
