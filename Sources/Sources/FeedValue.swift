import Bytes
import Counters

/// What values of a feed's keys may be.
enum FeedValue {
    /// Text of at least one byte and at most so many.
    static func some(_ value: FeedText, most: Int) -> FeedText? {
        value.isEmpty || value.range.count > most ? nil : value
    }

    /// A name as files of feeds have it.
    static func name(_ text: Span<UInt8>, _ value: FeedText) -> FeedText? {
        isName(text.extracting(value.range)) ? value : nil
    }

    /// Letters, digits, `_` and `-`, at most 63, the first a letter or a digit.
    static func isName(_ bytes: Span<UInt8>) -> Bool {
        guard !bytes.isEmpty, bytes.count <= 63 else { return false }
        for index in bytes.indices {
            let isMark = bytes[index] == UInt8(ascii: "_") || bytes[index] == UInt8(ascii: "-")
            guard isWord(bytes[index]) || isMark && index > 0 else { return false }
        }
        return true
    }

    /// Letters, digits and `_`, at most 63.
    static func domain(_ text: Span<UInt8>, _ value: FeedText) -> FeedText? {
        guard !value.isEmpty, value.range.count <= 63 else { return nil }
        for index in value.range where !isWord(text[index]) && text[index] != UInt8(ascii: "_") { return nil }
        return value
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "z") || byte.isASCIIDigit
    }

    static func kind(_ text: Span<UInt8>, _ value: FeedText) -> DomainKind? {
        let bytes = text.extracting(value.range)
        if bytes.isSame(as: "gpu") { return .gpu }
        return bytes.isSame(as: "sensor") ? .sensor : nil
    }

    static func truth(_ text: Span<UInt8>, _ value: FeedText) -> Bool? {
        let bytes = text.extracting(value.range)
        if bytes.isSame(as: "yes") { return true }
        return bytes.isSame(as: "no") ? false : nil
    }

    /// Listed once: `allCases` makes a list each time.
    private static let obstacles = FeedObstacle.allCases

    static func obstacle(_ text: Span<UInt8>, _ value: FeedText) -> FeedObstacle? {
        for obstacle in obstacles.indices
        where text.extracting(value.range).isSame(as: obstacles[obstacle].rawValue) { return obstacles[obstacle] }
        return nil
    }

    static func count(_ text: Span<UInt8>, _ value: FeedText) -> UInt64? {
        UInt64(decimal: text.extracting(value.range))
    }

    /// Seconds.
    static func nanoseconds(_ text: Span<UInt8>, _ value: FeedText) -> UInt64? {
        FeedNumber.parse(text.extracting(value.range), digits: 9)
    }

    /// Seconds, an hour at most.
    static func span(_ text: Span<UInt8>, _ value: FeedText) -> UInt64? {
        nanoseconds(text, value).flatMap { $0 <= 3_600_000_000_000 ? $0 : nil }
    }

    /// Microjoules for each count, in 10^-9 of them: more than none, and 10^10 microjoules at most.
    static func unit(_ text: Span<UInt8>, _ value: FeedText) -> UInt64? {
        FeedNumber.parse(text.extracting(value.range), digits: 9).flatMap {
            $0 > 0 && $0 <= 10_000_000_000_000_000_000 ? $0 : nil
        }
    }

    /// Watts, a megawatt at most.
    static func microwatts(_ bytes: Span<UInt8>) -> UInt64? {
        FeedNumber.parse(bytes, digits: 6).flatMap { $0 <= PowerIntegrator.largestMicrowatts ? $0 : nil }
    }

    /// Watts that bound anything.
    static func bound(_ text: Span<UInt8>, _ value: FeedText) -> UInt64? {
        microwatts(text.extracting(value.range)).flatMap { $0 > 0 ? $0 : nil }
    }
}
