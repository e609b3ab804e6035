import Counters
import TestSupport
import Testing

@testable import Accounts

@Suite struct MicrowattsTests {
    @Test(
        arguments: [
            (0, 1, 0),
            (0, UInt64.max, 0),
            (1, 1_000_000_000, 1),
            (1, 1_000_000_001, 0),
            (2_999_999_999, 1_000_000_000, 2_999_999_999),
            (5_000_000, 100_000_000, 50_000_000),
            (1, 3, 333_333_333),
            (18_446_744_074, 1_000_000_000, 18_446_744_074),
            (UInt64.max, 1_000_000_000, UInt64.max),
            (UInt64.max, 999_999_999, UInt64.max),
            (UInt64.max, 1, UInt64.max),
            (UInt64.max, UInt64.max, 1_000_000_000),
            (1, UInt64.max, 0),
        ] as [(UInt64, UInt64, UInt64)])
    func `energy by time is power, rounded down, at most what fits`(
        microjoules: UInt64, nanoseconds: UInt64, power: UInt64
    ) {
        #expect(microwatts(microjoules: microjoules, nanoseconds: nanoseconds) == power)
    }

    @Test func `random energies and times give what 128 bits give`() {
        var random = SplitMix64(seed: 128)
        for _ in 0..<5000 {
            let (microjoules, nanoseconds) = (random.nextOfAnySize(), max(1, random.nextOfAnySize()))
            let exact = UInt128(microjoules) * 1_000_000_000 / UInt128(nanoseconds)
            #expect(microwatts(microjoules: microjoules, nanoseconds: nanoseconds) == UInt64(clamping: exact))
        }
    }
}
