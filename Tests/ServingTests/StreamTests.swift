import HTTP
import TestSupport
import Testing

@testable import Kernel
@testable import Serving

/// Frames as they come, to whoever reads them and however slowly.
@Suite struct StreamTests {
    private static let second: UInt64 = 1_000_000_000

    @Test func `frames come in chunks, each once and in order`() throws {
        var harness = try Harness()
        let client = try harness.stream()
        let head = client.receiveAll()
        #expect(head.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(head.contains("\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n"))
        #expect(head.contains("\r\nConnection: close\r\n") && !head.contains("Content-Length"))
        #expect(head.hasSuffix("\r\n\r\n"))
        var text = ""
        for _ in 0..<10 {
            harness.publishFrame()
            try harness.serve()
            text += client.receiveAll()
        }
        #expect(try sequences(chunks(text)) == Array(1...10))
    }

    @Test func `an old client gets the lines alone`() throws {
        var harness = try Harness()
        let client = try harness.stream(version: "1.0")
        let head = client.receiveAll()
        #expect(!head.contains("Transfer-Encoding") && !head.contains("Content-Length"))
        for _ in 0..<3 { harness.publishFrame() }
        try harness.serve()
        #expect(sequences(client.receiveAll()) == [1, 2, 3])
    }

    @Test func `a stream begins with the next frame, whatever was before`() throws {
        var harness = try Harness()
        let first = try harness.stream(version: "1.0")
        _ = first.receiveAll()
        for _ in 0..<3 { harness.publishFrame() }
        let second = try harness.stream(version: "1.0")
        _ = second.receiveAll()
        harness.publishFrame()
        try harness.serve()
        #expect(sequences(second.receiveAll()) == [4])
        #expect(sequences(first.receiveAll()) == [1, 2, 3, 4])
    }

    @Test func `nothing is made for nobody`() throws {
        var harness = try Harness()
        harness.publishFrame()
        do {
            let client = try harness.stream(version: "1.0")
            _ = client.receiveAll()
            harness.publishFrame()
            try harness.serve()
            #expect(sequences(client.receiveAll()) == [2])
        }
        try harness.serve()
        #expect(harness.connections == 0)
        harness.publishFrame()
        let client = try harness.stream(version: "1.0")
        _ = client.receiveAll()
        harness.publishFrame()
        try harness.serve()
        #expect(sequences(client.receiveAll()) == [4])
    }

    @Test(arguments: ["1.0", "1.1"])
    func `who reads slowly is told how much was lost, and every line is whole`(version: String) throws {
        var harness = try Harness()
        harness.content.frameBytes = 30_000
        let client = try harness.stream(version: version)
        _ = client.receiveAll()
        for _ in 0..<300 {
            harness.publishFrame()
            try harness.serve()
        }
        var text = ""
        for _ in 0..<200 {
            text += client.receiveAll()
            try harness.serve()
        }
        let lines = version == "1.0" ? text : try chunks(text)
        #expect(lines.hasSuffix("}\n"))
        var expected = 1
        var lost = 0
        for line in lines.split(separator: "\n") {
            if let count = number(after: "{\"lost\":", in: line) {
                expected += count
                lost += count
            } else {
                #expect(number(after: "{\"sequence\":", in: line) == expected)
                expected += 1
            }
        }
        #expect(expected == 301 && lost > 100)
    }

    @Test func `a reader that takes nothing holds nobody up, and is reset after a minute`() throws {
        var harness = try Harness()
        harness.content.frameBytes = 30_000
        let begin = Clock.monotonicNanoseconds()
        let slow = try harness.stream()
        let quick = try harness.stream(version: "1.0")
        _ = quick.receiveAll()
        for number in 1...200 {
            harness.publishFrame()
            try harness.serve()
            #expect(sequences(quick.receiveAll()) == [number])
        }
        try harness.endTurn(at: begin + (Limits.streamStallSeconds - 1) * Self.second)
        #expect(harness.connections == 2)
        try harness.endTurn(at: Clock.monotonicNanoseconds() + Limits.streamStallSeconds * Self.second)
        #expect(harness.connections == 1)
        #expect(harness.counters.rejections(.timeout) == 1)
        #expect(slow.isClosed() == true)
    }

