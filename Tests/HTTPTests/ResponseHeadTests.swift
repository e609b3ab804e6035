import Bytes
import HTTP
import TestSupport
import Testing

@Suite struct ResponseHeadTests {
    @Test func `a response on an open connection has its golden head`() {
        let head = ResponseHead(
            status: .ok, contentType: "text/plain; version=0.0.4; charset=utf-8", contentLength: 4711,
            persistence: .open, date: HTTPDate(unixSeconds: 784_111_777))
        #expect(
            written(head) == """
                HTTP/1.1 200 OK\r
                Date: Sun, 06 Nov 1994 08:49:37 GMT\r
                Content-Type: text/plain; version=0.0.4; charset=utf-8\r
                Content-Length: 4711\r
                Vary: Accept, Accept-Encoding\r
                Cache-Control: no-store\r
                X-Content-Type-Options: nosniff\r
                \r

                """)
    }

    @Test(
        arguments: [
            (.open, ""),
            (.keptAlive, "Connection: keep-alive\r\n"),
            (.closing, "Connection: close\r\n"),
        ] as [(ResponseHead.Persistence, String)])
    func `the client is told about the connection as far as it must be`(
        persistence: ResponseHead.Persistence, line: String
    ) {
        #expect(
            written(head(.notFound, persistence)) == """
                HTTP/1.1 404 Not Found\r
                Date: Thu, 01 Jan 1970 00:00:00 GMT\r
                Content-Type: text/plain\r
                Content-Length: 0\r
                Vary: Accept, Accept-Encoding\r
                Cache-Control: no-store\r
                X-Content-Type-Options: nosniff\r
                \(line)\r

                """)
    }

    @Test(arguments: Status.allCases)
    func `what a status needs beside its line comes with it and with no other`(status: Status) {
        let text = written(head(status, .closing))
        #expect(text.hasPrefix("HTTP/1.1 \(status.line)\r\n"))
        #expect(text.contains("\r\nAllow: GET, HEAD\r\n") == (status == .methodNotAllowed))
        let isOver = status == .serviceUnavailable || status == .tooManyRequests
        #expect(text.contains("\r\nRetry-After: 1\r\n") == isOver)
        let challenge = "\r\nWWW-Authenticate: Basic realm=\"pyjoules-exporter\", charset=\"UTF-8\"\r\n"
        #expect(text.contains(challenge) == (status == .unauthorized))
        #expect(text.split(separator: "\r\n", omittingEmptySubsequences: false).suffix(2) == ["", ""])
    }

    /// With the longest content type of all exposition formats.
    @Test(arguments: Status.allCases)
    func `the longest possible head has room in the bytes set aside for it`(status: Status) {
        var longest = ResponseHead(
            status: status,
            contentType: Representation(format: .protobuf, namesEscaping: true).contentType,
            contentCoding: .gzip, contentLength: Int.max, persistence: .keptAlive,
            date: HTTPDate(unixSeconds: 253_402_300_799))
        longest.retryAfterSeconds = .max
        var buffer = ByteBuffer(capacity: ResponseHead.longestBytes)
        buffer.append(longest)
        #expect(buffer.overflowed == false)
        #expect(buffer.text().hasSuffix("\r\n\r\n"))
    }

    @Test func `a body without a length says nothing of one, and chunks are announced`() {
        var head = head(.ok, .closing)
        head.contentLength = nil
        #expect(!written(head).contains("Content-Length"))
        head.isChunked = true
        #expect(written(head).contains("Content-Type: text/plain\r\nTransfer-Encoding: chunked\r\nVary:"))
    }

    @Test func `a coded body is announced with its coding`() {
        let head = ResponseHead(
            status: .ok, contentType: "text/plain", contentCoding: .gzip, contentLength: 99, persistence: .open,
            date: HTTPDate(unixSeconds: 0))
        #expect(
            written(head) == """
                HTTP/1.1 200 OK\r
                Date: Thu, 01 Jan 1970 00:00:00 GMT\r
                Content-Type: text/plain\r
                Content-Encoding: gzip\r
                Content-Length: 99\r
                Vary: Accept, Accept-Encoding\r
                Cache-Control: no-store\r
                X-Content-Type-Options: nosniff\r
                \r

                """)
    }

    /// `dropLast` takes away the empty line: CR LF is one character of a `String`.
    @Test(arguments: ["", "X-Frame-Options: deny\r\n", "X-Frame-Options: deny\r\nX-XSS-Protection: 0\r\n"])
    func `lines of what is shown and of the operator's stand at the end of a head`(lines: String) {
        let head = head(.unauthorized, .closing)
        let extra = Array(lines.utf8)
        let own = Array("ETag: \"a\"\r\n".utf8)
        var buffer = ByteBuffer(capacity: ResponseHead.longestBytes + own.count + extra.count)
        buffer.append(head, location: extra.span.extracting(0..<0), ownHeaders: own.span, extraHeaders: extra.span)
        #expect(buffer.text() == written(head).dropLast() + "ETag: \"a\"\r\n" + lines + "\r\n")
    }

    @Test func `a response that leads elsewhere names the place`() {
        let (location, none) = (Array("/metrics?name[]=a".utf8), [UInt8]())
        var buffer = ByteBuffer(capacity: ResponseHead.longestBytes)
        buffer.append(
            head(.movedPermanently, .open), location: location.span, ownHeaders: none.span, extraHeaders: none.span)
        #expect(buffer.text().hasSuffix("\r\nLocation: /metrics?name[]=a\r\n\r\n"))
    }

    private func head(_ status: Status, _ persistence: ResponseHead.Persistence) -> ResponseHead {
        ResponseHead(
            status: status, contentType: "text/plain", contentLength: 0, persistence: persistence,
            date: HTTPDate(unixSeconds: 0))
    }

    private func written(_ head: ResponseHead) -> String {
        var buffer = ByteBuffer(capacity: ResponseHead.longestBytes)
        buffer.append(head)
        return buffer.text()
    }
}
