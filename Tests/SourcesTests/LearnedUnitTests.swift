import TestSupport
import Testing

@testable import Sources

@Suite struct LearnedUnitTests {
    /// Units as processors have them: 2^-14 J, 2^-16 J, memory of Intel's servers 2^-16 J, and 1 J of the platform of Sapphire Rapids.
    @Test(arguments: [(14, 62), (16, 16), (10, 977), (0, 1_000_000)] as [(UInt64, UInt64)])
    func `the unit of a register is learned from its counts`(exponent: UInt64, microjoules: UInt64) {
        var random = SplitMix64(seed: exponent)
        var unit = LearnedUnit()
        var count: UInt64 = 0
        var learned: [UInt64] = []
        for _ in 0..<1_000 {
            count += (random.next() % 100) << (32 - exponent)
            if let microjoules = unit.take(count) { learned.append(microjoules) }
        }
        #expect(learned.last == microjoules)
        #expect(learned == learned.sorted(by: >), "it only gets finer")
        #expect(learned.count < 5)
    }

    @Test func `a counter that stands still teaches nothing`() {
        var unit = LearnedUnit()
        for _ in 0..<100 {
            let learned = unit.take(0)
            #expect(learned == nil)
        }
        #expect(unit.microjoules == nil)
    }

    @Test func `a few counts are not enough`() {
        var unit = LearnedUnit()
        for count in 1...15 as ClosedRange<UInt64> {
            let learned = unit.take(count << 20)
            #expect(learned == nil)
        }
        let learned = unit.take(16 << 20)
        #expect(learned == 245)
    }
}
