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
        var index = 0
        while bytes.count - index >= 8 {
            guard let digits = UInt64(eightDigits: bytes.word(at: index)),
                let longer = value.followed(by: digits, below: 100_000_000)
            else { return nil }
            value = longer
            index += 8
        }
        while index < bytes.count {
            guard let digit = bytes[index].decimalDigit,
                let longer = value.followed(by: UInt64(digit), below: 10)
            else { return nil }
            value = longer
            index += 1
        }
        self = value
    }

    /// The number with more digits behind it; nil if it does not fit.
    ///
    /// - Parameter scale: a power of ten, above the number that those digits spell.
    @inlinable
    func followed(by digits: UInt64, below scale: UInt64) -> UInt64? {
        let (scaled, overflowsScaled) = multipliedReportingOverflow(by: scale)
        let (sum, overflowsSum) = scaled.addingReportingOverflow(digits)
        return overflowsScaled || overflowsSum ? nil : sum
    }

    /// The number that eight bytes spell, in the order in which they lie in memory; nil if one of them is no digit.
    @inlinable
    init?(eightDigits word: UInt64) {
        // All at once, each in its own byte, of which the first is the lowest.
        let digits = UInt64(littleEndian: word) ^ 0x3030_3030_3030_3030
        // Above 9, a byte has its highest bit set, or gets it by the addition.
        guard (digits | (digits &+ 0x7676_7676_7676_7676)) & 0x8080_8080_8080_8080 == 0 else { return nil }
        let pairs = (digits &* 10 &+ digits >> 8) & 0x00FF_00FF_00FF_00FF
        let fours = (pairs &* 100 &+ pairs >> 16) & 0x0000_FFFF_0000_FFFF
        self = (fours &* 10_000 &+ fours >> 32) & 0xFFFF_FFFF
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
