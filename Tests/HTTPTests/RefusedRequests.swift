import HTTP
import Testing

/// Bytes that no request can come of, and the status that says so.
struct RefusedRequest: Sendable, CustomTestStringConvertible {
    let fault: String
    let bytes: [UInt8]
    let status: Status

    var testDescription: String { fault }

    init(_ status: Status, _ fault: String, _ text: String) {
        self.init(status, fault, bytes: Array(text.utf8))
    }

    init(_ status: Status, _ fault: String, bytes: [UInt8]) {
        self.fault = fault
        self.bytes = bytes
        self.status = status
    }

    /// A well-formed request line, one header under test, and the rest of a good head.
    private init(_ status: Status, header: String) {
        self.init(status, "header \(header.debugDescription)", "GET /metrics HTTP/1.1\r\nHost: x\r\n\(header)\r\n\r\n")
    }

    /// A request line under test before a good head.
    private init(_ status: Status, line: String) {
        self.init(status, "line \(line.debugDescription)", "\(line)\r\nHost: x\r\n\r\n")
    }

    static let all = notHTTP + lines + methods + versions + hosts + headers + lengths + codings + expectations

    private static let notHTTP = [
        RefusedRequest(
            .badRequest, "a TLS ClientHello", bytes: [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xFC, 0x03]),
        RefusedRequest(.badRequest, "an SSH banner", "SSH-2.0-OpenSSH_9.2\r\n"),
        RefusedRequest(.badRequest, "NUL bytes", bytes: [0, 0, 0, 0]),
        RefusedRequest(.badRequest, "bytes beyond ASCII", bytes: [0xFF, 0xFE, 0x0D, 0x0A]),
        RefusedRequest(.badRequest, "JSON", "{\"method\": \"GET\"}\r\n"),
        RefusedRequest(.badRequest, "a second empty line in front", "\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n"),
        RefusedRequest(.badRequest, "a line feed in front", "\nGET / HTTP/1.1\r\nHost: x\r\n\r\n"),
        RefusedRequest(.badRequest, "a carriage return in front", "\rGET / HTTP/1.1\r\nHost: x\r\n\r\n"),
    ]

    private static let lines = [
        RefusedRequest(.badRequest, line: "GET"),
        RefusedRequest(.badRequest, line: "GET "),
        RefusedRequest(.badRequest, line: "GET /"),
        RefusedRequest(.badRequest, line: "GET / "),
        RefusedRequest(.badRequest, line: " GET / HTTP/1.1"),
        RefusedRequest(.badRequest, line: "\tGET / HTTP/1.1"),
        RefusedRequest(.badRequest, line: "GET  / HTTP/1.1"),
        RefusedRequest(.badRequest, line: "GET\t/ HTTP/1.1"),
        RefusedRequest(.badRequest, line: "GET  HTTP/1.1"),
        RefusedRequest(.badRequest, line: "GET /  HTTP/1.1"),
        RefusedRequest(.badRequest, line: "GET /a /b HTTP/1.1"),
        RefusedRequest(.badRequest, line: "GET / HTTP/1.1 "),
        RefusedRequest(.badRequest, line: "GET / HTTP/1.1\t"),
        RefusedRequest(.badRequest, line: "GET /\tHTTP/1.1"),
        RefusedRequest(.badRequest, line: "GET /\r HTTP/1.1"),
        RefusedRequest(.badRequest, line: "GET / HTTP/1.1\r"),
        RefusedRequest(.badRequest, line: "GET /\0 HTTP/1.1"),
        RefusedRequest(.badRequest, line: "GET /\u{7F} HTTP/1.1"),
        RefusedRequest(.badRequest, line: "GET /\u{1B}[2J HTTP/1.1"),
        RefusedRequest(.badRequest, line: "GET /m\u{E9}trics HTTP/1.1"),
        RefusedRequest(.badRequest, line: "GET /metrics#energy HTTP/1.1"),
        RefusedRequest(.badRequest, line: "GET # HTTP/1.1"),
        RefusedRequest(.badRequest, line: "GET metrics HTTP/1.1"),
        RefusedRequest(.badRequest, line: "GET ?query HTTP/1.1"),
        RefusedRequest(.badRequest, line: "GET * HTTP/1.1"),
        RefusedRequest(.badRequest, line: "OPTIONS ** HTTP/1.1"),
        RefusedRequest(.badRequest, line: "GET http: HTTP/1.1"),
        RefusedRequest(.badRequest, line: "GET http:// HTTP/1.1"),
        RefusedRequest(.badRequest, line: "GET http:///metrics HTTP/1.1"),
        RefusedRequest(.badRequest, line: "GET https://?query HTTP/1.1"),
        RefusedRequest(.badRequest, line: "GET ftp://host/metrics HTTP/1.1"),
        RefusedRequest(.badRequest, "a line that ends in a bare line feed", "GET / HTTP/1.1\nHost: x\r\n\r\n"),
        RefusedRequest(.badRequest, "line feeds only", "GET / HTTP/1.1\nHost: x\n\n"),
    ]

