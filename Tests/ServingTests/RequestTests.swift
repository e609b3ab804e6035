import Glibc
import HTTP
import TestSupport
import Testing

@testable import Kernel
@testable import Serving

@Suite struct RequestTests {
    @Test func `a scrape is answered and the connection stays open`() throws {
        var harness = try Harness()
        let client = try harness.connect()
        client.send(scrape)
        try harness.serve()
        let answer = client.receiveAll()
        #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(answer.hasSuffix(lastLine))
        #expect(client.isClosed() == false)
    }

    @Test func `a path with a slash too many is answered with the right one, and its query`() throws {
        var harness = try Harness()
        let client = try harness.connect()
        client.send(
            "GET //metrics?name[]=a HTTP/1.1\r\nHost: a\r\n\r\nHEAD /./-/ready HTTP/1.1\r\nHost: a\r\n\r\n" + healthy)
        try harness.serve()
        let answer = client.receiveAll()
        #expect(answer.hasPrefix("HTTP/1.1 301 Moved Permanently\r\n"))
        #expect(answer.contains("\r\nLocation: /metrics?name[]=a\r\n"))
        #expect(answer.contains("\r\nLocation: /-/ready\r\n"))
        #expect(answer.count(of: "HTTP/1.1 301 ") == 2)
        #expect(answer.count(of: "HTTP/1.1 200 OK") == 1)
        #expect(client.isClosed() == false)
    }

    @Test func `a query too long to be repeated leads nowhere`() throws {
        var harness = try Harness()
        let client = try harness.connect()
        client.send("GET //metrics?\(String(repeating: "a", count: 1100)) HTTP/1.1\r\nHost: a\r\n\r\n")
        try harness.serve()
        #expect(client.receiveAll().hasPrefix("HTTP/1.1 404 "))
    }

    @Test func `pipelined requests are answered in order, however many`() throws {
        // epoll reports what the kernel holds, not what lies in our own buffer: the rest of a pipeline was once forgotten
        // until the next byte arrived.
        var harness = try Harness()
        let client = try harness.connect()
        let count = Limits.requestsPerTurn * 3 + 1
        client.send(String(repeating: healthy, count: count) + "GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n")
        try harness.serve(turns: 20)
        let answer = client.receiveAll()
        #expect(answer.count(of: "HTTP/1.1 200 OK") == count)
        #expect(answer.count(of: "HTTP/1.1 404 Not Found") == 1)
        #expect(answer.hasSuffix("lists what there is.\n"))
    }

    @Test func `one turn answers a bounded number of one client's requests`() throws {
        var harness = try Harness()
        let client = try harness.connect()
        client.send(String(repeating: healthy, count: Limits.requestsPerTurn * 2))
        try harness.serve(turns: 1)
        #expect(client.receiveAll().count(of: "200 OK") == Limits.requestsPerTurn)
    }

    @Test func `a request in single bytes is answered once it is whole`() throws {
        var harness = try Harness()
        let client = try harness.connect()
        for character in scrape {
            #expect(client.receiveAll().isEmpty)
            client.send(String(character))
            try harness.serve(turns: 1)
        }
        #expect(client.receiveAll().hasPrefix("HTTP/1.1 200 OK\r\n"))
    }

    @Test func `a body is thrown away, and the next request follows it`() throws {
        var harness = try Harness()
        let client = try harness.connect()
        client.send("GET /-/healthy HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\n\r\nGET")
        try harness.serve()
        client.send(" / H\(healthy)")
        try harness.serve()
        #expect(client.receiveAll().count(of: "200 OK") == 2)
    }

    @Test func `a malformed request is answered, then the connection lingers until the peer closes`() throws {
        var harness = try Harness()
        let client = try harness.connect()
        client.send("GET / HTTP/1.1\r\n\r\n")
        try harness.serve()
        let answer = client.receiveAll()
        #expect(answer.hasPrefix("HTTP/1.1 400 Bad Request\r\n"))
        #expect(answer.contains("Connection: close\r\n"))
        #expect(client.isClosed() == true)
        #expect(harness.connections == 1)
        client.send("more that nobody reads")
        _ = client.socket.finishSending()
        try harness.serve()
        #expect(harness.connections == 0)
    }

    @Test func `a peer that goes in the middle of a request frees its slot`() throws {
        var harness = try Harness()
        do {
            let client = try harness.connect()
            client.send("GET /metr")
            try harness.serve()
            #expect(harness.connections == 1)
        }
        try harness.serve()
        #expect(harness.connections == 0)
    }

    @Test func `a peer that goes in the middle of a response frees its slot`() throws {
        var harness = try Harness()
        do {
            let client = try harness.connect()
            client.send(String(repeating: scrape, count: 200))
            try harness.serve(turns: 100)
            #expect(harness.connections == 1)
        }
        try harness.serve(turns: 100)
        #expect(harness.connections == 0)
    }

    @Test func `a client that does not read is waited for and then gets everything`() throws {
        var harness = try Harness()
        let client = try harness.connect()
        let count = 200
        client.send(String(repeating: scrape, count: count))
        var answer = ""
        for _ in 0..<400 {
            try harness.serve(turns: 8)
            answer += client.receiveAll()
        }
        #expect(answer.count(of: "HTTP/1.1 200 OK") == count)
        #expect(answer.count(of: lastLine) == count)
    }

    @Test func `a late event for a closed slot does not touch its next tenant`() throws {
        var harness = try Harness(maximumConnections: 1)
        let first = try harness.connect()
        let late = Token(.connection, slot: 0, generation: 1)
        let second = try harness.connect()
        #expect(first.isClosed() == true)
        second.send(healthy)
        harness.beginTurn()
        harness.dispatch(late)
        let isLeft = try harness.step()
        #expect(isLeft == false)
        #expect(second.receiveAll().isEmpty)
        try harness.serve()
        #expect(second.receiveAll().hasPrefix("HTTP/1.1 200 OK"))
    }

    @Test func `when one of two ready sockets closes the other, the other's event is dropped`() throws {
        var harness = try Harness(maximumConnections: 1, listening: true)
        let first = try harness.connect()
        let second = try harness.connectOverTCP()
        first.send(healthy)
        // One batch: the listener, whose newcomer evicts the first client, and then the first client's own event.
        harness.beginTurn()
        harness.dispatch(Token(.listener, slot: 0))
        let isAccepted = try harness.step()
        #expect(isAccepted == true)
        harness.dispatch(Token(.connection, slot: 0, generation: 1))
        while try harness.step() {}
        #expect(first.isClosed() == true)
        second.send(healthy)
        try harness.serve()
        #expect(second.receiveAll().hasPrefix("HTTP/1.1 200 OK"))
        #expect(harness.counters.rejections(.evicted) == 1)
    }
}
