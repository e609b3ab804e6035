import Bytes

/// A series' value, kept exact: integers, and decimal fractions as integers of a smaller unit.
public enum Value: Equatable, Sendable {
    /// Unknown: the series is left out of the page, never shown as 0 or NaN.
    case absent
    case integer(UInt64)
    /// Millionths, such as microjoules of a series in joules.
    case micro(UInt64)
    /// Billionths, such as nanoseconds of a series in seconds.
    case nano(UInt64)

    /// The number of millionths; nil for what is absent or counted otherwise.
    public var millionths: UInt64? {
        if case .micro(let number) = self { number } else { nil }
    }

    /// The double next to the exact value, which is the one that a reader makes of its text.
    var nearestDouble: Double {
        switch self {
        case .absent: .nan
        case .integer(let number): Double(number)
        case .micro(let number): Value.nearestDouble(to: number, over: 1_000_000)
        case .nano(let number): Value.nearestDouble(to: number, over: 1_000_000_000)
        }
    }

    private static func nearestDouble(to number: UInt64, over divisor: UInt64) -> Double {
        // A division rounds once, and rightly, if both numbers are doubles.
        if number < 1 << 53 { return Double(number) / Double(divisor) }
        // Otherwise more digits than a double has, the last of which stands for all that follow, are rounded once.
        let (quotient, rest) = (UInt128(number) << 32).quotientAndRemainder(dividingBy: UInt128(divisor))
        return Double(quotient | (rest == 0 ? 0 : 1)) * 0x1p-32
    }
}

extension ByteBuffer {
    /// Appends the exact value in decimal digits.
    mutating func append(_ value: Value) {
        switch value {
        case .absent: break
        case .integer(let number): append(decimal: number)
        case .micro(let number): append(fixedPoint: number, fractionDigits: 6)
        case .nano(let number): append(fixedPoint: number, fractionDigits: 9)
        }
    }
}
