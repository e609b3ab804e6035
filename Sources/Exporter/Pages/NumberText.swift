import Bytes

/// Numbers as documents have them: exact, from integers of a smaller unit.
extension ByteBuffer {
    /// Appends `value / 10^digits` as a number of JSON, without zeros at its end; null if it is not known.
    mutating func append(number value: UInt64?, digits: Int) {
        guard var rest = value else { return append("null") }
        var (kept, scale) = (digits, 1 as UInt64)
        while kept > 0, rest % 10 == 0 {
            rest /= 10
            kept -= 1
        }
        for _ in 0..<kept { scale *= 10 }
        append(decimal: rest / scale)
        guard kept > 0 else { return }
        append(".")
        appendDigits(of: rest % scale, atLeast: kept)
    }

    /// The same with all its digits, so that it is seen how exact it is.
    mutating func append(exact value: UInt64?, digits: Int) {
        guard let value else { return append("null") }
        append(fixedPoint: value, fractionDigits: digits)
    }

    /// Appends `value / 10^digits` for people, rounded to fewer digits, at least one; a dash if it is not known.
    mutating func append(_ value: UInt64?, digits: Int, shown: Int) {
        guard let value else { return append("–") }
        var (unit, scale) = (1 as UInt64, 1 as UInt64)
        for _ in shown..<digits { unit *= 10 }
        for _ in 0..<shown { scale *= 10 }
        let (quotient, rest) = value.quotientAndRemainder(dividingBy: unit)
        let rounded = rest >= unit - rest ? quotient + 1 : quotient
        append(decimal: rounded / scale)
        append(".")
        appendDigits(of: rounded % scale, atLeast: shown)
    }

    /// No number that they append is longer.
    static let longestNumber = 24
}

extension UInt64 {
    /// Microjoules as billionths of a kilowatt-hour, rounded down: a joule is 277 of them.
    var nanoKilowattHours: UInt64 { self / 3600 }
}
