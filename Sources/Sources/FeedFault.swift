/// Why a feed is not believed: what is wrong, and in which line.
public struct FeedFault: Error, Equatable, Sendable {
    /// What is wrong.
    enum Problem: Equatable, Sendable {
        case tooLong
        case tooManyLines
        case lineTooLong
        case notText
        case noMagic
        case noReader
        case cut
        case afterEnd
        case unknownWord
        case badField
        case tooManyFields
        case keyTwice
        case missing(FeedKey)
        case badValue(FeedKey)
        case idTwice
        case tooManyCounters
        case samplesOfNobody
        case inFuture
        case timeWentBack
    }

    /// The line, from 1; 0 for the feed as a whole.
    public let line: Int
    let problem: Problem

    init(_ problem: Problem, line: Int) {
        self.problem = problem
        self.line = line
    }
}

extension FeedFault: CustomStringConvertible {
    /// The line and what is wrong with it: `line 3: 'raw' is missing`.
    public var description: String { line > 0 ? "line \(line): \(words)" : words }

    private var words: String {
        switch problem {
        case .tooLong: "it is longer than 64 KiB"
        case .tooManyLines: "it has more than 1024 lines"
        case .lineTooLong: "longer than 16 KiB"
        case .notText: "a control character, or no UTF-8"
        case .noMagic: "it is not 'pyjoules-feed 1'"
        case .noReader: "'reader' must be the first word after the version, and only there"
        case .cut: "it is cut off: its last line is not 'end'"
        case .afterEnd: "something follows 'end'"
        case .unknownWord: "its first word is none of counter, power, samples, unreadable and end"
        case .badField: "no key=value pairs with one blank between them"
        case .tooManyFields: "more than 64 keys"
        case .keyTwice: "a key stands in it twice"
        case .missing(let key): "'\(key.rawValue)' is missing"
        case .badValue(let key): "the value of '\(key.rawValue)' is not one that is allowed"
        case .idTwice: "its id has a line already"
        case .tooManyCounters: "more than 64 devices"
        case .samplesOfNobody: "samples come after the counter or power with their id, once"
        case .inFuture: "'at' is in the future: it counts seconds on CLOCK_MONOTONIC"
        case .timeWentBack: "'at' is earlier than it was"
        }
    }
}
