import Metrics
import Testing

@Suite struct SlidingExtremesTests {
    private let second: UInt64 = 1_000_000_000

    @Test func `nothing recorded is unknown`() {
        #expect(SlidingExtremes().extremes(at: 5 * second) == nil)
    }

    @Test func `a peak is seen for the window's length and then no more`() {
        var extremes = SlidingExtremes()
        extremes.record(900, at: 100 * second)
        for now in 101...159 {
            extremes.record(UInt64(now), at: UInt64(now) * second)
            #expect(extremes.extremes(at: UInt64(now) * second)?.highest == 900)
            #expect(extremes.extremes(at: UInt64(now) * second)?.lowest == 101)
        }
        #expect(extremes.extremes(at: 160 * second)?.highest == 159)
        #expect(extremes.extremes(at: 300 * second) == nil)
    }

    @Test func `a second's place is not read as that of a minute ago`() {
        var extremes = SlidingExtremes()
        extremes.record(900, at: 10 * second)
        extremes.record(5, at: 70 * second)
        #expect(extremes.extremes(at: 70 * second)?.highest == 5)
    }
}
