import Bytes

/// What the header lines of one request say that matters here; all others are skipped.
struct HeaderFacts {
    private var hosts = 0
    private var contentLength: UInt64?
    private var isChunked = false
    private var closes = false
    private var keepsAlive = false
    private var formats = FormatChoice()
    private var codings = CodingChoice()
    private var authorization: Range<Int>?
    private var ifNoneMatch: Range<Int>?
    private var hasIfNoneMatch = false
    private var scrapeTimeoutMilliseconds: UInt64?

    /// Takes in one header line. See RFC 9112 section 5.
    mutating func read(_ bytes: Span<UInt8>, line: Range<Int>) throws(Stop) {
        let text = bytes.extracting(line)
        let colon = try HeaderFacts.endOfName(text)
        let range = try HeaderFacts.value(in: text, from: colon + 1)
        let value = text.extracting(range)
        let name = text.extracting(0..<colon)
        // The length tells most headers apart before a byte is compared.
        switch colon {
        case 4 where name.equalsIgnoringCase("host"): try readHost(value)
        case 6 where name.equalsIgnoringCase("accept"): formats.read(value)
        case 6 where name.equalsIgnoringCase("expect"): try readExpectation(value)
        case 10 where name.equalsIgnoringCase("connection"): readConnection(value)
        case 13 where name.equalsIgnoringCase("authorization"):
            try readAuthorization((line.lowerBound + range.lowerBound)..<(line.lowerBound + range.upperBound))
        case 13 where name.equalsIgnoringCase("if-none-match"):
            readIfNoneMatch((line.lowerBound + range.lowerBound)..<(line.lowerBound + range.upperBound))
        case 14 where name.equalsIgnoringCase("content-length"): try readContentLength(value)
        case 15 where name.equalsIgnoringCase("accept-encoding"): codings.read(value)
        case 17 where name.equalsIgnoringCase("transfer-encoding"): try readTransferEncoding(value)
        case 35 where name.equalsIgnoringCase("x-prometheus-scrape-timeout-seconds"):
            scrapeTimeoutMilliseconds = ScrapeTimeout.milliseconds(value)
        default: break
        }
    }

    /// The request that the line and the headers make together.
    func request(_ line: RequestLine, headLength: Int) throws(Stop) -> Request {
        // RFC 9112 section 3.2: exactly one in HTTP/1.1, at most one before.
        guard hosts == 1 || (hosts == 0 && !line.isHTTP11) else { throw .malformed(.badRequest) }
        if isChunked {
            // RFC 9112 section 6.1: with a length beside it, or in HTTP/1.0, it is an attack or a fault.
            guard contentLength == nil, line.isHTTP11 else { throw .malformed(.badRequest) }
        }
        let bodyLength = contentLength ?? 0
        guard bodyLength <= UInt64(Limits.bodyBytes) else { throw .malformed(.contentTooLarge) }
        let persistent = line.isHTTP11 ? !closes : keepsAlive && !closes
        return Request(
            method: line.method, path: line.path, query: line.query, isHTTP11: line.isHTTP11,
            // Nothing here needs a body: the request is answered, and a chunked one ends the connection instead of being decoded.
            keepsAlive: persistent && !isChunked, namesKeepAlive: keepsAlive,
            representation: Representation(
                format: formats.format, namesEscaping: formats.namesEscaping, coding: codings.coding),
            authorization: authorization, ifNoneMatch: ifNoneMatch,
            scrapeTimeoutMilliseconds: scrapeTimeoutMilliseconds,
            headLength: headLength, bodyLength: Int(bodyLength)
        )
    }

    /// Where the colon is. A blank before it, or at the line's start (a folded line), is refused. See RFC 9112 section 5.1, 5.2.
    private static func endOfName(_ text: Span<UInt8>) throws(Stop) -> Int {
        for index in text.indices {
            if text[index] == UInt8(ascii: ":"), index > 0 { return index }
            guard isToken(text[index]) else { throw .malformed(.badRequest) }
        }
        throw .malformed(.badRequest)
    }

    /// The value without blanks around it. Control characters, bare CR and NUL among them, are refused. See RFC 9110 section 5.5.
    private static func value(in text: Span<UInt8>, from start: Int) throws(Stop) -> Range<Int> {
        for index in start..<text.count {
            guard text[index] >= space && text[index] != 0x7F || text[index] == tab else {
                throw .malformed(.badRequest)
            }
        }
        return text.trimmed(start..<text.count)
    }

    private mutating func readHost(_ value: Span<UInt8>) throws(Stop) {
        hosts += 1
        guard isHost(value) else { throw .malformed(.badRequest) }
    }

    private mutating func readExpectation(_ value: Span<UInt8>) throws(Stop) {
        // The final status is sent at once, which RFC 9110 section 10.1.1 allows instead of 100.
        guard value.equalsIgnoringCase("100-continue") else { throw .malformed(.expectationFailed) }
    }

    private mutating func readConnection(_ value: Span<UInt8>) {
        value.forEachListElement { element in
            if element.equalsIgnoringCase("close") { closes = true }
            if element.equalsIgnoringCase("keep-alive") { keepsAlive = true }
        }
    }

    /// Two would leave open whose request it is.
    private mutating func readAuthorization(_ value: Range<Int>) throws(Stop) {
        guard authorization == nil else { throw .malformed(.badRequest) }
        authorization = value
    }

    /// Of several, none counts: the answer is then as without.
    private mutating func readIfNoneMatch(_ value: Range<Int>) {
        ifNoneMatch = hasIfNoneMatch ? nil : value
        hasIfNoneMatch = true
    }

    private mutating func readContentLength(_ value: Span<UInt8>) throws(Stop) {
        guard contentLength == nil else { throw .malformed(.badRequest) }
        guard value.isAllDigits else { throw .malformed(.badRequest) }
        guard let length = UInt64(decimal: value) else { throw .malformed(.contentTooLarge) }
        contentLength = length
    }

    private mutating func readTransferEncoding(_ value: Span<UInt8>) throws(Stop) {
        var isKnown = true
        var codings = 0
        value.forEachListElement { element in
            codings += 1
            if !element.equalsIgnoringCase("chunked") { isKnown = false }
        }
        guard isKnown else { throw .malformed(.notImplemented) }
        guard codings == 1, !isChunked else { throw .malformed(.badRequest) }
        isChunked = true
    }
}
