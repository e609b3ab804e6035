import Counters
import Glibc
import HTTP
import Metrics
import Sampling
import Testing

@testable import Exporter
@testable import Kernel

@Suite struct ServerLifecycleTests {
    @Test func `a tick that comes late counts the ticks it missed`() throws {
        var harness = try Harness(intervalMilliseconds: 1)
        let due = harness.server.timer.firstNanoseconds + 5_000_000
        while Clock.monotonicNanoseconds() < due {}
        try harness.server.turn()
        #expect(harness.server.counters.missedTicks >= 5)
        #expect(harness.server.expirations == harness.server.counters.missedTicks + 1)
        #expect(harness.server.lateness.count == 1)
        #expect(harness.server.sampler.ticks == 2)
    }

    @Test func `a tick that follows a late one at once ends no interval`() throws {
        // Power over a fraction of an interval is mostly the counter's steps: constant 40 W once had a peak of 299 W.
        var harness = try Harness(intervalMilliseconds: 20)
        let interval = harness.server.timer.intervalNanoseconds
        for due in [
            harness.server.timer.firstNanoseconds + interval * 3 / 4, harness.server.timer.firstNanoseconds + interval,
        ] {
            while Clock.monotonicNanoseconds() < due {}
            let (ticks, last) = (harness.server.sampler.ticks, harness.server.sampler.lastTickNanoseconds ?? 0)
            try harness.server.turn()
            let isShort = harness.server.sampler.lastPassNanoseconds - last < interval / 2
            #expect(harness.server.sampler.ticks == ticks + (isShort ? 0 : 1))
        }
        #expect(harness.server.sampler.generation == 3)
    }

    @Test func `a head that does not become whole in time is answered 408`() throws {
        var harness = try Harness()
        let client = try harness.connect()
        client.send("GET / HT")
        try harness.serve()
        let now = Clock.monotonicNanoseconds()
        try harness.server.sweep(nanoseconds: now + (Limits.headerSeconds - 1) * 1_000_000_000)
        #expect(client.receiveAll().isEmpty)
        try harness.server.sweep(nanoseconds: now + Limits.headerSeconds * 1_000_000_000)
        #expect(client.receiveAll().hasPrefix("HTTP/1.1 408 Request Timeout\r\n"))
        #expect(harness.server.counters.rejections(.timeout) == 1)
    }

    @Test func `bytes that trickle in do not put off the end of a head`() throws {
        var harness = try Harness()
        let client = try harness.connect()
        client.send("GET / HT")
        try harness.serve()
        let start = Clock.monotonicNanoseconds()
        client.send("TP")
        try harness.serve()
        try harness.server.sweep(nanoseconds: start + Limits.headerSeconds * 1_000_000_000)
        #expect(client.receiveAll().contains("408"))
    }

    @Test func `an idle connection is closed without a word`() throws {
        var harness = try Harness()
        let client = try harness.connect()
        let now = Clock.monotonicNanoseconds()
        try harness.server.sweep(nanoseconds: now + (Limits.idleSeconds - 1) * 1_000_000_000)
        #expect(client.isClosed() == false)
        try harness.server.sweep(nanoseconds: now + Limits.idleSeconds * 1_000_000_000)
        #expect(client.receiveAll().isEmpty)
        #expect(client.isClosed() == true)
    }

    @Test func `a client that takes nothing of its response is reset in time`() throws {
        var harness = try Harness()
        let client = try harness.connect()
        client.send(String(repeating: scrape, count: 200))
        try harness.serve(turns: 100)
        let now = Clock.monotonicNanoseconds()
        try harness.server.sweep(nanoseconds: now + Limits.writeStallSeconds * 1_000_000_000)
        #expect(harness.server.connections.count == 0)
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
        try harness.server.sweep(nanoseconds: now + Limits.lingerSeconds * 1_000_000_000)
        #expect(harness.server.connections.count == 0)
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
        try harness.server.terminate()
        #expect(idle.isClosed() == true)
        #expect(asking.receiveAll().contains("Connection: close\r\n"))
        var answer = ""
        for _ in 0..<20 {
            answer += slow.receiveAll()
            try harness.serve()
        }
        answer += slow.receiveAll()
        #expect(answer.count(of: "HTTP/1.1 200 OK") == answer.count(of: lastFamily))
        #expect(answer.hasSuffix("\n"))
    }

    /// A scrape was lost in one of twenty restarts: its connection was closed between its accept and its request.
    @Test func `the end answers a client that just came and has not asked yet`() throws {
        var harness = try Harness()
        let client = try harness.connect()
        try harness.server.terminate()
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
        try harness.server.terminate()
        harness.server.endIdleConnections(nanoseconds: Clock.monotonicNanoseconds())
        #expect(client.isClosed() == false)
        harness.server.endIdleConnections(nanoseconds: Clock.monotonicNanoseconds() + 250_000_000)
        #expect(client.isClosed() == true)
        try harness.server.run()
        #expect(harness.server.connections.count == 0)
    }

    @Test func `the second signal ends at once`() throws {
        var harness = try Harness()
        let slow = try harness.connect()
        slow.send(String(repeating: scrape, count: 100))
        try harness.serve(turns: 60)
        try harness.server.terminate()
        try harness.server.terminate()
        try harness.server.run()
        #expect(harness.server.connections.count == 1)
    }

    @Test func `SIGTERM is received by the loop`() throws {
        var harness = try Harness()
        // To this thread, which blocks it; any other thread of the test runner would die of it.
        pthread_kill(pthread_self(), SIGTERM)
        try harness.server.run()
        #expect(harness.server.drainDeadlineNanoseconds != nil)
    }
}
