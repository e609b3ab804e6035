import Bytes

/// A user and a password, taken from the value of an Authorization header. See RFC 7617.
///
/// They are read as Go's net/http reads them, which decides for the other exporters of Prometheus: the scheme without regard to
/// case, base 64 of the standard alphabet with its padding, the first colon between the two. Stricter than Go: no bits
/// may be left over, which no encoder sets, and there may be no NUL, at which bcrypt in C would end a password.
public struct BasicCredentials {
    /// What was decoded. Beyond the password there are zeros.
    public let bytes: InlineArray<513, UInt8>
    /// Where the user's name lies in them; it may be empty.
    public let user: Range<Int>
    /// Where the password lies in them; it may be empty.
    public let password: Range<Int>

    /// Reads credentials; nil if there are none, if they are malformed, or if one is longer than `Limits.credentialBytes`.
    public init?(authorization value: Span<UInt8>) {
        guard value.hasPrefixIgnoringCase("basic ") else { return nil }
        var start = 6
        while start < value.count, value[start] == space { start += 1 }
        var bytes = InlineArray<513, UInt8>(repeating: 0)
        guard let count = decodeBase64(value.extracting(start..<value.count), into: &bytes) else { return nil }
        var colon = count
        for index in (0..<count).reversed() {
            if bytes[index] == 0 { return nil }
            if bytes[index] == UInt8(ascii: ":") { colon = index }
        }
        guard colon < count, colon <= Limits.credentialBytes, count - colon - 1 <= Limits.credentialBytes else {
            return nil
        }
        self.bytes = bytes
        user = 0..<colon
        password = (colon + 1)..<count
    }
}

/// Decodes base 64 and gives the number of bytes; nil if it is none, or does not fit. See RFC 4648 section 4.
private func decodeBase64(_ text: Span<UInt8>, into bytes: inout InlineArray<513, UInt8>) -> Int? {
    guard text.count > 0, text.count.isMultiple(of: 4) else { return nil }
    var digits = text.count
    while digits > text.count - 2, text[digits - 1] == UInt8(ascii: "=") { digits -= 1 }
    guard text.count / 4 * 3 - (text.count - digits) <= bytes.count else { return nil }
    var count = 0
    var word: UInt32 = 0
    var bits: UInt32 = 0
    for index in 0..<digits {
        guard let value = valueOfBase64Digit(text[index]) else { return nil }
        word = word << 6 | value
        bits += 6
        if bits >= 8 {
            bits -= 8
            bytes[count] = UInt8(truncatingIfNeeded: word >> bits)
            count += 1
        }
    }
    // Bits of the last digit that make no byte; the same bytes could otherwise be written in several ways.
    return word & (1 << bits - 1) == 0 ? count : nil
}

private func valueOfBase64Digit(_ byte: UInt8) -> UInt32? {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(byte - UInt8(ascii: "A"))
    case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(byte - UInt8(ascii: "a")) + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0")) + 52
    case UInt8(ascii: "+"): 62
    case UInt8(ascii: "/"): 63
    default: nil
    }
}
