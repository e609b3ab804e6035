import Bytes

/// What tells one state of a document, in one form, from all others: `"run-generation-form"`. See RFC 9110 section 8.8.3.
public struct EntityTag: Sendable {
    private var bytes = InlineArray<40, UInt8>(repeating: quote)
    private var count = 1

    /// - Parameters:
    ///   - run: a number that no other run of the program has.
    ///   - generation: of the document, in this run.
    ///   - form: a letter for each form in which it is sent.
    public init(run: UInt64, generation: UInt64, form: UInt8) {
        append(hexadecimal: run)
        append(UInt8(ascii: "-"))
        append(hexadecimal: generation)
        append(UInt8(ascii: "-"))
        append(form)
        append(quote)
    }

    private mutating func append(_ byte: UInt8) {
        bytes[count] = byte
        count += 1
    }

    private mutating func append(hexadecimal number: UInt64) {
        var shift = max(0, (63 - number.leadingZeroBitCount) / 4 * 4)
        while shift >= 0 {
            append(hexadecimalDigit(of: UInt8(truncatingIfNeeded: number >> UInt64(shift) & 0xF)))
            shift -= 4
        }
    }

    /// Lends it, with its quotation marks.
    public func withBytes<Result>(_ body: (Span<UInt8>) -> Result) -> Result {
        body(bytes.span.extracting(0..<count))
    }

    /// Whether a client that sends this value of If-None-Match has it already. Whoever compresses on the way may have weakened it. See
    /// RFC 9110 section 13.1.2.
    public func isListed(in value: Span<UInt8>) -> Bool {
        var isListed = value.equals("*")
        value.forEachListElement { element in
            let start = element.count > 2 && element.extracting(0..<2).equals("W/") ? 2 : 0
            if withBytes({ element.extracting(start..<element.count).equals($0) }) { isListed = true }
        }
        return isListed
    }
}
