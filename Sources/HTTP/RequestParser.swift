import Bytes

/// Reads one request head from the front of `bytes`. Pure, strict, and without allocation.
///
/// Lines end in CR LF and are judged when they are complete; of an unfinished line only the request line is judged, so
/// that a client that does not speak HTTP is told at once. The grammar is RFC 9112 sections 2 to 6 and RFC 9110 section 5.
///
/// - Parameter previousCount: how many of the bytes an earlier call has seen and called incomplete. A client that sends
///   its head byte by byte would otherwise make each byte cost the whole head.
public func parseRequest(_ bytes: Span<UInt8>, previousCount: Int = 0) -> ParseResult {
    if cannotHaveChanged(bytes, since: previousCount) { return .incomplete }
    var parser = HeadParser()
    do {
        return .complete(try parser.parse(bytes))
    } catch {
        switch error {
        case .incomplete: return .incomplete
        case .malformed(let status): return .malformed(status)
        }
    }
}

/// Whether a head that was incomplete is still incomplete, because since then no line has ended, and no limit was reached; the
/// request line had ended before.
private func cannotHaveChanged(_ bytes: Span<UInt8>, since previousCount: Int) -> Bool {
    guard previousCount > 2, previousCount <= bytes.count, bytes.count < Limits.headBytes else { return false }
    for index in previousCount..<bytes.count where bytes[index] == lineFeed { return false }
    for index in 2..<previousCount where bytes[index] == lineFeed { return true }
    return false
}

/// Why parsing stopped before the end of a head.
enum Stop: Error {
    case incomplete
    case malformed(Status)
}

/// One pass over a head: a position, and what the lines said so far.
struct HeadParser {
    private var position = 0
    private var facts = HeaderFacts()

    mutating func parse(_ bytes: Span<UInt8>) throws(Stop) -> Request {
        try skipEmptyLine(bytes)
        let requestLine = try takeRequestLine(bytes)
        var count = 0
        while true {
            let line = try takeLine(bytes)
            if line.isEmpty { break }
            count += 1
            guard count <= Limits.headers else { throw .malformed(.requestHeaderFieldsTooLarge) }
            try facts.read(bytes, line: line)
        }
        return try facts.request(requestLine, headLength: position)
    }

    /// Some clients send one CR LF too many after a body. See RFC 9112 section 2.2.
    private mutating func skipEmptyLine(_ bytes: Span<UInt8>) throws(Stop) {
        guard bytes.count > 0, bytes[0] == carriageReturn else { return }
        guard bytes.count > 1 else { throw .incomplete }
        guard bytes[1] == lineFeed else { throw .malformed(.badRequest) }
        position = 2
    }

    private mutating func takeRequestLine(_ bytes: Span<UInt8>) throws(Stop) -> RequestLine {
        let start = position
        do {
            return try RequestLine(bytes, line: try takeLine(bytes))
        } catch {
            // The same answer must come of the same bytes, in one piece or in many: what is wrong first counts first.
            if position == start { try RequestLine.judgeUnfinished(bytes, line: start..<bytes.count) }
            throw error
        }
    }

    /// The next line without its CR LF.
    private mutating func takeLine(_ bytes: Span<UInt8>) throws(Stop) -> Range<Int> {
        let start = position
        let limit = min(bytes.count, Limits.headBytes)
        var index = start
        while index < limit, bytes[index] != lineFeed { index += 1 }
        guard index < limit else {
            guard bytes.count < Limits.headBytes else { throw .malformed(tooLong(bytes, lineStart: start)) }
            throw .incomplete
        }
        guard index > start, bytes[index - 1] == carriageReturn else { throw .malformed(.badRequest) }
        position = index + 1
        return start..<(index - 1)
    }

    /// A head that reaches its limit inside the request line has too long a target, otherwise too many headers.
    private func tooLong(_ bytes: Span<UInt8>, lineStart: Int) -> Status {
        lineStart <= 2 ? .uriTooLong : .requestHeaderFieldsTooLarge
    }
}

/// `GET /metrics HTTP/1.1`, taken apart. See RFC 9112 section 3.
struct RequestLine {
    let method: Request.Method
    let path: Range<Int>
    let query: Range<Int>
    let isHTTP11: Bool

