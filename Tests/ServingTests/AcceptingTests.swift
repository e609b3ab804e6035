import Bytes
import Glibc
import HTTP
import TestSupport
import Testing

@testable import Kernel
@testable import Serving

/// The descriptor limit belongs to the process, so these run one after the other.
@Suite(.serialized) struct AcceptingTests {
    @Test func `a full table gives up the connection that has not asked for longest for one that comes`() throws {
        var harness = try Harness(maximumConnections: 2)
        let silent = try harness.connect()
        let asking = try harness.connect()
        asking.send(healthy)
        try harness.serve()
        let third = try harness.connect()
        third.send(healthy)
        try harness.serve()
        #expect(silent.isClosed() == true)
        #expect(asking.isClosed() == false)
        #expect(third.receiveAll().contains("200 OK"))
    }

    @Test func `a connection that has its answer and lingers goes before a client that just came`() throws {
        // A client that had only just connected was once given up for a connection that was over.
        var harness = try Harness(maximumConnections: 2)
        let answered = try harness.connect()
        answered.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        try harness.serve()
        let first = try harness.connect()
        let second = try harness.connect()
        #expect(answered.receiveAll().hasPrefix("HTTP/1.1 200 OK"))
        #expect(first.isClosed() == false)
        #expect(second.isClosed() == false)
    }

    @Test func `a table of clients that are all in the middle of a request answers 503 and closes`() throws {
        var harness = try Harness(maximumConnections: 2)
        let first = try harness.connect()
        let second = try harness.connect()
        first.send("GET / HT")
        second.send("GET / HT")
        try harness.serve()
        let third = try harness.connect()
        third.send(healthy)
        try harness.serve()
        let answer = third.receiveAll()
        #expect(answer.hasPrefix("HTTP/1.1 503 Service Unavailable\r\n"))
        #expect(answer.contains("Retry-After: 1\r\n"))
        #expect(first.isClosed() == false)
        #expect(second.isClosed() == false)
        #expect(harness.counters.rejections(.full) == 1)
    }

    @Test func `who is told so and stays is given up for the next one to be told`() throws {
        // Once those that were told so had all slots, the listeners rested, and nobody at all was accepted.
        var harness = try Harness(maximumConnections: 1)
        let busy = try harness.connect()
        busy.send("GET / HT")
        try harness.serve()
        var silent = SlotTable<Client>(capacity: ConnectionTable.surplus)
        for _ in 0..<silent.capacity { _ = silent.insert(try harness.connect()) }
        let next = try harness.connect()
        next.send(healthy)
        try harness.serve()
        #expect(next.receiveAll().hasPrefix("HTTP/1.1 503 Service Unavailable\r\n"))
        let areClosed = silent.indices.map { silent[index: $0]?.isClosed() }
        #expect(areClosed == [true] + Array(repeating: false, count: ConnectionTable.surplus - 1))
        #expect(busy.isClosed() == false)
    }

    @Test func `without descriptors the listeners rest, and work again when there are some`() throws {
        // A listener that cannot accept stays readable: left in epoll, it once would have made the loop spin.
        var harness = try Harness(listening: true)
        try harness.endTurn(at: Clock.monotonicNanoseconds())
        let client = try harness.connectOverTCP()
        let limit = try #require(Process.descriptorLimit)
        let probe = try FileDescriptor.open("/dev/null", O_RDONLY)
        try setDescriptorLimit(UInt64(probe.number))
        let highest = try fillDescriptors()
        try harness.turn()
        try setDescriptorLimit(limit)
        #expect(highest >= 0)
        #expect(harness.counters.rejections(.noDescriptors) == 1)
        let listenersRest1 = harness.listenersRest
        #expect(listenersRest1 == true)
        try harness.serve()
        #expect(harness.connections == 0)

        try harness.endTurn(at: Clock.monotonicNanoseconds() + 1_000_000_000)
        client.send(healthy)
        try harness.serve()
        #expect(client.receiveAll().contains("200 OK"))
    }

    /// Descriptors below the limit that are still free would let accept succeed; there are none when opening fails.
    private func fillDescriptors() throws -> Int32 {
        do {
            let extra = try FileDescriptor.open("/dev/null", O_RDONLY)
            Issue.record("descriptor \(extra.number) was still free")
            return -1
        } catch {
            return error.code.number
        }
    }

    @Test func `many connections at once are accepted in bounded steps`() throws {
        var harness = try Harness(maximumConnections: 100, listening: true)
        var clients = SlotTable<Client>(capacity: Limits.acceptsPerTurn + 1)
        for _ in 0..<clients.capacity { _ = clients.insert(try harness.connectOverTCP()) }
        try harness.turn()
        #expect(harness.connections == Limits.acceptsPerTurn)
    }
}
