/// Decimal numbers to and from bytes, without `String` and without allocation.

extension UInt8 {
    /// Whether the byte is one of the ASCII digits 0 to 9.
    @inlinable public var isASCIIDigit: Bool { decimalDigit != nil }

    /// The number that an ASCII digit stands for; nil if the byte is none.
    @inlinable public var decimalDigit: UInt8? {
        let digit = self &- 0x30
        return digit <= 9 ? digit : nil
    }
}

extension UInt64 {
    /// The number that the bytes spell, if they are decimal digits, at least one, and nothing else, and fit in 64 bits.
    /// Leading zeros are allowed; a sign, a blank or a point is not.
    @inlinable
    public init?(decimal bytes: Span<UInt8>) {
        guard !bytes.isEmpty else { return nil }
        var value: UInt64 = 0
        for index in bytes.indices {
            guard let digit = bytes[index].decimalDigit else { return nil }
            let (scaled, overflowsScaled) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflowsSum) = scaled.addingReportingOverflow(UInt64(digit))
            guard !overflowsScaled, !overflowsSum else { return nil }
            value = sum
        }
        self = value
    }
}

extension ByteBuffer {
    /// Appends the shortest decimal form of a number: at most 20 digits.
    public mutating func append(decimal value: UInt64) {
        appendDigits(of: value, atLeast: 1)
    }

    /// Appends `value / 10^fractionDigits` exactly: `append(fixedPoint: 1_500_000, fractionDigits: 6)` gives `1.500000`.
    ///
    /// Inlined, so that the divisor is a constant where the number of digits is one.
    @inlinable @inline(__always)
    public mutating func append(fixedPoint value: UInt64, fractionDigits: Int) {
        precondition(fractionDigits > 0 && fractionDigits <= 18)
        var scale: UInt64 = 1
        for _ in 0..<fractionDigits { scale *= 10 }
        appendDigits(of: value / scale, atLeast: 1)
        append(UInt8(ascii: "."))
        appendDigits(of: value % scale, atLeast: fractionDigits)
    }

    /// Appends a number with zeros in front up to `minimum` digits.
    public mutating func appendDigits(of value: UInt64, atLeast minimum: Int) {
        precondition(minimum >= 1 && minimum <= 20)
        var digits = InlineArray<20, UInt8>(repeating: 0x30)
        var first = digits.count
        var rest = value
        while rest > 0 {
            first -= 1
            let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
            digits[first] = 0x30 + UInt8(truncatingIfNeeded: digit)
            rest = quotient
        }
        first = min(first, digits.count - minimum)
        append(digits.span.extracting(first..<digits.count))
    }
}
