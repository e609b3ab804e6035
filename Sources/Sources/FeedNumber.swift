import Bytes

/// Numbers as feeds have them: decimal, no sign, no exponent, at most nine digits after the point.
enum FeedNumber {
    private static let mostDigits = 9

    /// A number in units of 10^-`digits`; digits beyond those are cut off. Nil if the bytes are no such number, or one beyond 64 bits.
    static func parse(_ bytes: Span<UInt8>, digits: Int) -> UInt64? {
        var value: UInt64 = 0
        var position = 0
        while position < bytes.count, let digit = bytes[position].decimalDigit {
            guard let next = shifted(value, digit) else { return nil }
            value = next
            position += 1
        }
        guard position > 0 else { return nil }
        var seen = 0
        if position < bytes.count {
            guard bytes[position] == UInt8(ascii: "."), bytes.count > position + 1 else { return nil }
            for index in (position + 1)..<bytes.count {
                guard let digit = bytes[index].decimalDigit, seen < mostDigits else { return nil }
                seen += 1
                guard seen <= digits else { continue }
                guard let next = shifted(value, digit) else { return nil }
                value = next
            }
        }
        for _ in 0..<(digits - min(seen, digits)) {
            guard let next = shifted(value, 0) else { return nil }
            value = next
        }
        return value
    }

    private static func shifted(_ value: UInt64, _ digit: UInt8) -> UInt64? {
        let (scaled, overflowsScaled) = value.multipliedReportingOverflow(by: 10)
        let (sum, overflowsSum) = scaled.addingReportingOverflow(UInt64(digit))
        return overflowsScaled || overflowsSum ? nil : sum
    }

    /// Counts of a unit in microjoules, the unit in 10^-9 microjoules; what is less than a microjoule is cut off. Nil beyond 64 bits.
    static func microjoules(_ counts: UInt64, unit: UInt64) -> UInt64? {
        let product = counts.multipliedFullWidth(by: unit)
        guard product.high < 1_000_000_000 else { return nil }
        return UInt64(1_000_000_000).dividingFullWidth(product).quotient
    }
}
