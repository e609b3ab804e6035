/// The highest and lowest value of the last 60 seconds, in fixed memory.
///
/// One pair of extremes is kept for each second, so the window moves in steps of a second: it spans the current second and the
/// 59 before it. Looking does not reset anything, so that two Prometheus servers see the same.
public struct SlidingExtremes: Sendable {
    /// How far back they look.
    public static let windowSeconds: UInt64 = 60

    private struct Second: Sendable {
        var number: UInt64 = .max
        var lowest: UInt64 = .max
        var highest: UInt64 = 0
    }

    private var seconds = InlineArray<60, Second>(repeating: Second())

    /// Nothing was recorded yet.
    public init() {}

    /// Takes in a value at a moment of the monotonic clock.
    public mutating func record(_ value: UInt64, at now: UInt64) {
        let number = now / 1_000_000_000
        let place = Int(number % SlidingExtremes.windowSeconds)
        if seconds[place].number != number { seconds[place] = Second(number: number) }
        seconds[place].lowest = min(seconds[place].lowest, value)
        seconds[place].highest = max(seconds[place].highest, value)
    }

    /// The extremes of the window that ends at a moment of the monotonic clock; nil if nothing was recorded in it.
    public func extremes(at now: UInt64) -> (lowest: UInt64, highest: UInt64)? {
        let current = now / 1_000_000_000
        // Read through a span: each element would otherwise be taken from a copy of all of them.
        let seconds = seconds.span
        var result: (lowest: UInt64, highest: UInt64)?
        for place in seconds.indices {
            let second = seconds[place]
            guard second.number <= current, current - second.number < SlidingExtremes.windowSeconds else { continue }
            result = (min(result?.lowest ?? .max, second.lowest), max(result?.highest ?? 0, second.highest))
        }
        return result
    }
}
