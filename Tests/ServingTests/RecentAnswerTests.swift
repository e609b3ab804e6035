import Bytes
import HTTP
import TestSupport
import Testing

@testable import Kernel
@testable import Serving

/// Requests that are the same as the one before, which are answered without being looked at anew.
@Suite struct RecentAnswerTests {
    private static let heads = [
        scrape, "HEAD /metrics HTTP/1.1\r\nHost: a\r\n\r\n", "GET /metrics HTTP/1.0\r\n\r\n",
        "GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET /metrics HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n",
        "GET /metrics HTTP/1.1\r\nHost: a\r\nAccept: application/openmetrics-text;version=1.0.0\r\n\r\n",
        "GET /metrics HTTP/1.1\r\nHost: a\r\nAuthorization: Basic YTpi\r\n\r\n",
        "GET /metrics?name[]=a HTTP/1.1\r\nHost: a\r\n\r\n", "GET /metrics?a HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
        "GET /metrics HTTP/1.1\r\nHost: a\r\nX-Prometheus-Scrape-Timeout-Seconds: 10\r\n\r\n",
        "POST /metrics HTTP/1.1\r\nHost: a\r\n\r\n", "GET /json HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /-/healthy HTTP/1.1\r\nHost: a\r\n\r\n", "GET /none HTTP/1.1\r\nHost: a\r\n\r\n", "nonsense\r\n\r\n",
    ]

    /// Some heads often, as scrapers do; others in between; and what is shown and the time go on meanwhile.
    @Test(arguments: 0..<20 as Range<UInt64>)
    func `whatever was asked before, an answer is what a server answers whom nobody else has asked`(seed: UInt64)
        throws
    {
        var random = SplitMix64(seed: seed)
        var harness = try Harness()
        var clients = SlotTable<Client>(capacity: 2)
        for _ in 0..<clients.capacity { _ = clients.insert(try harness.connect()) }
        var head = scrape
        for _ in 0..<200 {
            if Int.random(in: 0..<4, using: &random) == 0 {
                head = RecentAnswerTests.heads[Int.random(in: RecentAnswerTests.heads.indices, using: &random)]
            }
            if Int.random(in: 0..<20, using: &random) == 0 { harness.content.generation += 1 }
            if Int.random(in: 0..<20, using: &random) == 0 { harness.unixSeconds += 1 }
            let place = Int.random(in: 0..<clients.capacity, using: &random)
            // Now and then more than one turn bears, with another in the middle.
            var requests = String(repeating: head, count: Int.random(in: 1...10, using: &random))
            if Int.random(in: 0..<4, using: &random) == 0 {
                requests += RecentAnswerTests.heads[Int.random(in: RecentAnswerTests.heads.indices, using: &random)]
                requests += head
            }
            let expected = try answer(requests, likeThatOf: harness)
            let (answer, isClosed) = try exchange(requests, clients[index: place], &harness)
            try #require(answer == expected)
            if isClosed { clients[index: place] = try harness.connect() }
        }
        #expect(harness.counters.responses(.ok) > 100)
    }

    private func exchange(
        _ requests: String, _ client: borrowing Client?, _ harness: inout Harness
    ) throws -> (answer: String, isClosed: Bool) {
        switch client {
        case .some(let client): (try harness.answer(client, requests), client.isClosed())
        case .none: ("", true)
        }
    }

    /// What a server answers that has just started.
    private func answer(_ requests: String, likeThatOf other: borrowing Harness) throws -> String {
        var harness = try Harness(unixSeconds: other.unixSeconds)
        harness.content.generation = other.content.generation
        return try harness.answer(try harness.connect(), requests)
    }

    @Test func `each request is counted`() throws {
        var harness = try Harness()
        let client = try harness.connect()
        for request in 1...50 as ClosedRange<UInt64> {
            if request % 5 == 0 { harness.content.generation += 1 }
            if request % 7 == 0 { harness.unixSeconds += 1 }
            _ = try harness.answer(client)
            #expect(harness.counters.responses(.ok) == request)
            #expect(harness.counters.lastScrapeUnixSeconds == harness.unixSeconds)
        }
    }

    @Test func `a page is made once for all who ask the same`() throws {
        var harness = try Harness()
        let one = try harness.connect()
        let other = try harness.connect()
        for _ in 1...20 {
            _ = try harness.answer(one)
            _ = try harness.answer(other)
        }
        #expect(harness.content.written == 1)
    }

    @Test func `a rate is kept, however alike the requests are`() throws {
        var harness = try Harness(configuration: "rate_limit:\n  interval: 60s\n  burst: 3\n")
        let client = try harness.connect()
        let statuses = try (1...5).map { _ in try harness.answer(client).prefix(12) }
        #expect(statuses == Array(repeating: "HTTP/1.1 200", count: 3) + Array(repeating: "HTTP/1.1 429", count: 2))
    }

    @Test func `once the end has begun, each response is the last of its connection`() throws {
        var harness = try Harness()
        let one = try harness.connect()
        let other = try harness.connect()
        for _ in 1...3 { #expect(try !harness.answer(one).contains("Connection: close\r\n")) }
        other.send(scrape)
        try harness.drain()
        #expect(try harness.answer(other, "").contains("Connection: close\r\n"))
    }

    @Test func `a connection beyond the limit is told so`() throws {
        var harness = try Harness(maximumConnections: 1)
        let busy = try harness.connect()
        for _ in 1...3 { _ = try harness.answer(busy) }
        // In the middle of a request: it keeps its place.
        busy.send("GET /")
        try harness.serve()
        let surplus = try harness.connect()
        #expect(try harness.answer(surplus).hasPrefix("HTTP/1.1 503 "))
    }

    /// The page is longer than the socket takes, and the client reads nothing of it.
    @Test func `how long a client waits is its own, though others asked with the same words`() throws {
        var harness = try Harness(pageBytes: 4_000_000)
        let patient = "GET /metrics HTTP/1.1\r\nHost: a\r\nX-Prometheus-Scrape-Timeout-Seconds: 5\r\n\r\n"
        let quick = try harness.connect()
        for _ in 1...3 { _ = try harness.answer(quick, patient) }
        let slow = try harness.connect()
        slow.send(patient)
        try harness.serve()
        let now = Clock.monotonicNanoseconds()
        try harness.endTurn(at: now + 4_000_000_000)
        #expect(harness.counters.rejections(.timeout) == 0)
        try harness.endTurn(at: now + 6_000_000_000)
        #expect(harness.counters.rejections(.timeout) == 1)
    }
}
