import Bytes

/// A setting that is a time, written as `0.1`, `100ms` or `1s`.
protocol TimeSpan: Equatable {
    /// The shortest that is allowed: a millisecond, if nothing else is said.
    static var shortestNanoseconds: UInt64 { get }
    /// The longest that is allowed.
    static var longestSeconds: UInt64 { get }
    /// How it is written, for the error.
    static var examples: String { get }

    var nanoseconds: UInt64 { get }
    init(nanoseconds: UInt64)
}

/// The time between two samples.
struct SampleInterval: TimeSpan {
    static let longestSeconds: UInt64 = 60
    static let examples = "0.1, 100ms or 1s"
    let nanoseconds: UInt64
}

/// How often pages may show newer values.
struct Resolution: TimeSpan {
    static let longestSeconds: UInt64 = 60
    static let examples = "0.1, 100ms or 1s"
    let nanoseconds: UInt64

    /// How long a page stands still once it is shown: 0 where that is every pass over the counters, which scrapes cause no more
    /// often than once an interval, or once a second where that is shorter.
    func standstillNanoseconds(every interval: SampleInterval) -> UInt64 {
        nanoseconds < 1_000_000_000 && nanoseconds <= interval.nanoseconds ? 0 : nanoseconds
    }
}

/// How long to measure.
struct MeasuringTime: TimeSpan {
    static let longestSeconds: UInt64 = 3600
    static let examples = "0.5, 500ms or 10s"
    let nanoseconds: UInt64
}

/// How long an answer is waited for.
struct Patience: TimeSpan {
    static let longestSeconds: UInt64 = 60
    static let examples = "0.5, 500ms or 3s"
    let nanoseconds: UInt64
}

extension TimeSpan {
    static var shortestNanoseconds: UInt64 { 1_000_000 }

    /// Reads a text; the error says what is allowed, with examples of how it is written.
    init(parsing text: String) throws(WrongValue) {
        guard let value = Self.nanoseconds(text), value >= Self.shortestNanoseconds,
            value <= Self.longestSeconds * 1_000_000_000
        else {
            let shortest = Self.shortestNanoseconds / 1_000_000
            throw WrongValue("allowed are \(shortest)ms to \(Self.longestSeconds)s, written like \(Self.examples)")
        }
        self.init(nanoseconds: value)
    }

    /// The time that a text says in seconds (`0.1` or `1s`) or milliseconds (`100ms`), if it is a whole number of nanoseconds.
    private static func nanoseconds(_ text: String) -> UInt64? {
        if text.hasSuffix("ms") { return fixedPoint(text.dropLast(2), fractionDigits: 6) }
        if text.hasSuffix("s") { return fixedPoint(text.dropLast(1), fractionDigits: 9) }
        return fixedPoint(text[...], fractionDigits: 9)
    }

    /// `digits[.digits]` times 10^fractionDigits, if that is a whole number.
    private static func fixedPoint(_ text: Substring, fractionDigits: Int) -> UInt64? {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let fraction = parts.count == 2 ? parts[1] : ""
        guard let whole = parts.first, !(whole.isEmpty && fraction.isEmpty), fraction.count <= fractionDigits,
            whole.count <= 8, (whole + fraction).utf8.allSatisfy(\.isASCIIDigit)
        else { return nil }
        return UInt64(whole + fraction + String(repeating: "0", count: fractionDigits - fraction.count))
    }
}
