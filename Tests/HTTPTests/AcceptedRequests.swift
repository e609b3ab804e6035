import HTTP
import Testing

/// A well-formed head, and what it is to be understood as.
struct AcceptedRequest: Sendable, CustomTestStringConvertible {
    let bytes: [UInt8]
    let method: Request.Method
    let path: String
    let isHTTP11: Bool
    let keepsAlive: Bool
    let namesKeepAlive: Bool
    let bodyLength: Int

    var testDescription: String { String(decoding: bytes, as: UTF8.self).debugDescription }

    init(
        bytes: [UInt8], method: Request.Method = .get, path: String = "/metrics", isHTTP11: Bool = true,
        keepsAlive: Bool = true, namesKeepAlive: Bool = false, bodyLength: Int = 0
    ) {
        self.bytes = bytes
        self.method = method
        self.path = path
        self.isHTTP11 = isHTTP11
        self.keepsAlive = keepsAlive
        self.namesKeepAlive = namesKeepAlive
        self.bodyLength = bodyLength
    }

    /// A request line under test before a good head.
    private init(line: String, method: Request.Method = .get, path: String = "/metrics", isHTTP11: Bool = true) {
        self.init(
            bytes: Array("\(line)\r\nHost: x\r\n\r\n".utf8), method: method, path: path, isHTTP11: isHTTP11,
            keepsAlive: isHTTP11)
    }

    /// Headers under test after a good start.
    private init(
        headers: String, version: String = "1.1", keepsAlive: Bool = true, namesKeepAlive: Bool = false,
        bodyLength: Int = 0
    ) {
        self.init(
            bytes: Array("GET /metrics HTTP/\(version)\r\nHost: x\r\n\(headers)\r\n\r\n".utf8),
            isHTTP11: version != "1.0", keepsAlive: keepsAlive, namesKeepAlive: namesKeepAlive, bodyLength: bodyLength)
    }

    /// Host lines under test.
    private init(host: String) {
        self.init(bytes: Array("GET /metrics HTTP/1.1\r\n\(host)\r\n\r\n".utf8))
    }

    static let all = clients + lines + methods + hosts + headers + persistence + bodies

    private static let clients = [
        AcceptedRequest(
            bytes: Array(
                """
                GET /metrics HTTP/1.1\r
                Host: 127.0.0.1:9091\r
                User-Agent: Prometheus/2.42.0\r
                Accept: application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1\r
                Accept-Encoding: gzip\r
                X-Prometheus-Scrape-Timeout-Seconds: 10\r
                \r

                """.utf8)),
        AcceptedRequest(
            bytes: Array(
                "GET / HTTP/1.1\r\nHost: localhost:9091\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\n\r\n".utf8),
            path: "/"),
        AcceptedRequest(bytes: Array("\r\nGET /metrics HTTP/1.1\r\nHost: x\r\n\r\n".utf8)),
    ]

    private static let lines = [
        AcceptedRequest(line: "GET /metrics HTTP/1.1"),
        AcceptedRequest(line: "GET /metrics HTTP/1.0", isHTTP11: false),
        AcceptedRequest(line: "GET /metrics HTTP/1.2"),
        AcceptedRequest(line: "GET /metrics HTTP/1.9"),
        AcceptedRequest(line: "GET / HTTP/1.1", path: "/"),
        AcceptedRequest(line: "GET // HTTP/1.1", path: "//"),
        AcceptedRequest(line: "GET /metrics/ HTTP/1.1", path: "/metrics/"),
        AcceptedRequest(line: "GET /-/healthy HTTP/1.1", path: "/-/healthy"),
        AcceptedRequest(line: "GET /%6Detrics HTTP/1.1", path: "/%6Detrics"),
        AcceptedRequest(
            line: "GET /a-._~!$&'()*+,;=:@[]\"<>\\^`{|} HTTP/1.1", path: "/a-._~!$&'()*+,;=:@[]\"<>\\^`{|}"),
        AcceptedRequest(line: "GET /metrics? HTTP/1.1"),
        AcceptedRequest(line: "GET /metrics?name=a&name=b HTTP/1.1"),
        AcceptedRequest(line: "GET /metrics?a/b?c HTTP/1.1"),
        AcceptedRequest(line: "GET /? HTTP/1.1", path: "/"),
        AcceptedRequest(line: "GET http://x/metrics HTTP/1.1"),
        AcceptedRequest(line: "GET http://x:9091/metrics?a=/b HTTP/1.1"),
        AcceptedRequest(line: "GET HTTPS://[::1]:9091/metrics HTTP/1.1"),
        AcceptedRequest(line: "GET http://x/ HTTP/1.1", path: "/"),
    ]

