import Bytes
import Counters

/// What a feed says, understood: pure, and without allocating once it has had as many devices before. See docs/feeds.md.
struct FeedContent: Sendable {
    static let mostBytes = 65_536
    static let mostLines = 1024
    static let mostLineBytes = 16_384
    static let mostEntries = 64

    /// What the reader calls itself.
    private(set) var name = FeedText()
    /// The time from one publication to the next.
    private(set) var periodNanoseconds: UInt64 = 0
    /// The devices, in the order of their lines.
    private(set) var entries: [FeedEntry] = []

    /// Says nothing.
    init() {}

    /// Understands a text anew. What was understood before is forgotten, whatever becomes of this.
    mutating func parse(_ text: Span<UInt8>) throws(FeedFault) {
        (name, periodNanoseconds) = (FeedText(), 0)
        entries.removeAll(keepingCapacity: true)
        guard text.count <= FeedContent.mostBytes else { throw FeedFault(.tooLong, line: 0) }
        do throws(FeedFault) {
            try parseLines(text)
        } catch {
            entries.removeAll(keepingCapacity: true)
            throw error
        }
    }

    private mutating func parseLines(_ text: Span<UInt8>) throws(FeedFault) {
        var start = 0
        var line = 1
        var hasEnded = false
        while start < text.count {
            guard !hasEnded else { throw FeedFault(.afterEnd, line: line) }
            guard line <= FeedContent.mostLines else { throw FeedFault(.tooManyLines, line: line) }
            let end = try FeedContent.end(of: text, from: start, line: line)
            hasEnded = try take(text, start..<end, line: line)
            start = end + 1
            line += 1
        }
        guard hasEnded else { throw FeedFault(.cut, line: 0) }
    }

    /// Where a line ends that is text.
    private static func end(of text: Span<UInt8>, from start: Int, line: Int) throws(FeedFault) -> Int {
        var end = start
        while end < text.count, text[end] != UInt8(ascii: "\n") {
            guard end - start < mostLineBytes else { throw FeedFault(.lineTooLong, line: line) }
            guard text[end] >= 0x20, text[end] != 0x7F else { throw FeedFault(.notText, line: line) }
            end += 1
        }
        guard text.extracting(start..<end).isUTF8 else { throw FeedFault(.notText, line: line) }
        return end
    }

    /// Takes in a line.
    ///
    /// - Returns: whether it is the last.
    private mutating func take(_ text: Span<UInt8>, _ range: Range<Int>, line: Int) throws(FeedFault) -> Bool {
        let content = text.extracting(range)
        if line == 1 {
            guard content.isSame(as: "pyjoules-feed 1") else { throw FeedFault(.noMagic, line: line) }
            return false
        }
        if !content.isEmpty && content[0] == UInt8(ascii: "#") { return false }
        var wordEnd = range.lowerBound
        while wordEnd < range.upperBound, text[wordEnd] != UInt8(ascii: " ") { wordEnd += 1 }
        let word = text.extracting(range.lowerBound..<wordEnd)
        let isReader = word.isSame(as: "reader")
        guard isReader == (periodNanoseconds == 0) else { throw FeedFault(.noReader, line: line) }
        if word.isSame(as: "end") {
            guard wordEnd == range.upperBound else { throw FeedFault(.badField, line: line) }
            return true
        }
        let fields = try FeedFields(text, wordEnd..<range.upperBound, line: line)
        if isReader { try takeReader(text, fields) } else { try takeDevice(text, word, fields) }
        return false
    }

    private mutating func takeReader(_ text: Span<UInt8>, _ fields: FeedFields) throws(FeedFault) {
        name = try fields.required(.name, text) { FeedValue.name(text, $0) }
        periodNanoseconds = try fields.required(.period, text) { value in
            FeedValue.nanoseconds(text, value).flatMap { FeedContent.periods.contains($0) ? $0 : nil }
        }
    }

    private static let periods: ClosedRange<UInt64> = 100_000_000...3_600_000_000_000

    private mutating func takeDevice(
        _ text: Span<UInt8>, _ word: Span<UInt8>, _ fields: FeedFields
    ) throws(FeedFault) {
        if word.isSame(as: "samples") { return try takeSamples(text, fields) }
        guard let word = FeedEntry.Word(word) else { throw FeedFault(.unknownWord, line: fields.line) }
        let entry = try FeedEntry(word, text, fields)
        guard position(of: text.extracting(entry.id.range), in: text) == nil else {
            throw FeedFault(.idTwice, line: fields.line)
        }
        guard entries.count < FeedContent.mostEntries else { throw FeedFault(.tooManyCounters, line: fields.line) }
        entries.append(entry)
    }

    private mutating func takeSamples(_ text: Span<UInt8>, _ fields: FeedFields) throws(FeedFault) {
        let id = try fields.required(.id, text) { FeedValue.some($0, most: FeedEntry.mostIDBytes) }
        let samples = try FeedSamples(text, fields)
        guard let position = position(of: text.extracting(id.range), in: text), entries[position].samples == nil,
            entries[position].isReadable
        else { throw FeedFault(.samplesOfNobody, line: fields.line) }
        entries[position].samples = samples
    }

    /// Of an older age than this a reading says nothing of now, in nanoseconds.
    func patience(_ entry: FeedEntry) -> UInt64 { max(periodNanoseconds, entry.updateNanoseconds ?? 0) * 3 }

    /// The first line with a time after a moment; nil if there is none.
    func line(after moment: UInt64) -> Int? {
        for index in entries.indices
        where max(entries[index].atNanoseconds ?? 0, entries[index].samples?.untilNanoseconds ?? 0) > moment {
            return entries[index].line
        }
        return nil
    }

    /// Which entry has an id; nil if none has.
    func position(of id: Span<UInt8>, in text: Span<UInt8>) -> Int? {
        for index in entries.indices where text.extracting(entries[index].id.range).isSame(as: id) { return index }
        return nil
    }
}
