/// The character classes of HTTP's grammar, and comparisons of bytes with known text.

let carriageReturn: UInt8 = 0x0D
let lineFeed: UInt8 = 0x0A
let space: UInt8 = 0x20
let tab: UInt8 = 0x09

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
@inline(__always) func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

@inline(__always)
private func lowercased(_ byte: UInt8) -> UInt8 {
    byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
}

extension Span<UInt8> {
    func equals(_ text: StaticString) -> Bool {
        count == text.utf8CodeUnitCount && hasPrefix(text, fold: { $0 })
    }

    /// `text` is given in lower case.
    func equalsIgnoringCase(_ text: StaticString) -> Bool {
        count == text.utf8CodeUnitCount && hasPrefix(text, fold: lowercased)
    }

    /// Without regard to case; `text` is given in lower case.
    func hasPrefix(_ text: StaticString) -> Bool {
        hasPrefix(text, fold: lowercased)
    }

    @inline(__always)
    private func hasPrefix(_ text: StaticString, fold: (UInt8) -> UInt8) -> Bool {
        let length = text.utf8CodeUnitCount
        guard count >= length else { return false }
        for index in 0..<length where unsafe fold(self[index]) != text.utf8Start[index] { return false }
        return true
    }

    var isAllDigits: Bool {
        for index in indices where !isDigit(self[index]) { return false }
        return !isEmpty
    }

    /// The part of `range` without spaces and tabs at both ends.
    func trimmed(_ range: Range<Int>) -> Range<Int> {
        var (first, last) = (range.lowerBound, range.upperBound)
        while first < last, self[first] == space || self[first] == tab { first += 1 }
        while last > first, self[last - 1] == space || self[last - 1] == tab { last -= 1 }
        return first..<last
    }

    /// Hands over the elements of a comma-separated list, trimmed, without the empty ones. See RFC 9110 section 5.6.1.
    func forEachListElement(_ body: (Span<UInt8>) -> Void) {
        var start = 0
        for index in 0...count where index == count || self[index] == UInt8(ascii: ",") {
            let element = trimmed(start..<index)
            if !element.isEmpty { body(extracting(element)) }
            start = index + 1
        }
    }
}
