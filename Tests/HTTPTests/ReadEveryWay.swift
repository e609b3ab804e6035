import HTTP
import Testing

func parse(_ bytes: [UInt8], previousCount: Int = 0) -> ParseResult {
    parseRequest(bytes.span, previousCount: previousCount)
}

func parse(_ text: String) -> ParseResult {
    parse(Array(text.utf8))
}

/// Reads bytes in every way in which they can arrive; the answer must be the same each time.
func readEveryWay(_ bytes: [UInt8], sourceLocation: SourceLocation = #_sourceLocation) throws -> ParseResult {
    let whole = parse(bytes)
    #expect(readInSteps(bytes) == whole, "one byte at a time", sourceLocation: sourceLocation)
    let memory = try GuardedMemory()
    #expect(memory.parseAtEnd(bytes) == whole, "at the end of memory", sourceLocation: sourceLocation)
    for cut in cuts(of: bytes.count) {
        #expect(readInTwo(bytes, cut: cut) == whole, "cut at \(cut)", sourceLocation: sourceLocation)
    }
    return whole
}

/// As the server does when bytes trickle in: asked after each step, and told how many were seen before.
private func readInSteps(_ bytes: [UInt8]) -> ParseResult {
    var previousCount = 0
    for count in cuts(of: bytes.count) {
        let result = parseRequest(bytes.span.extracting(..<count), previousCount: previousCount)
        if result != .incomplete { return result }
        previousCount = count
    }
    return .incomplete
}

private func readInTwo(_ bytes: [UInt8], cut: Int) -> ParseResult {
    let first = parseRequest(bytes.span.extracting(..<cut))
    return first == .incomplete ? parse(bytes, previousCount: cut) : first
}

/// Every position. Of an input as long as the limits, all of whose cuts would take minutes, the ends and a sample between them.
private func cuts(of count: Int) -> [Int] {
    guard count > 1024 else { return Array(0...count) }
    return Array(0...64) + stride(from: 65, to: count - 16, by: 1021) + Array((count - 16)...count)
}
