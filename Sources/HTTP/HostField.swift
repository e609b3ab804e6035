import Bytes

/// Whether the value of Host is what RFC 9112 section 3.2 allows: empty, or a host and perhaps a port, as RFC 3986 section 3.2
/// writes them. A name may be any that could be registered anywhere, such as one with underscores or a path in percent
/// escapes; a zone of an IPv6 address may stand as in RFC 6874, with its percent sign escaped or not.
func isHost(_ value: Span<UInt8>) -> Bool {
    guard !value.isEmpty else { return true }
    let isLiteral = value[0] == UInt8(ascii: "[")
    guard let end = isLiteral ? endOfLiteral(value) : endOfName(value) else { return false }
    guard end < value.count else { return true }
    guard value[end] == UInt8(ascii: ":") else { return false }
    // A port may be empty.
    for index in (end + 1)..<value.count where !value[index].isASCIIDigit { return false }
    return true
}

/// Where a registered name or an IPv4 address ends, at a colon or the value's end; nil if it is none.
private func endOfName(_ value: Span<UInt8>) -> Int? {
    var index = 0
    while index < value.count, value[index] != UInt8(ascii: ":") {
        guard isNameCharacter(value[index]) else { return nil }
        guard value[index] == UInt8(ascii: "%") else {
            index += 1
            continue
        }
        guard hexadecimalByte(value, at: index + 1) != nil else { return nil }
        index += 3
    }
    return index
}

/// Where an address in brackets ends, after its bracket; nil if it is none.
private func endOfLiteral(_ value: Span<UInt8>) -> Int? {
    let close = value.firstIndex(of: UInt8(ascii: "]"), in: 1..<value.count)
    guard close < value.count else { return nil }
    let zone = value.firstIndex(of: UInt8(ascii: "%"), in: 1..<close)
    var colons = 0
    for index in 1..<zone {
        switch value[index] {
        case UInt8(ascii: ":"): colons += 1
        case UInt8(ascii: "."): continue
        case let byte: guard hexadecimalDigit(byte) != nil else { return nil }
        }
    }
    // Of later versions, which begin with a v, there is none yet.
    guard colons >= 2, zone + 1 != close else { return nil }
    for index in zone..<close where !isNameCharacter(value[index]) { return nil }
    return close + 1
}

/// What may stand in a name, an escape's percent sign too.
private func isNameCharacter(_ byte: UInt8) -> Bool {
    isHostCharacter(byte) && byte != UInt8(ascii: ":") && byte != UInt8(ascii: "[") && byte != UInt8(ascii: "]")
}