    /// The next frame may be a minute away.
    @Test func `a reader that has all there is, waits for as long as it takes`() throws {
        var harness = try Harness()
        let client = try harness.stream(version: "1.0")
        _ = client.receiveAll()
        let now = Clock.monotonicNanoseconds()
        try harness.endTurn(at: now + 3600 * Self.second)
        #expect(harness.connections == 1)
        harness.publishFrame(at: now + 3600 * Self.second)
        try harness.endTurn(at: now + 3601 * Self.second)
        #expect(harness.connections == 1)
        try harness.serve()
        #expect(sequences(client.receiveAll()) == [1])
    }

    @Test func `a ninth stream is answered 503, and one that ends makes room`() throws {
        var harness = try Harness(maximumConnections: 32)
        try fill(&harness, Limits.streams)
        try harness.serve()
        #expect(harness.connections == 0)
        try fill(&harness, Limits.streams)
    }

    /// Opens so many streams, and one more.
    private func fill(_ harness: inout Harness, _ count: Int) throws {
        let client = try harness.stream()
        #expect(client.receiveAll().hasPrefix("HTTP/1.1 200 OK\r\n"))
        guard count == 1 else { return try fill(&harness, count - 1) }
        let refused = try harness.stream()
        let answer = refused.receiveAll()
        #expect(answer.hasPrefix("HTTP/1.1 503 "))
        #expect(answer.contains("as many streams as there may be"))
        #expect(answer.contains("\r\nRetry-After: 1\r\n"))
        let scraper = try harness.connect()
        scraper.send(scrape)
        try harness.serve()
        #expect(scraper.receiveAll().hasPrefix("HTTP/1.1 200 OK\r\n"))
    }

    @Test func `HEAD tells of a stream and opens none`() throws {
        var harness = try Harness()
        for _ in 0..<Limits.streams + 1 {
            let client = try harness.connect()
            client.send("HEAD /stream HTTP/1.1\r\nHost: a\r\n\r\n")
            try harness.serve()
            let answer = client.receiveAll()
            #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n") && answer.hasSuffix("\r\n\r\n"))
        }
    }

    @Test func `without the switch there is none, and the answer names it`() throws {
        var harness = try Harness(servesStream: false)
        let client = try harness.stream()
        let answer = client.receiveAll()
        #expect(answer.hasPrefix("HTTP/1.1 404 Not Found\r\n"))
        #expect(answer.contains("--web.enable-stream"))
    }

    @Test(arguments: ["1.0", "1.1"])
    func `at the end of the program a stream ends as a whole body`(version: String) throws {
        var harness = try Harness()
        let client = try harness.stream(version: version)
        _ = client.receiveAll()
        harness.publishFrame()
        try harness.drain()
        try harness.serve()
        let text = client.receiveAll()
        if version == "1.1" { #expect(text.hasSuffix("0\r\n\r\n")) }
        #expect(client.isClosed() == true)
    }

    @Test func `a stream is given up for a newcomer after connections that wait`() throws {
        var harness = try Harness(maximumConnections: 2)
        let stream = try harness.stream()
        _ = stream.receiveAll()
        let idle = try harness.connect()
        idle.send(healthy)
        try harness.serve()
        _ = idle.receiveAll()
        let newcomer = try harness.connect()
        newcomer.send(healthy)
        try harness.serve()
        #expect(newcomer.receiveAll().hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(idle.isClosed() == true && stream.isClosed() == false)
    }

    /// The lines in the chunks of a body that goes on.
    private func chunks(_ text: String) throws -> String {
        var rest = text[...].utf8
        var lines: [UInt8] = []
        while !rest.isEmpty {
            let digits = rest.prefix { $0 != 0x0D }
            let length = try #require(Int(String(decoding: digits, as: UTF8.self), radix: 16))
            rest = rest.dropFirst(digits.count + 2)
            lines += rest.prefix(length)
            rest = rest.dropFirst(length)
            #expect(rest.prefix(2).elementsEqual([0x0D, 0x0A]))
            rest = rest.dropFirst(2)
        }
        return String(decoding: lines, as: UTF8.self)
    }

    private func sequences(_ lines: String) -> [Int] {
        lines.split(separator: "\n").compactMap { number(after: "{\"sequence\":", in: $0) }
    }

    private func number(after prefix: String, in line: Substring) -> Int? {
        guard line.hasPrefix(prefix) else { return nil }
        return Int(line.dropFirst(prefix.count).prefix { $0.isNumber })
    }
}

extension Harness {
    /// A client that asked for the stream.
    fileprivate mutating func stream(version: String = "1.1") throws -> Client {
        let client = try connect()
        client.send("GET /stream HTTP/\(version)\r\nHost: a\r\n\r\n")
        try serve()
        return client
    }
}
