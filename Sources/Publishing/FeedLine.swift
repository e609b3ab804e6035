internal import Bytes

/// One line of a feed while it is written: words and `key=value` pairs with blanks between.
struct FeedLine: ~Copyable {
    /// What a reader of feeds takes at most.
    static let longestBytes = 16_384

    private(set) var bytes = ByteBuffer(capacity: FeedLine.longestBytes)

    mutating func begin(_ word: StaticString) {
        bytes.removeAll()
        bytes.append(word)
    }

    mutating func append(_ key: String, number: UInt64) {
        begin(key: key)
        bytes.append(decimal: number)
    }

    /// A number of a smaller unit: 1,500 with three digits is `1.5`.
    mutating func append(_ key: String, _ number: UInt64, digits: Int) {
        begin(key: key)
        append(number, digits: digits)
    }

    /// Several numbers, with commas between.
    mutating func append(_ key: String, _ numbers: [UInt64], digits: Int) {
        begin(key: key)
        for index in numbers.indices {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            append(numbers[index], digits: digits)
        }
    }

    /// Text, in double quotes where a reader would take it for something else otherwise. What is no character becomes a question mark.
    mutating func append(_ key: String, text: String) {
        begin(key: key)
        let isPlain = !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F && !FeedLine.isSpecial($0) }
        if isPlain { return bytes.append(text) }
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { bytes.append(UInt8(ascii: "\\")) }
            bytes.append(byte < 0x20 || byte == 0x7F ? UInt8(ascii: "?") : byte)
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private static func isSpecial(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte == UInt8(ascii: "=")
    }

    private mutating func begin(key: String) {
        bytes.append(UInt8(ascii: " "))
        bytes.append(key)
        bytes.append(UInt8(ascii: "="))
    }

    private mutating func append(_ number: UInt64, digits: Int) {
        var scale: UInt64 = 1
        for _ in 0..<digits { scale *= 10 }
        var (whole, fraction) = number.quotientAndRemainder(dividingBy: scale)
        bytes.append(decimal: whole)
        guard fraction > 0 else { return }
        bytes.append(UInt8(ascii: "."))
        while fraction > 0 {
            scale /= 10
            (whole, fraction) = fraction.quotientAndRemainder(dividingBy: scale)
            bytes.append(decimal: whole)
        }
    }
}
