import Bytes

/// The character classes of HTTP's grammar, and comparisons of bytes with known text without regard to case.

let carriageReturn: UInt8 = 0x0D
let lineFeed: UInt8 = 0x0A
let space: UInt8 = 0x20
let tab: UInt8 = 0x09
let quote: UInt8 = 0x22
let backslash: UInt8 = 0x5C

/// A set of ASCII characters as the bits of two words, so that asking costs a shift and nothing is set up at run time.
private struct CharacterSet {
    let low: UInt64
    let high: UInt64

    @inline(__always)
    func contains(_ byte: UInt8) -> Bool {
        guard byte < 128 else { return false }
        return (byte < 64 ? low : high) >> UInt64(byte & 63) & 1 == 1
    }
}

/// Letters, digits and ``!#$%&'*+-.^_`|~``: RFC 9110 section 5.6.2.
private let tokenCharacters = CharacterSet(low: 0x03FF_6CFA_0000_0000, high: 0x57FF_FFFF_C7FF_FFFE)
/// Letters, digits and `-._~%!$&'()*+,;=:[]`: reg-name, IP-literal and port of RFC 3986 section 3.2.
private let hostCharacters = CharacterSet(low: 0x2FFF_7FF2_0000_0000, high: 0x47FF_FFFE_AFFF_FFFE)

@inline(__always) func isToken(_ byte: UInt8) -> Bool { tokenCharacters.contains(byte) }
@inline(__always) func isHostCharacter(_ byte: UInt8) -> Bool { hostCharacters.contains(byte) }

@inline(__always)
private func lowercased(_ byte: UInt8) -> UInt8 {
    byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
}

extension Span<UInt8> {
    /// `text` is given in lower case.
    func equalsIgnoringCase(_ text: StaticString) -> Bool {
        count == text.utf8CodeUnitCount && hasPrefixIgnoringCase(text)
    }

    /// `text` is given in lower case.
    func hasPrefixIgnoringCase(_ text: StaticString) -> Bool {
        guard count >= text.utf8CodeUnitCount else { return false }
        for index in 0..<text.utf8CodeUnitCount where unsafe lowercased(self[index]) != text.utf8Start[index] {
            return false
        }
        return true
    }

    var isAllDigits: Bool {
        for index in indices where !self[index].isASCIIDigit { return false }
        return !isEmpty
    }

    /// The part of `range` without spaces and tabs at both ends.
    func trimmed(_ range: Range<Int>) -> Range<Int> {
        var (first, last) = (range.lowerBound, range.upperBound)
        while first < last, self[first] == space || self[first] == tab { first += 1 }
        while last > first, self[last - 1] == space || self[last - 1] == tab { last -= 1 }
        return first..<last
    }

    /// Where `byte` stands first in `range`, or the range's end.
    func firstIndex(of byte: UInt8, in range: Range<Int>) -> Int {
        for index in range where self[index] == byte { return index }
        return range.upperBound
    }

    /// Hands over the elements of a list, trimmed, without the empty ones; a separator inside quotes separates nothing. See
    /// RFC 9110 section 5.6.1, 5.6.4.
    func forEachListElement(separatedBy separator: UInt8 = UInt8(ascii: ","), _ body: (Span<UInt8>) -> Void) {
        var start = 0
        while start < count {
            let end = endOfPart(from: start, before: separator)
            let element = trimmed(start..<end)
            if !element.isEmpty { body(extracting(element)) }
            start = end + 1
        }
    }

    /// Where `separator` stands first outside quotes, or the end. A quote that is never closed reaches to the end.
    func endOfPart(from start: Int, before separator: UInt8) -> Int {
        var isQuoted = false
        var index = start
        while index < count {
            let byte = self[index]
            if byte == quote {
                isQuoted.toggle()
            } else if isQuoted {
                // What a backslash precedes is text, a quote too.
                if byte == backslash { index += 1 }
            } else if byte == separator {
                return index
            }
            index += 1
        }
        return count
    }

    /// Whether a token or a quoted string means `text`, which is given in lower case, without regard to case. See RFC 9110
    /// section 5.6.4, 5.6.6.
    func spells(_ text: StaticString) -> Bool {
        guard !isEmpty, self[0] == quote else { return equalsIgnoringCase(text) }
        var length = 0
        var index = 1
        while index < count, self[index] != quote {
            if self[index] == backslash { index += 1 }
            guard index < count, length < text.utf8CodeUnitCount else { return false }
            guard unsafe lowercased(self[index]) == text.utf8Start[length] else { return false }
            length += 1
            index += 1
        }
        return length == text.utf8CodeUnitCount && index == count - 1
    }
}
