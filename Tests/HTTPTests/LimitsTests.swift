import HTTP
import Testing

/// Each limit one below, at, and one above.
@Suite struct LimitsTests {
    @Test(
        arguments: [(Limits.targetBytes - 1, nil), (Limits.targetBytes, nil), (Limits.targetBytes + 1, .uriTooLong)]
            as [(Int, Status?)])
    func `a target has at most 8 KiB`(length: Int, status: Status?) throws {
        let target = "/" + String(repeating: "a", count: length - 1)
        let result = try readEveryWay(Array("GET \(target) HTTP/1.1\r\nHost: x\r\n\r\n".utf8))
        #expect(refusal(result) == status)
    }

    @Test func `a target that is too long is refused before it ends`() throws {
        let start = Array("GET /".utf8)
        let rest = [UInt8](repeating: UInt8(ascii: "a"), count: Limits.targetBytes - 1)
        #expect(parse(start + rest) == .incomplete)
        #expect(try readEveryWay(start + rest + rest) == .malformed(.uriTooLong))
    }

    @Test(arguments: [(99, nil), (100, nil), (101, .requestHeaderFieldsTooLarge)] as [(Int, Status?)])
    func `a head has at most 100 headers`(count: Int, status: Status?) throws {
        let others = String(repeating: "A: b\r\n", count: count - 1)
        let result = try readEveryWay(Array("GET / HTTP/1.1\r\nHost: x\r\n\(others)\r\n".utf8))
        #expect(refusal(result) == status)
    }

    @Test(
        arguments: [
            (Limits.headBytes - 1, nil), (Limits.headBytes, nil), (Limits.headBytes + 1, .requestHeaderFieldsTooLarge),
        ] as [(Int, Status?)])
    func `a head has at most 16 KiB, with its empty line`(length: Int, status: Status?) throws {
        let result = try readEveryWay(head(ofLength: length))
        #expect(refusal(result) == status)
        if case .complete(let request) = result { #expect(request.headLength == length) }
    }

    @Test func `a head that fills its limit without end is refused there and not before`() {
        let start = Array(head(ofLength: Limits.headBytes + 100).prefix(Limits.headBytes))
        let last = Limits.headBytes - 1
        #expect(parse(Array(start.prefix(last))) == .incomplete)
        #expect(parse(start) == .malformed(.requestHeaderFieldsTooLarge))
        #expect(parse(start, previousCount: last) == .malformed(.requestHeaderFieldsTooLarge))
    }

    @Test func `a request line that fills the limit for a head is refused as too long a target`() throws {
        let endless = Array("GET / HTTP/1.1".utf8) + [UInt8](repeating: UInt8(ascii: "a"), count: Limits.headBytes)
        #expect(parse(Array(endless.prefix(Limits.headBytes - 1))) == .incomplete)
        #expect(parse(endless) == .malformed(.uriTooLong))
    }

    /// The limit counts the bytes of one head: what a client pipelines behind it is another's.
    @Test func `a full head may be followed by more`() throws {
        let full = head(ofLength: Limits.headBytes)
        #expect(try readEveryWay(full + full) == parse(full))
    }

    @Test func `a method has at most 32 bytes, and a longer one is refused before it ends`() throws {
        let longest = String(repeating: "M", count: Limits.methodBytes)
        #expect(try readEveryWay(Array(longest.utf8)) == .incomplete)
        #expect(try readEveryWay(Array("\(longest) ".utf8)) == .incomplete)
        #expect(try readEveryWay(Array("\(longest)M".utf8)) == .malformed(.notImplemented))
    }

    @Test(
        arguments: [
            (Limits.bodyBytes - 1, nil), (Limits.bodyBytes, nil), (Limits.bodyBytes + 1, .contentTooLarge),
        ] as [(Int, Status?)])
    func `a body has at most 16 KiB`(length: Int, status: Status?) throws {
        let result = try readEveryWay(Array("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: \(length)\r\n\r\n".utf8))
        #expect(refusal(result) == status)
        if case .complete(let request) = result { #expect(request.bodyLength == length) }
    }

    private func head(ofLength length: Int) -> [UInt8] {
        let (start, end) = ("GET / HTTP/1.1\r\nHost: x\r\nPadding: ", "\r\n\r\n")
        let padding = String(repeating: "p", count: length - start.utf8.count - end.utf8.count)
        return Array((start + padding + end).utf8)
    }

    /// The status of a refusal; nil for a request that was understood.
    private func refusal(_ result: ParseResult) -> Status? {
        switch result {
        case .complete: return nil
        case .malformed(let status): return status
        case .incomplete:
            Issue.record("incomplete")
            return nil
        }
    }
}
