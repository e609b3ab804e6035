import HTTP
import Testing

/// What a client says of itself and of its time.
@Suite struct ClientHeaderTests {
    @Test(
        arguments: [
            ("10", 10_000), ("1.5", 1500), ("0.5", 500), ("10.000", 10_000), ("0.001", 1), ("0.0019", 1), ("0.25", 250),
            ("1.123456789012345678901234567890", 1123), ("00010", 10_000), ("86400", 86_400_000),
            ("86399.999", 86_399_999),
            ("59.99", 59_990), (" \t3 ", 3000),
            ("", nil), ("0", nil), ("0.0", nil), ("0.0009", nil), ("-1", nil), ("+1", nil), (".5", nil), ("1.", nil),
            (".", nil), ("1.5s", nil), ("1,5", nil), ("1 5", nil), ("1e3", nil), ("inf", nil), ("NaN", nil),
            ("0x10", nil),
            ("1.2.3", nil), ("1.-2", nil), ("86400.001", nil), ("86401", nil), ("18446744073709551615", nil),
            ("18446744073709551616", nil), ("99999999999999999999999999.5", nil),
        ] as [(String, UInt64?)])
    func `the time that a client waits is taken to the millisecond, and nonsense is none`(
        value: String, milliseconds: UInt64?
    ) throws {
        let (request, _) = try understood("X-Prometheus-Scrape-Timeout-Seconds: \(value)")
        #expect(request.scrapeTimeoutMilliseconds == milliseconds)
    }

    @Test func `a client that says nothing has no time and no credentials`() throws {
        let (request, _) = try understood("X-Prometheus-Scrape-Timeout-Second: 1\r\nAuthorisation: Basic YTpi")
        #expect(request.scrapeTimeoutMilliseconds == nil)
        #expect(request.authorization == nil)
    }

    @Test(arguments: [
        ("Authorization: Basic YTpi", "Basic YTpi"), ("AUTHORIZATION:Basic YTpi\t ", "Basic YTpi"),
        ("authorization: \t a b", "a b"), ("Authorization:", ""), ("Proxy-Authorization: x\r\nAuthorization: y", "y"),
        ("Authorization: y\r\nAccept: z", "y"),
    ])
    func `credentials are the value of their header`(lines: String, value: String) throws {
        let (request, bytes) = try understood(lines)
        let range = try #require(request.authorization)
        #expect(String(decoding: bytes[range], as: UTF8.self) == value)
    }

    private func understood(_ headers: String) throws -> (Request, [UInt8]) {
        let bytes = Array("GET /metrics HTTP/1.1\r\nHost: x\r\n\(headers)\r\n\r\n".utf8)
        guard case .complete(let request) = try readEveryWay(bytes) else { throw NotUnderstood() }
        return (request, bytes)
    }

    private struct NotUnderstood: Error {}
}
