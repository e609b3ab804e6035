/// The byte that two hexadecimal digits of either case spell at an offset; nil if they are not there. See RFC 3986 section 2.1.
@inlinable
public func hexadecimalByte(_ text: Span<UInt8>, at index: Int) -> UInt8? {
    guard text.count - index >= 2, let high = hexadecimalDigit(text[index]),
        let low = hexadecimalDigit(text[index + 1])
    else { return nil }
    return high << 4 | low
}

/// The value of a hexadecimal digit of either case; nil if it is none.
@inlinable
public func hexadecimalDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
}

/// The hexadecimal digit, in lower case, of a value below 16.
@inlinable
public func hexadecimalDigit(of value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
}
