import Glibc
import HTTP
import TestSupport
import Testing

@testable import Kernel
@testable import Serving

@Suite struct PatienceTests {
    @Test func `a head that does not become whole in time is answered 408`() throws {
        var harness = try Harness()
        let client = try harness.connect()
        client.send("GET / HT")
        try harness.serve()
        let now = Clock.monotonicNanoseconds()
        try harness.endTurn(at: now + (Limits.headerSeconds - 1) * 1_000_000_000)
        #expect(client.receiveAll().isEmpty)
        try harness.endTurn(at: now + Limits.headerSeconds * 1_000_000_000)
        #expect(client.receiveAll().hasPrefix("HTTP/1.1 408 Request Timeout\r\n"))
        #expect(harness.counters.rejections(.timeout) == 1)
    }

    @Test func `bytes that trickle in do not put off the end of a head`() throws {
        var harness = try Harness()
        let client = try harness.connect()
        client.send("GET / HT")
        try harness.serve()
        let start = Clock.monotonicNanoseconds()
        client.send("TP")
        try harness.serve()
        try harness.endTurn(at: start + Limits.headerSeconds * 1_000_000_000)
        #expect(client.receiveAll().contains("408"))
    }

    @Test func `an idle connection is closed without a word`() throws {
        var harness = try Harness()
        let client = try harness.connect()
        let now = Clock.monotonicNanoseconds()
        try harness.endTurn(at: now + (Limits.idleSeconds - 1) * 1_000_000_000)
        #expect(client.isClosed() == false)
        try harness.endTurn(at: now + Limits.idleSeconds * 1_000_000_000)
        #expect(client.receiveAll().isEmpty)
        #expect(client.isClosed() == true)
    }

    @Test func `a client that takes nothing of its response is reset in time`() throws {
        var harness = try Harness()
        let client = try harness.connect()
        client.send(String(repeating: scrape, count: 200))
        try harness.serve(turns: 100)
        let now = Clock.monotonicNanoseconds()
        try harness.endTurn(at: now + Limits.writeStallSeconds * 1_000_000_000)
        #expect(harness.connections == 0)
        #expect(client.isClosed() == true)
    }

    @Test func `a lingering connection is closed even if the peer keeps sending`() throws {
        var harness = try Harness()
        let client = try harness.connect()
        client.send("nonsense\r\n\r\n")
        try harness.serve()
        client.send("more")
        try harness.serve()
        let now = Clock.monotonicNanoseconds()
        try harness.endTurn(at: now + Limits.lingerSeconds * 1_000_000_000)
        #expect(harness.connections == 0)
    }

    @Test func `the end finishes a response under way and answers what has arrived`() throws {
        var harness = try Harness()
        let slow = try harness.connect()
        let count = 100
        slow.send(String(repeating: scrape, count: count))
        try harness.serve(turns: 60)
        let asking = try harness.connect()
        let idle = try harness.connect()
        idle.send(healthy)
        try harness.serve()
        _ = idle.receiveAll()
        asking.send(healthy)
        try harness.drain()
        try harness.serve(turns: 1)
        #expect(idle.isClosed() == true)
        #expect(asking.receiveAll().contains("Connection: close\r\n"))
        var answer = ""
        for _ in 0..<20 {
            answer += slow.receiveAll()
            try harness.serve()
        }
        answer += slow.receiveAll()
        #expect(answer.count(of: "HTTP/1.1 200 OK") == answer.count(of: lastLine))
        #expect(answer.hasSuffix(lastLine))
    }

    /// A scrape was lost in one of twenty restarts: its connection was closed between its accept and its request.
    @Test func `the end answers a client that just came and has not asked yet`() throws {
        var harness = try Harness()
        let client = try harness.connect()
        try harness.drain()
        try harness.serve()
        client.send(healthy)
        try harness.serve()
        let answer = client.receiveAll()
        #expect(answer.hasPrefix("HTTP/1.1 200 OK"))
        #expect(answer.contains("Connection: close\r\n"))
    }

    @Test func `the end does not wait long for a client that never asks`() throws {
        var harness = try Harness()
        let client = try harness.connect()
        try harness.drain()
        try harness.serve(turns: 1)
        try harness.endTurn(at: Clock.monotonicNanoseconds())
        #expect(client.isClosed() == false)
        try harness.endTurn(at: Clock.monotonicNanoseconds() + 250_000_000)
        #expect(client.isClosed() == true)
        let isFinished1 = harness.isFinished
        #expect(isFinished1 == true)
        #expect(harness.connections == 0)
    }

    @Test func `the second signal ends at once`() throws {
        var harness = try Harness()
        let slow = try harness.connect()
        slow.send(String(repeating: scrape, count: 100))
        try harness.serve(turns: 60)
        try harness.drain()
        try harness.drain()
        let isFinished2 = harness.isFinished
        #expect(isFinished2 == true)
        #expect(harness.connections == 1)
    }
}
