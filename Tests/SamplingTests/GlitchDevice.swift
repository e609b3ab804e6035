import Counters
import TestSupport

/// A counter whose truth is known, and which shows something else from time to time.
struct GlitchDevice {
    /// What is shown instead of the truth.
    enum Shape {
        /// So much more or less.
        case offset(Int64)
        case zero
    }

    struct Glitch {
        let shape: Shape
        let endNanoseconds: UInt64
    }

    let number: Int
    let modulus: UInt64
    let boundMicrowatts: UInt64
    private let start: UInt64
    /// Used since it was first read.
    private(set) var truth: UInt64 = 0
    private(set) var glitch: Glitch?
    /// The most that a step forward can have added falsely.
    private(set) var largestFalseRise: UInt64 = 0
    /// How often the kernel gave it another number.
    private(set) var renamings = 0
    /// What was published last.
    var published: UInt64 = 0

    init(_ number: Int, _ random: inout SplitMix64) {
        self.number = number
        modulus = [262_143_328_850 + 61_035, 65_532_610_987 + 15_258, CounterFacts.neverWraps].randomElement(using: &random) ?? 1
        boundMicrowatts = UInt64.random(in: 50_000_000...500_000_000, using: &random)
        let range = modulus == CounterFacts.neverWraps ? 1_000_000_000_000 : modulus
        start = UInt64.random(in: range / 3..<range, using: &random)
    }

    var facts: CounterFacts {
        var facts = CounterFacts.of(
            Domain(kind: .package, socket: number), modulus: modulus, boundMicrowatts: boundMicrowatts)
        facts.name = "intel-rapl:\(number + 2 * renamings)"
        return facts
    }

    /// What the kernel shows at a time.
    mutating func raw(at now: UInt64) -> UInt64 {
        if let glitch, now >= glitch.endNanoseconds { self.glitch = nil }
        switch glitch?.shape {
        case .none: return shown(0)
        case .zero: return 0
        case .offset(let offset): return shown(offset)
        }
    }

    private func shown(_ offset: Int64) -> UInt64 {
        UInt64((Int128(start) + Int128(truth) + Int128(offset) + Int128(modulus)) % Int128(modulus))
    }

    /// Lets time pass, at no more than six tenths of the bound.
    mutating func live(_ nanoseconds: UInt64, _ random: inout SplitMix64) {
        let milliwatts = UInt64.random(in: 0...boundMicrowatts / 1_000 * 6 / 10, using: &random)
        truth += milliwatts * nanoseconds / 1_000_000
    }

    /// Begins to show something else, unless it does already or what it would show is so little that it can have begun anew.
    mutating func beginGlitch(at now: UInt64, _ random: inout SplitMix64) {
        guard glitch == nil else { return }
        let duration = UInt64(pow2(Double.random(in: 24...36, using: &random)))
        let height = Int64(pow2(Double.random(in: 10...36, using: &random)))
        let isZero = Int.random(in: 0..<6, using: &random) == 0
        let offset = Bool.random(using: &random) ? height : -height
        let ambiguous = boundMicrowatts * 120
        guard shown(isZero ? 0 : offset) > ambiguous, shown(0) > ambiguous,
            modulus - shown(offset) > ambiguous, modulus - shown(0) > ambiguous
        else { return }
        glitch = Glitch(shape: isZero ? .zero : .offset(offset), endNanoseconds: now + duration)
        if !isZero, offset > 0 { largestFalseRise = max(largestFalseRise, offset.magnitude) }
    }

    mutating func endGlitch() { glitch = nil }

    /// It comes back under another number.
    mutating func rename() { renamings += 1 }

    private func pow2(_ exponent: Double) -> Double {
        var value = 1.0
        for _ in 0..<Int(exponent) { value *= 2 }
        return value * (1 + exponent - exponent.rounded(.down))
    }
}
