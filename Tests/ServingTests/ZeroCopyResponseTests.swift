import Bytes
import Glibc
import TestSupport
import Testing

@testable import Kernel
@testable import Serving

/// Pages that are asked for again and again.
@Suite struct ZeroCopyResponseTests {
    @Test func `a page that is sent often is the same, with a copy or without`() throws {
        var harness = try Harness()
        let client = try harness.connect()
        let first = try harness.answer(client)
        #expect(first.hasSuffix(lastLine))
        for request in 2...(ZeroCopyResponse.copies + 20) {
            #expect(try harness.answer(client) == first)
            #expect(
                try bufferBytes(harness) == (request > ZeroCopyResponse.copies ? first.utf8.count : 0),
                "request \(request)")
        }
    }

    @Test func `each change of the page or of its head is sent, with copies first`() throws {
        var harness = try Harness()
        let client = try harness.connect()
        let request = "GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n\r\n"
        for generation in 1...5 as ClosedRange<UInt64> {
            harness.content.generation = generation
            for round in 0...(ZeroCopyResponse.copies + 2) {
                // The first says nothing new to those that follow.
                let answer = try harness.answer(client, round == 0 ? request : scrape)
                #expect(answer.contains("\r\n\r\ngeneration \(generation)\n"))
                #expect(answer.count(of: "generation \(generation)\n") == answer.count(of: "generation "))
                #expect(answer.hasSuffix(lastLine))
            }
        }
        let other = try harness.connect()
        let closing = try harness.answer(other, "GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        #expect(closing.contains("Connection: close\r\n") && closing.hasSuffix(lastLine))
        #expect(try harness.answer(client, "HEAD /metrics HTTP/1.1\r\nHost: a\r\n\r\n").hasSuffix("\r\n\r\n"))
    }

    /// The queue of its socket refers to pages of the first generation, and the buffer has others by then.
    @Test func `a slow client is sent one page whole, though others are sent newer ones`() throws {
        var harness = try Harness(pageBytes: 300_000)
        let quick = try harness.connect()
        let slow = try harness.connect()
        for _ in 0...ZeroCopyResponse.copies { _ = try harness.answer(quick) }
        slow.send(scrape)
        try harness.serve()
        harness.content.generation = 2
        for _ in 0...(2 * ZeroCopyResponse.copies) { #expect(try harness.answer(quick).contains("generation 2\n")) }
        let page = try harness.answer(slow, "")
        #expect(page.hasSuffix(lastLine))
        #expect(page.count(of: "generation ") == page.count(of: "generation 1\n"))
        #expect(page.utf8.count > 300_000 - 64)
    }

    @Test func `a short page is copied`() throws {
        var harness = try Harness(pageBytes: ZeroCopyResponse.leastBytes - 1000)
        let client = try harness.connect()
        for _ in 0...(2 * ZeroCopyResponse.copies) { #expect(try harness.answer(client).hasSuffix(lastLine)) }
        #expect(try bufferBytes(harness) == 0)
    }

    /// The kernel refuses it for sockets that write at the end, as if that meant anything for them.
    @Test func `where sockets take nothing without a copy, all are sent copies from then on`() throws {
        var response = ZeroCopyResponse(ZeroCopyBuffer(), mostConnections: 8)
        try withConnection { connection, socket, client in
            for request in 1...(2 * ZeroCopyResponse.copies) {
                if request == ZeroCopyResponse.copies + 3 {
                    let flags = fcntl(socket, F_GETFL)
                    try checked("fcntl", fcntl(socket, F_SETFL, flags | O_APPEND))
                }
                #expect(send(page.span, page.span.extracting(0..<7), &response, on: &connection) == .bytes(10_007))
                #expect((response.descriptor == nil) == (request >= ZeroCopyResponse.copies + 3))
                #expect(client.receiveAll().utf8.count == 10_007)
            }
        }
    }

    /// The kernel holds more for each.
    @Test func `with more connections than the memory bears, all are sent copies`() throws {
        for connections in [8, 9] {
            var response = ZeroCopyResponse(ZeroCopyBuffer(), mostConnections: 8)
            response.setConnections(connections)
            try withConnection { connection, _, client in
                for _ in 1...(2 * ZeroCopyResponse.copies) {
                    let sent = send(page.span, page.span.extracting(0..<0), &response, on: &connection)
                    #expect(sent == .bytes(10_000))
                    #expect(client.receiveAll().utf8.count == 10_000)
                }
            }
            #expect(try fileBytes(response.descriptor) == (connections == 8 ? 10_000 : 0))
        }
    }

    @Test func `a peer that has left changes nothing for others`() throws {
        var response = ZeroCopyResponse(ZeroCopyBuffer(), mostConnections: 8)
        try withConnection { connection, socket, _ in
            try checked("shutdown", shutdown(socket, Int32(SHUT_WR)))
            for _ in 1...(2 * ZeroCopyResponse.copies) {
                let outcome = ignoring(SIGPIPE) {
                    send(page.span, page.span.extracting(0..<0), &response, on: &connection)
                }
                #expect(outcome == .failed)
            }
        }
        #expect(response.descriptor != nil)
    }

    private let page = Array(repeating: UInt8(ascii: "x"), count: 10_000)

    /// Lends a connection, the number of its socket, and its client.
    private func withConnection(_ body: (inout Connection, Int32, borrowing Client) throws -> Void) throws {
        try FileDescriptor.connectedPair().split { server, clients in
            let number = server.withNumber { $0 }
            var connection = Connection(socket: server, peer: peer(0), at: 0)
            try body(&connection, number, Client(socket: clients))
        }
    }

    /// Sends a response again, without a copy if it can be.
    private func send(
        _ first: Span<UInt8>, _ second: Span<UInt8>, _ response: inout ZeroCopyResponse,
        on connection: inout Connection
    ) -> Movement {
        response.sendWithoutCopy(on: &connection, at: 0) ?? response.send(first, second, on: &connection, at: 0)
    }

    /// How long the response is that is sent without a copy.
    private func bufferBytes(_ harness: borrowing Harness) throws -> Int {
        try fileBytes(harness.serving.zeroCopyBuffer)
    }

    private func fileBytes(_ descriptor: Int32?) throws -> Int {
        try FileStatus(of: try #require(descriptor)).size
    }
}
