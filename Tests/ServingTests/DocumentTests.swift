import HTTP
import TestSupport
import Testing

@testable import Serving

/// Documents beside metrics: what is sent with them, and that who has one already is told so.
@Suite struct DocumentTests {
    @Test func `JSON and HTML have an entity tag, metrics have none`() throws {
        var harness = try Harness()
        let client = try harness.connect()
        let json = try harness.get("/json", client)
        #expect(json.contains("\r\nContent-Type: application/json\r\n"))
        #expect(json.contains("\r\nETag: \"52-1-j\"\r\n"))
        #expect(json.hasSuffix("\r\n\r\n{\"generation\":1,\"history\":false}\n"))
        let page = try harness.get("/", client)
        #expect(page.contains("\r\nContent-Type: text/html; charset=utf-8\r\n"))
        #expect(page.contains("\r\nETag: \"52-1-p\"\r\n"))
        #expect(page.hasSuffix("\r\n\r\n<p>generation 1</p>\n"))
        #expect(try !harness.get("/metrics", client).contains("ETag"))
        #expect(try !harness.get("/nothing", client).contains("ETag"))
    }

    @Test func `what a page may do is said with the page alone`() throws {
        var harness = try Harness()
        let client = try harness.connect()
        let page = try harness.get("/", client)
        #expect(page.count(of: "\r\nContent-Security-Policy: default-src 'none'\r\n") == 1)
        #expect(page.contains("\r\nReferrer-Policy: no-referrer\r\n"))
        #expect(page.contains("\r\nX-Content-Type-Options: nosniff\r\n"))
        #expect(page.contains("\r\nCache-Control: no-store\r\n"))
        for path in ["/json", "/metrics", "/-/healthy"] {
            let other = try harness.get(path, client)
            #expect(!other.contains("Content-Security-Policy") && !other.contains("Referrer-Policy"))
        }
    }

    @Test func `what the operator says of it stands in its place`() throws {
        var harness = try Harness(
            configuration: "http_server_config:\n  headers:\n    Content-Security-Policy: 'default-src https:'\n")
        let page = try harness.get("/", try harness.connect())
        #expect(page.count(of: "Content-Security-Policy: ") == 1)
        #expect(page.contains("\r\nContent-Security-Policy: default-src https:\r\n"))
    }

    @Test(arguments: [("/json", "j"), ("/json?history", "h"), ("/", "p")])
    func `who has it already is told so, until there is a newer one`(path: String, letter: String) throws {
        var harness = try Harness()
        let client = try harness.connect()
        let known = "If-None-Match: W/\"0-0-0\", \"52-1-\(letter)\"\r\n"
        let answer = try harness.get(path, client, headers: known)
        #expect(answer.hasPrefix("HTTP/1.1 304 Not Modified\r\n"))
        #expect(answer.contains("\r\nETag: \"52-1-\(letter)\"\r\n"))
        #expect(answer.hasSuffix("\r\n\r\n"))
        #expect(!answer.contains("Content-Length") && !answer.contains("\r\nContent-Type:"))
        #expect(harness.content.written == 0)
        harness.content.generation = 2
        let next = try harness.get(path, client, headers: known)
        #expect(next.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(next.contains("\r\nETag: \"52-2-\(letter)\"\r\n"))
        #expect(harness.counters.responses(.notModified) == 1)
    }

    @Test func `each form has a tag of its own`() throws {
        var harness = try Harness()
        let client = try harness.connect()
        let gzip = "Accept-Encoding: gzip\r\n"
        #expect(try harness.get("/json", client, headers: gzip).contains("\r\nETag: \"52-1-J\"\r\n"))
        let answer = try harness.get("/json", client, headers: gzip + "If-None-Match: \"52-1-j\"\r\n")
        #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
    }

    @Test func `of several lists none counts`() throws {
        var harness = try Harness()
        let list = "If-None-Match: \"52-1-j\"\r\n"
        let answer = try harness.get("/json", try harness.connect(), headers: list + list)
        #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
    }

    @Test func `the document is made once for all who ask, HEAD included`() throws {
        var harness = try Harness()
        for _ in 0..<5 {
            let client = try harness.connect()
            _ = try harness.get("/json", client)
            let head = try harness.get("/json", client, method: "HEAD")
            #expect(head.contains("\r\nContent-Length: 33\r\n") && head.hasSuffix("\r\n\r\n"))
        }
        #expect(harness.content.written == 1)
    }

    /// A scrape is what the service manager is told of.
    @Test func `only metrics count as scrapes`() throws {
        var harness = try Harness()
        let client = try harness.connect()
        _ = try harness.get("/json", client)
        _ = try harness.get("/", client)
        #expect(harness.counters.lastScrapeUnixSeconds == nil)
    }
}

extension Harness {
    /// Asks for a path and gives the whole answer.
    fileprivate mutating func get(
        _ path: String, _ client: borrowing Client, method: String = "GET", headers: String = ""
    ) throws -> String {
        client.send("\(method) \(path) HTTP/1.1\r\nHost: a\r\n\(headers)\r\n")
        try serve()
        return client.receiveAll()
    }
}
