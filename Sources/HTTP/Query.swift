import Bytes

/// Hands over the decoded values of one parameter of a query, in order: of `name%5B%5D=a+b&x=1&name[]=c` for `name[]` these are
/// `a b` and `c`. A parameter without an equals sign has the empty value.
///
/// At most `Limits.queryValues` of them: later ones are passed over, and so are those longer than `Limits.queryValueBytes` and
/// those with a percent sign without two hexadecimal digits after it. See the URL Standard, "application/x-www-form-urlencoded".
public func forEachQueryValue(of name: StaticString, in query: Span<UInt8>, _ body: (Span<UInt8>) -> Void) {
    var text = FormText()
    var count = 0
    var start = 0
    while start < query.count, count < Limits.queryValues {
        let end = query.firstIndex(of: UInt8(ascii: "&"), in: start..<query.count)
        let equals = query.firstIndex(of: UInt8(ascii: "="), in: start..<end)
        if text.decode(query.extracting(start..<equals)), text.equals(name),
            text.decode(query.extracting(min(equals + 1, end)..<end))
        {
            count += 1
            text.withBytes(body)
        }
        start = end + 1
    }
}

/// Whether a parameter is among those of a query that `forEachQueryValue` hands over, with a value or without.
public func hasParameter(_ name: StaticString, in query: Span<UInt8>) -> Bool {
    var isThere = false
    forEachQueryValue(of: name, in: query) { _ in isThere = true }
    return isThere
}

/// A name or value of a query, decoded.
private struct FormText {
    /// As long as `Limits.queryValueBytes`.
    private var bytes = InlineArray<256, UInt8>(repeating: 0)
    private var count = 0

    /// False if it is too long or an escape is broken.
    mutating func decode(_ text: Span<UInt8>) -> Bool {
        count = 0
        var index = 0
        while index < text.count {
            guard count < Limits.queryValueBytes else { return false }
            switch text[index] {
            case UInt8(ascii: "+"): bytes[count] = space
            case UInt8(ascii: "%"):
                guard let byte = hexadecimalByte(text, at: index + 1) else { return false }
                bytes[count] = byte
                index += 2
            case let byte: bytes[count] = byte
            }
            count += 1
            index += 1
        }
        return true
    }

    func equals(_ text: StaticString) -> Bool {
        bytes.span.extracting(0..<count).equals(text)
    }

    func withBytes(_ body: (Span<UInt8>) -> Void) {
        body(bytes.span.extracting(0..<count))
    }
}
