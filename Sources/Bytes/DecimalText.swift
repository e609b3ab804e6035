/// An integer of a smaller unit as decimal text, exact: `decimal(1_500_000, digits: 6)` is `1.500000`.
public func decimal(_ value: UInt64, digits: Int) -> String {
    decimal(magnitude: value, isNegative: false, digits: digits)
}

/// The same of a number that may be negative.
public func decimal(_ value: Int64, digits: Int) -> String {
    decimal(magnitude: value.magnitude, isNegative: value < 0, digits: digits)
}

/// The same for people, rounded to fewer digits, halves away from zero: `decimal(1_560_000, digits: 6, shown: 1)` is `1.6`.
public func decimal(_ value: UInt64, digits: Int, shown: Int) -> String {
    decimal(magnitude: rounded(value, digits - shown), isNegative: false, digits: shown)
}

/// The same of a number that may be negative.
public func decimal(_ value: Int64, digits: Int, shown: Int) -> String {
    let magnitude = rounded(value.magnitude, digits - shown)
    return decimal(magnitude: magnitude, isNegative: value < 0 && magnitude > 0, digits: shown)
}

private func decimal(magnitude: UInt64, isNegative: Bool, digits: Int) -> String {
    precondition(digits > 0)
    let text = String(magnitude)
    let padded = String(repeating: "0", count: max(0, digits + 1 - text.utf8.count)) + text
    return (isNegative ? "-" : "") + padded.dropLast(digits) + "." + padded.suffix(digits)
}

/// Drops the last digits.
private func rounded(_ value: UInt64, _ dropped: Int) -> UInt64 {
    precondition(dropped >= 0 && dropped < 19)
    var unit: UInt64 = 1
    for _ in 0..<dropped { unit *= 10 }
    let (quotient, rest) = value.quotientAndRemainder(dividingBy: unit)
    return rest >= unit - rest ? quotient + 1 : quotient
}
