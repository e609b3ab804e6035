/// A small generator of pseudo-random numbers: one seed, one sequence, on every machine, so that a failure repeats.
///
/// Sebastiano Vigna's splitmix64, see https://prng.di.unimi.it/splitmix64.c
public struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    /// The same seed gives the same numbers.
    public init(seed: UInt64) {
        state = seed
    }

    /// Any 64 bits.
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// A number of random length: small ones come as often as large ones.
    public mutating func nextOfAnySize() -> UInt64 {
        next() >> UInt64.random(in: 0..<64, using: &self)
    }
}
