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
    /// What it showed last, and what had been used by then.
    private var shownLast: UInt64 = 0
    private var truthLast: UInt64 = 0
    private var nanosecondsLast: UInt64 = 0
    /// It was read during the latest glitch.
    private var isSeen = false
    /// How far from the truth the latest glitch is or was.
    private var height: UInt64 = 0
    /// A glitch began or ended while nobody looked for so long that more was used meanwhile than it showed too much or too little:
    /// nobody could see it.
    private(set) var wasHidden = false

    init(_ number: Int, _ random: inout SplitMix64) {
        self.number = number
        modulus =
            [262_143_328_850 + 61_035, 65_532_610_987 + 15_258, CounterFacts.neverWraps].randomElement(using: &random)
            ?? 1
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
    mutating func raw(at now: UInt64, isInDoubt: Bool, isAway: Bool) -> UInt64 {
        // Readings in doubt are no further apart than this, but for kills and failures.
        if isInDoubt, now - nanosecondsLast > 333_000_000, truth - truthLast >= height { wasHidden = true }
        nanosecondsLast = now
        if case .offset(let offset) = glitch?.shape, !isSeen {
            isSeen = true
            if offset < 0, shown(offset) >= shownLast { wasHidden = true }
        }
        if let glitch, now >= glitch.endNanoseconds { endGlitch(isAway || isInDoubt) }
        truthLast = truth
        switch glitch?.shape {
        case .none: shownLast = shown(0)
        case .zero: shownLast = 0
        case .offset(let offset): shownLast = shown(offset)
        }
        return shownLast
    }

    private func shown(_ offset: Int64) -> UInt64 {
        UInt64((Int128(start) + Int128(truth) + Int128(offset) + Int128(modulus)) % Int128(modulus))
    }

    /// Lets time pass, at no more than six tenths of the bound, and mostly at much less.
    mutating func live(_ nanoseconds: UInt64, _ random: inout SplitMix64) {
        let percent: UInt64 = Int.random(in: 0..<4, using: &random) == 0 ? 60 : 5
        let milliwatts = UInt64.random(in: 0...boundMicrowatts / 1_000 * percent / 100, using: &random)
        truth += milliwatts * nanoseconds / 1_000_000
    }

    /// Begins to show something else, unless it does already or what it would show is so little that it can have begun anew.
    mutating func beginGlitch(at now: UInt64, _ random: inout SplitMix64) {
        guard glitch == nil else { return }
        let duration = UInt64(pow2(Double.random(in: 24...35, using: &random)))
        // Half of them are plausible from one tick to the next, or if that is late.
        let isPlausible = Bool.random(using: &random)
        let milliseconds = pow2(Double.random(in: 3...12, using: &random))
        let height =
            isPlausible
            ? Int64(milliseconds) * Int64(boundMicrowatts) / 1_000
            : Int64(pow2(Double.random(in: 10...36, using: &random)))
        let isZero = Int.random(in: 0..<6, using: &random) == 0
        let offset = Bool.random(using: &random) ? height : -height
        let ambiguous = boundMicrowatts * 120
        guard shown(isZero ? 0 : offset) > ambiguous, shown(0) > ambiguous,
            modulus - shown(offset) > ambiguous, modulus - shown(0) > ambiguous
        else { return }
        isSeen = false
        self.height = isZero ? UInt64.max : offset.magnitude
        glitch = Glitch(shape: isZero ? .zero : .offset(offset), endNanoseconds: now + duration)
        if !isZero, offset > 0 { largestFalseRise = max(largestFalseRise, offset.magnitude) }
    }

    /// Lets a glitch end.
    mutating func endGlitch(at now: UInt64) {
        if let shape = glitch?.shape { glitch = Glitch(shape: shape, endNanoseconds: now) }
    }

    private mutating func endGlitch(_ isAway: Bool) {
        if isAway, case .offset(let offset) = glitch?.shape, offset > 0, shown(0) >= shownLast { wasHidden = true }
        glitch = nil
    }

    /// It comes back under another number.
    mutating func rename() { renamings += 1 }

    private func pow2(_ exponent: Double) -> Double {
        var value = 1.0
        for _ in 0..<Int(exponent) { value *= 2 }
        return value * (1 + exponent - exponent.rounded(.down))
    }
}