    private static let methods = [
        AcceptedRequest(line: "HEAD /metrics HTTP/1.1", method: .head),
        AcceptedRequest(line: "POST /metrics HTTP/1.1", method: .notAllowed),
        AcceptedRequest(line: "PUT /metrics HTTP/1.1", method: .notAllowed),
        AcceptedRequest(line: "DELETE /metrics HTTP/1.1", method: .notAllowed),
        AcceptedRequest(line: "PATCH /metrics HTTP/1.1", method: .notAllowed),
        AcceptedRequest(line: "TRACE /metrics HTTP/1.1", method: .notAllowed),
        AcceptedRequest(line: "OPTIONS /metrics HTTP/1.1", method: .notAllowed),
        AcceptedRequest(line: "OPTIONS * HTTP/1.1", method: .notAllowed, path: ""),
        AcceptedRequest(line: "CONNECT example.org:443 HTTP/1.1", method: .notAllowed, path: ""),
    ]

    private static let hosts = [
        AcceptedRequest(host: "Host:"),
        AcceptedRequest(host: "Host:x"),
        AcceptedRequest(host: "HOST: x"),
        AcceptedRequest(host: "hOsT: \t x \t "),
        AcceptedRequest(host: "Host: 127.0.0.1:9091"),
        AcceptedRequest(host: "Host: [fe80::1%25eth0]:9091"),
        AcceptedRequest(host: "Host: [fe80::1%eth0]"),
        AcceptedRequest(host: "Host: [::ffff:192.0.2.1]:80"),
        AcceptedRequest(host: "Host: [::1]:"),
        AcceptedRequest(host: "Host: a:"),
        AcceptedRequest(host: "Host: my_host.example.:9091"),
        AcceptedRequest(host: "Host: %2Frun%2Fpyjoules.sock"),
        AcceptedRequest(host: "Host: a!$&'()*+,;=b"),
        AcceptedRequest(host: "Host: xn--zrich-kva.example"),
        AcceptedRequest(bytes: Array("GET /metrics HTTP/1.0\r\n\r\n".utf8), isHTTP11: false, keepsAlive: false),
    ]

    private static let headers = [
        AcceptedRequest(headers: "Accept:"),
        AcceptedRequest(headers: "Accept: \t "),
        AcceptedRequest(headers: "Accept: a\tb"),
        AcceptedRequest(headers: "Accept: \u{E9}"),
        AcceptedRequest(headers: "!#$%&'*+-.^_`|~09azAZ: a"),
        AcceptedRequest(headers: "X: : :"),
        AcceptedRequest(headers: "Hosts: y\r\nXost: z"),
        AcceptedRequest(headers: "Expect: 100-continue"),
        AcceptedRequest(headers: "expect: 100-Continue"),
        AcceptedRequest(
            bytes: Array("GET /metrics HTTP/1.1\r\nHost: x\r\nAccept: ".utf8) + [0x80, 0xFF] + Array("\r\n\r\n".utf8)),
    ]

    private static let persistence = [
        AcceptedRequest(headers: "Connection: close", keepsAlive: false),
        AcceptedRequest(headers: "connection: CLOSE", keepsAlive: false),
        AcceptedRequest(headers: "Connection: upgrade, close", keepsAlive: false),
        AcceptedRequest(headers: "Connection: ,, close ,", keepsAlive: false),
        AcceptedRequest(headers: "Connection: te\r\nConnection: close", keepsAlive: false),
        AcceptedRequest(headers: "Connection: close\r\nConnection: te", keepsAlive: false),
        AcceptedRequest(headers: "Connection: closed"),
        AcceptedRequest(headers: "Connection: clos"),
        AcceptedRequest(headers: "Connection:"),
        AcceptedRequest(headers: "Connections: close"),
        AcceptedRequest(headers: "Connection: keep-alive", namesKeepAlive: true),
        AcceptedRequest(headers: "Connection: keep-alive, close", keepsAlive: false, namesKeepAlive: true),
        AcceptedRequest(headers: "Accept: a", version: "1.0", keepsAlive: false),
        AcceptedRequest(headers: "Connection: te", version: "1.0", keepsAlive: false),
        AcceptedRequest(headers: "Connection: Keep-Alive", version: "1.0", namesKeepAlive: true),
        AcceptedRequest(headers: "Connection: te,keep-alive", version: "1.0", namesKeepAlive: true),
        AcceptedRequest(
            headers: "Connection: keep-alive, close", version: "1.0", keepsAlive: false, namesKeepAlive: true),
    ]

    private static let bodies = [
        AcceptedRequest(headers: "Content-Length: 0"),
        AcceptedRequest(headers: "Content-Length: 5", bodyLength: 5),
        AcceptedRequest(headers: "CONTENT-LENGTH:5", bodyLength: 5),
        AcceptedRequest(headers: "Content-Length: \t5 ", bodyLength: 5),
        AcceptedRequest(headers: "Content-Length: 00000000000000000000000000005", bodyLength: 5),
        AcceptedRequest(headers: "Content-Length: 16384", bodyLength: 16384),
        AcceptedRequest(headers: "Transfer-Encoding: chunked", keepsAlive: false),
        AcceptedRequest(headers: "transfer-encoding: , Chunked ,", keepsAlive: false),
    ]
}
