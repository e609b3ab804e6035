import Attribution
import TestSupport
import Testing

/// The parts of each weight in turn.
private func parts(of microjoules: UInt64, _ weights: [UInt64]) -> [UInt64] {
    var sharing = Apportionment(microjoules: microjoules, totalWeight: weights.reduce(0, +))
    return weights.map { sharing.part(of: $0) }
}

@Suite struct ApportionmentTests {
    @Test(
        arguments: [
            (10, [1, 1], [5, 5]), (10, [3], [10]), (0, [1, 2], [0, 0]), (10, [1, 1, 1], [3, 3, 4]),
            (1, [1, 1], [0, 1]),
            (2, [1, 1, 1, 1], [0, 1, 0, 1]), (7, [0, 5, 0, 2, 0], [0, 5, 0, 2, 0]), (1, [1_000_000, 1], [0, 1]),
            (1, [1, 1, 0], [0, 1, 0]), (.max, [.max], [.max]), (.max, [1, .max - 1], [1, .max - 1]),
        ] as [(UInt64, [UInt64], [UInt64])])
    func `energy is shared by weight`(_ microjoules: UInt64, _ weights: [UInt64], _ expected: [UInt64]) {
        #expect(parts(of: microjoules, weights) == expected)
    }

    /// The sum, the distance from each quota, and nothing for no weight, with products of 128 bits.
    @Test(arguments: 0..<50 as Range<UInt64>)
    func `parts add up, and each is within a microjoule of its quota`(_ seed: UInt64) {
        var random = SplitMix64(seed: seed)
        for _ in 0..<20 {
            let energy = random.next() >> UInt64.random(in: 14..<64, using: &random)
            let weights = (0..<Int.random(in: 1...600, using: &random)).map { _ in
                random.next() % 3 == 0 ? 0 : random.next() >> UInt64.random(in: 24..<64, using: &random)
            }
            let total = weights.reduce(0, +)
            guard total > 0 else { continue }
            let parts = parts(of: energy, weights)
            #expect(parts.reduce(0, +) == energy)
            let isNear = zip(parts, weights).allSatisfy { part, weight in
                let (quota, given) = (UInt128(energy) * UInt128(weight), UInt128(part) * UInt128(total))
                return max(quota, given) - min(quota, given) < UInt128(total) && (weight > 0 || part == 0)
            }
            #expect(isNear, "\(energy) by \(weights)")
        }
    }

    @Test func `without any weight nobody is given anything, and all remains`() {
        var sharing = Apportionment(microjoules: 99, totalWeight: 0)
        #expect(sharing.part(of: 0) == 0)
        #expect(sharing.part(of: 5) == 0)
        #expect(sharing.remainingMicrojoules == 99)
    }

    @Test func `weights beyond the total that was announced take nothing that is not there`() {
        var sharing = Apportionment(microjoules: 10, totalWeight: 4)
        #expect(sharing.part(of: 3) == 7)
        #expect(sharing.part(of: .max) == 3)
        #expect(sharing.part(of: .max) == 0)
        #expect(sharing.remainingMicrojoules == 0)
    }
}