    private static let methods = [
        RefusedRequest(.notImplemented, line: "get / HTTP/1.1"),
        RefusedRequest(.notImplemented, line: "Get / HTTP/1.1"),
        RefusedRequest(.notImplemented, line: "GETS / HTTP/1.1"),
        RefusedRequest(.notImplemented, line: "GE / HTTP/1.1"),
        RefusedRequest(.notImplemented, line: "PROPFIND / HTTP/1.1"),
        RefusedRequest(.notImplemented, line: "!#$%&'*+-.^_`|~ / HTTP/1.1"),
        RefusedRequest(.badRequest, line: "GE(T / HTTP/1.1"),
        RefusedRequest(.badRequest, line: "GET: / HTTP/1.1"),
        RefusedRequest(.badRequest, line: "G\0T / HTTP/1.1"),
        RefusedRequest(.badRequest, line: "G\u{CB}T / HTTP/1.1"),
    ]

    private static let versions = [
        RefusedRequest(.versionNotSupported, "the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        RefusedRequest(.versionNotSupported, line: "GET / HTTP/2.0"),
        RefusedRequest(.versionNotSupported, line: "GET / HTTP/3.1"),
        RefusedRequest(.versionNotSupported, line: "GET / HTTP/0.9"),
        RefusedRequest(.badRequest, line: "GET / HTTP/2"),
        RefusedRequest(.badRequest, line: "GET / HTTP/1"),
        RefusedRequest(.badRequest, line: "GET / HTTP/1."),
        RefusedRequest(.badRequest, line: "GET / HTTP/1.10"),
        RefusedRequest(.badRequest, line: "GET / HTTP/11.1"),
        RefusedRequest(.badRequest, line: "GET / HTTP/1,1"),
        RefusedRequest(.badRequest, line: "GET / HTTP/x.1"),
        RefusedRequest(.badRequest, line: "GET / HTTP/1.x"),
        RefusedRequest(.badRequest, line: "GET / http/1.1"),
        RefusedRequest(.badRequest, line: "GET / HTTP 1.1"),
        RefusedRequest(.badRequest, line: "GET / ICY/1.1"),
    ]

    /// RFC 9112 section 3.2 and RFC 3986 section 3.2.
    private static func badHost(_ host: String) -> RefusedRequest {
        RefusedRequest(.badRequest, "Host: \(host)", "GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n")
    }

    private static let hosts =
        [
            RefusedRequest(.badRequest, "no Host", "GET / HTTP/1.1\r\n\r\n"),
            RefusedRequest(
                .badRequest, "no Host among other headers", "GET / HTTP/1.1\r\nAccept: */*\r\nHosts: x\r\n\r\n"),
            RefusedRequest(.badRequest, header: "Host: x"),
            RefusedRequest(.badRequest, header: "host: y"),
            RefusedRequest(.badRequest, "a repeated Host in HTTP/1.0", "GET / HTTP/1.0\r\nHost: x\r\nHost: x\r\n\r\n"),
            RefusedRequest(.badRequest, "a blank in Host", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"),
            RefusedRequest(.badRequest, "a slash in Host", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
            RefusedRequest(.badRequest, "a user in Host", "GET / HTTP/1.1\r\nHost: user@host\r\n\r\n"),
            RefusedRequest(.badRequest, "HTML in Host", "GET / HTTP/1.1\r\nHost: <script>\r\n\r\n"),
            RefusedRequest(.badRequest, "a letter beyond ASCII in Host", "GET / HTTP/1.1\r\nHost: z\u{FC}rich\r\n\r\n"),
        ]
        + ["[::1", "[::1]x", "[::1]:9x", "::1]", "x[::1]", "[]", "[:1]", "[::g]", "[::1%]", "[v1.a]", "[[::1]]"].map {
            badHost($0)
        }
        + ["a:b", "a:1:2", "::1", ":-1", "a:+1", "%2", "%zz", "a%", "a%2g.example", "a]"].map { badHost($0) } + [
            RefusedRequest(.badRequest, "a bad Host in HTTP/1.0", "GET / HTTP/1.0\r\nHost: a b\r\n\r\n")
        ]

    private static let headers = [
        RefusedRequest(.badRequest, header: "Accept : */*"),
        RefusedRequest(.badRequest, header: "Accept\t: */*"),
        RefusedRequest(.badRequest, header: "Accept: */*,\r\n text/plain"),
        RefusedRequest(.badRequest, header: "Accept: */*,\r\n\ttext/plain"),
        RefusedRequest(.badRequest, header: "Accept: */*\r\n "),
        RefusedRequest(
            .badRequest, "a fold before the first header", "GET / HTTP/1.1\r\n Accept: a\r\nHost: x\r\n\r\n"),
        RefusedRequest(.badRequest, header: "Accept"),
        RefusedRequest(.badRequest, header: ": value"),
        RefusedRequest(.badRequest, header: ":"),
        RefusedRequest(.badRequest, header: "Acc(ept: a"),
        RefusedRequest(.badRequest, header: "Acc\u{E9}pt: a"),
        RefusedRequest(.badRequest, header: "Acc\0ept: a"),
        RefusedRequest(.badRequest, header: "Accept: a\0b"),
        RefusedRequest(.badRequest, header: "Accept: a\rb"),
        RefusedRequest(.badRequest, header: "Accept: a\r"),
        RefusedRequest(.badRequest, header: "Accept: a\u{B}b"),
        RefusedRequest(.badRequest, header: "Accept: a\u{1B}b"),
        RefusedRequest(.badRequest, header: "Accept: a\u{7F}b"),
        RefusedRequest(.badRequest, header: "Accept: a\nX-Smuggled: b"),
        RefusedRequest(.badRequest, header: "Authorization: Basic YTpi\r\nAuthorization: Basic YTpi"),
        RefusedRequest(.badRequest, header: "Authorization:\r\nA: b\r\nAUTHORIZATION: Basic YTpi"),
        RefusedRequest(.badRequest, "a head that ends in a bare line feed", "GET / HTTP/1.1\r\nHost: x\r\n\n"),
        RefusedRequest(
            .badRequest, "a head that ends in a bare carriage return", "GET / HTTP/1.1\r\nHost: x\r\n\rA\r\n"),
    ]

    private static let lengths = [
        RefusedRequest(.badRequest, header: "Content-Length:"),
        RefusedRequest(.badRequest, header: "Content-Length: -1"),
        RefusedRequest(.badRequest, header: "Content-Length: +1"),
        RefusedRequest(.badRequest, header: "Content-Length: 0x10"),
        RefusedRequest(.badRequest, header: "Content-Length: 1f"),
        RefusedRequest(.badRequest, header: "Content-Length: 1.0"),
        RefusedRequest(.badRequest, header: "Content-Length: 1 0"),
        RefusedRequest(.badRequest, header: "Content-Length: 1, 1"),
        RefusedRequest(.badRequest, header: "Content-Length: \u{B2}"),
        RefusedRequest(.badRequest, header: "Content-Length: 5\r\nContent-Length: 5"),
        RefusedRequest(.badRequest, header: "Content-Length: 5\r\nContent-Length: 6"),
        RefusedRequest(.contentTooLarge, header: "Content-Length: 16385"),
        RefusedRequest(.contentTooLarge, header: "Content-Length: 18446744073709551615"),
        RefusedRequest(.contentTooLarge, header: "Content-Length: 18446744073709551616"),
        RefusedRequest(.contentTooLarge, header: "Content-Length: 99999999999999999999999999"),
    ]

    private static let codings = [
        RefusedRequest(.badRequest, header: "Content-Length: 5\r\nTransfer-Encoding: chunked"),
        RefusedRequest(.badRequest, header: "Transfer-Encoding: chunked\r\nContent-Length: 5"),
        RefusedRequest(.badRequest, header: "Transfer-Encoding: chunked\r\nContent-Length: 99999"),
        RefusedRequest(.badRequest, header: "Transfer-Encoding: chunked, chunked"),
        RefusedRequest(.badRequest, header: "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
        RefusedRequest(.badRequest, header: "Transfer-Encoding:"),
        RefusedRequest(.badRequest, header: "Transfer-Encoding: ,"),
        RefusedRequest(.badRequest, "a coding in HTTP/1.0", "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"),
        RefusedRequest(.notImplemented, header: "Transfer-Encoding: gzip"),
        RefusedRequest(.notImplemented, header: "Transfer-Encoding: gzip, chunked"),
        RefusedRequest(.notImplemented, header: "Transfer-Encoding: chunked, gzip"),
        RefusedRequest(.notImplemented, header: "Transfer-Encoding: identity"),
        RefusedRequest(.notImplemented, header: "Transfer-Encoding: xchunked"),
        RefusedRequest(.notImplemented, header: "Transfer-Encoding: \"chunked\""),
    ]

    private static let expectations = [
        RefusedRequest(.expectationFailed, header: "Expect: 200-ok"),
        RefusedRequest(.expectationFailed, header: "Expect:"),
        RefusedRequest(.expectationFailed, header: "Expect: 100-continue, 200-ok"),
    ]
}