    init(_ bytes: Span<UInt8>, line: Range<Int>) throws(Stop) {
        let methodEnd = try RequestLine.endOfMethod(bytes, line: line)
        guard methodEnd < line.upperBound else { throw .malformed(.badRequest) }
        let targetStart = methodEnd + 1
        let targetEnd = try RequestLine.endOfTarget(bytes, targetStart..<line.upperBound)
        guard targetEnd < line.upperBound else { throw .malformed(.badRequest) }
        isHTTP11 = try RequestLine.version(bytes.extracting((targetEnd + 1)..<line.upperBound))
        method = try RequestLine.method(bytes.extracting(line.lowerBound..<methodEnd))
        path = try RequestLine.path(
            bytes, target: targetStart..<targetEnd, method: bytes.extracting(line.lowerBound..<methodEnd))
        let mark = bytes.firstIndex(of: UInt8(ascii: "?"), in: targetStart..<targetEnd)
        query = min(mark + 1, targetEnd)..<targetEnd
    }

    /// Refuses the beginning of a request line that cannot become one, whatever follows.
    static func judgeUnfinished(_ bytes: Span<UInt8>, line: Range<Int>) throws(Stop) {
        let methodEnd = try endOfMethod(bytes, line: line)
        guard methodEnd < line.upperBound else { return }
        _ = try endOfTarget(bytes, (methodEnd + 1)..<line.upperBound)
    }

    /// Where the method ends: at its space, or at the end of an unfinished line.
    private static func endOfMethod(_ bytes: Span<UInt8>, line: Range<Int>) throws(Stop) -> Int {
        for index in line {
            if bytes[index] == space, index > line.lowerBound { return index }
            guard isToken(bytes[index]) else { throw .malformed(.badRequest) }
            guard index - line.lowerBound < Limits.methodBytes else { throw .malformed(.notImplemented) }
        }
        return line.upperBound
    }

    /// Where the target ends: at its space, or at the end of an unfinished line.
    private static func endOfTarget(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(Stop) -> Int {
        for index in range {
            if bytes[index] == space, index > range.lowerBound { return index }
            // Visible ASCII; a fragment is never sent (RFC 9110 section 7.1).
            guard bytes[index] > space, bytes[index] < 0x7F, bytes[index] != UInt8(ascii: "#") else {
                throw .malformed(.badRequest)
            }
            guard index - range.lowerBound < Limits.targetBytes else { throw .malformed(.uriTooLong) }
        }
        return range.upperBound
    }

    /// Whether `HTTP/1.x` is at least 1.1.
    private static func version(_ text: Span<UInt8>) throws(Stop) -> Bool {
        guard text.count == 8, text.extracting(0..<5).equals("HTTP/"), text[5].isASCIIDigit,
            text[6] == UInt8(ascii: "."), text[7].isASCIIDigit
        else { throw .malformed(.badRequest) }
        guard text[5] == UInt8(ascii: "1") else { throw .malformed(.versionNotSupported) }
        return text[7] != UInt8(ascii: "0")
    }

    private static func method(_ text: Span<UInt8>) throws(Stop) -> Request.Method {
        if text.equals("GET") { return .get }
        if text.equals("HEAD") { return .head }
        let isRegistered =
            text.equals("POST") || text.equals("PUT") || text.equals("DELETE") || text.equals("OPTIONS")
            || text.equals("PATCH") || text.equals("CONNECT") || text.equals("TRACE")
        guard isRegistered else { throw .malformed(.notImplemented) }
        return .notAllowed
    }

    /// The path of an origin-form or absolute-form target. See RFC 9112 section 3.2.
    private static func path(
        _ bytes: Span<UInt8>, target: Range<Int>, method: Span<UInt8>
    ) throws(Stop) -> Range<Int> {
        guard !target.isEmpty else { throw .malformed(.badRequest) }
        if method.equals("CONNECT") { return target.upperBound..<target.upperBound }
        if bytes[target.lowerBound] == UInt8(ascii: "/") {
            return target.lowerBound..<bytes.firstIndex(of: UInt8(ascii: "?"), in: target)
        }
        let text = bytes.extracting(target)
        if method.equals("OPTIONS"), text.equals("*") { return target.upperBound..<target.upperBound }
        let scheme = text.hasPrefixIgnoringCase("http://") ? 7 : text.hasPrefixIgnoringCase("https://") ? 8 : 0
        guard scheme > 0, text.count > scheme, text[scheme] != UInt8(ascii: "/"), text[scheme] != UInt8(ascii: "?")
        else { throw .malformed(.badRequest) }
        let authorityStart = target.lowerBound + scheme
        let pathEnd = bytes.firstIndex(of: UInt8(ascii: "?"), in: authorityStart..<target.upperBound)
        let pathStart = bytes.firstIndex(of: UInt8(ascii: "/"), in: authorityStart..<pathEnd)
        // An empty path means "/" (RFC 9110 section 4.2.3): the scheme's second slash spells it.
        return pathStart < pathEnd ? pathStart..<pathEnd : (authorityStart - 1)..<authorityStart
    }
}
