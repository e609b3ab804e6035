import Bytes

/// The keys that a feed's lines have a meaning for.
enum FeedKey: String, CaseIterable, Sendable {
    case name, period
    case id, domain, kind, unit, raw, at, spread, wrap, update, bound, estimate
    case vendor, model, uuid
    case address = "pci_bus_id"
    case mig, persistence
    case watts, every, until
    case reason, text
}

/// A part of a feed's text.
struct FeedText: Equatable, Sendable {
    var start: UInt32 = 0
    var end: UInt32 = 0

    init() {}

    init(_ range: Range<Int>) {
        start = UInt32(range.lowerBound)
        end = UInt32(range.upperBound)
    }

    var range: Range<Int> { Int(start)..<Int(end) }
    var isEmpty: Bool { start == end }
}

/// The fields of one line: where the value of each key stands, without the quotes around it.
///
/// Within quotes every quote and every backslash has a backslash before it, and without quotes there is neither, so that two texts
/// mean the same exactly if their bytes are the same.
struct FeedFields {
    private static let most = 64

    private var keys = InlineArray<64, FeedText>(repeating: FeedText())
    private var values = InlineArray<64, FeedText>(repeating: FeedText())
    private var count = 0
    let line: Int

    /// Reads the pairs in a part of the text, which begins with the blank before the first.
    init(_ text: Span<UInt8>, _ range: Range<Int>, line: Int) throws(FeedFault) {
        self.line = line
        var position = range.lowerBound
        while position < range.upperBound {
            guard text[position] == UInt8(ascii: " ") else { throw FeedFault(.badField, line: line) }
            position += 1
            try add(text, &position, end: range.upperBound)
        }
    }

    private mutating func add(_ text: Span<UInt8>, _ position: inout Int, end: Int) throws(FeedFault) {
        let start = position
        while position < end, FeedFields.isKey(text[position]) { position += 1 }
        let key = start..<position
        guard !key.isEmpty, position < end, text[position] == UInt8(ascii: "=") else {
            throw FeedFault(.badField, line: line)
        }
        position += 1
        guard let value = FeedFields.value(text, &position, end: end) else { throw FeedFault(.badField, line: line) }
        guard count < FeedFields.most else { throw FeedFault(.tooManyFields, line: line) }
        for index in 0..<count where FeedFields.isSame(text, keys[index].range, key) {
            throw FeedFault(.keyTwice, line: line)
        }
        keys[count] = FeedText(key)
        values[count] = FeedText(value)
        count += 1
    }

    private static func isKey(_ byte: UInt8) -> Bool {
        byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "z") || byte.isASCIIDigit || byte == UInt8(ascii: "_")
    }

    private static func value(_ text: Span<UInt8>, _ position: inout Int, end: Int) -> Range<Int>? {
        let quote = UInt8(ascii: "\"")
        let backslash = UInt8(ascii: "\\")
        guard position < end, text[position] == quote else {
            let start = position
            while position < end, text[position] != UInt8(ascii: " ") {
                guard text[position] != quote, text[position] != backslash, text[position] != UInt8(ascii: "=") else {
                    return nil
                }
                position += 1
            }
            return start..<position
        }
        position += 1
        let start = position
        while position < end, text[position] != quote {
            if text[position] == backslash {
                position += 1
                guard position < end, text[position] == quote || text[position] == backslash else { return nil }
            }
            position += 1
        }
        guard position < end else { return nil }
        position += 1
        return start..<(position - 1)
    }

    private static func isSame(_ text: Span<UInt8>, _ one: Range<Int>, _ other: Range<Int>) -> Bool {
        text.extracting(one).isSame(as: text.extracting(other))
    }
}

/// Values by their keys.
extension FeedFields {
    /// The value of a key, which may be empty; nil if there is none.
    func value(_ key: FeedKey, _ text: Span<UInt8>) -> FeedText? {
        for index in 0..<count where text.extracting(keys[index].range).isSame(as: key.rawValue) {
            return values[index]
        }
        return nil
    }

    /// The value of a key that must be there.
    func required(_ key: FeedKey, _ text: Span<UInt8>) throws(FeedFault) -> FeedText {
        guard let value = value(key, text) else { throw FeedFault(.missing(key), line: line) }
        return value
    }

    /// A value that somebody understands, if it is there.
    func optional<Value>(
        _ key: FeedKey, _ text: Span<UInt8>, _ understand: (FeedText) -> Value?
    ) throws(FeedFault) -> Value? {
        guard let value = value(key, text) else { return nil }
        guard let understood = understand(value) else { throw FeedFault(.badValue(key), line: line) }
        return understood
    }

    /// A value that must be there and that somebody understands.
    func required<Value>(
        _ key: FeedKey, _ text: Span<UInt8>, _ understand: (FeedText) -> Value?
    ) throws(FeedFault) -> Value {
        guard let understood = understand(try required(key, text)) else { throw FeedFault(.badValue(key), line: line) }
        return understood
    }
}

extension Span<UInt8> {
    /// Whether two texts have the same bytes.
    func isSame(as other: Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        for index in indices where self[index] != other[index] { return false }
        return true
    }

    /// Whether these are the bytes of a short text. It allocates nothing.
    func isSame(as other: String) -> Bool {
        let bytes = other.utf8
        guard count == bytes.count else { return false }
        var index = 0
        for byte in bytes {
            guard self[index] == byte else { return false }
            index += 1
        }
        return true
    }
}
