import Bytes

/// Text from outside, UTF-8, so that it stays text.
extension ByteBuffer {
    /// No byte of text takes more bytes than this in any of these forms.
    static let longestEscape = 6

    /// Appends what stands between the quotation marks of a string of JSON. See RFC 8259 section 7.
    mutating func append(json text: Span<UInt8>) {
        for index in text.indices {
            switch text[index] {
            case UInt8(ascii: "\""): append("\\\"")
            case UInt8(ascii: "\\"): append("\\\\")
            case let byte where byte < 0x20:
                append("\\u00")
                append(hexadecimalDigit(of: byte >> 4))
                append(hexadecimalDigit(of: byte & 0xF))
            case let byte: append(byte)
            }
        }
    }

    /// Appends what stands in an element or an attribute of HTML; control characters, which it does not have, as question marks.
    mutating func append(html text: Span<UInt8>) {
        for index in text.indices {
            switch text[index] {
            case UInt8(ascii: "&"): append("&amp;")
            case UInt8(ascii: "<"): append("&lt;")
            case UInt8(ascii: ">"): append("&gt;")
            case UInt8(ascii: "\""): append("&quot;")
            case UInt8(ascii: "'"): append("&#39;")
            case 0x7F, 0..<0x20: append("?")
            case let byte: append(byte)
            }
        }
    }
}
