import Counters
import Glibc
import HTTP
import Logging
import Metrics
import Sampling
import Serving
import Sources
import TestSupport
import Testing

@testable import Exporter
@testable import Kernel

@Suite struct ServerTests {
    /// The one that came was accepted first, found the table full, and was answered 503.
    @Test func `a client that has left makes room for one that comes in the same turn`() throws {
        var harness = try Harness(maximumConnections: 1)
        do {
            let first = try harness.connect()
            first.send(healthy)
            try harness.serve()
            #expect(first.receiveAll().contains("200 OK") == true)
        }
        let second = try harness.connect()
        second.send(healthy)
        try harness.serve()
        #expect(second.receiveAll().hasPrefix("HTTP/1.1 200 OK") == true)
    }

    @Test func `two scrapes between two samples get the same bytes`() throws {
        var harness = try Harness()
        let client = try harness.connect()
        client.send(scrape)
        try harness.serve()
        let first = client.receiveAll()
        client.send(healthy + scrape)
        try harness.serve()
        let second = client.receiveAll()
        #expect(!body(first).isEmpty)
        #expect(second.hasSuffix("\r\n\r\n" + body(first)))
    }

    @Test func `a reading older than a second is brought up to date, the gauge is not`() throws {
        var measuring = try Harness.measuring()
        measuring.start(at: .now())
        let generation = measuring.sampling.generation
        let ticks = measuring.sampling.ticks
        let last = measuring.sampling.lastPassNanoseconds
        measuring.refreshIfStale(at: moment(last + 1_000_000_000))
        #expect(measuring.sampling.generation == generation)
        measuring.refreshIfStale(at: moment(last + 1_000_000_001))
        #expect(measuring.sampling.generation == generation + 1)
        #expect(measuring.sampling.ticks == ticks)
    }

    /// Each turn of the loop did, and so each request, where ticks are more than two seconds apart.
    @Test func `between rare ticks what came and went is looked for when that is due, and not with each request`()
        throws
    {
        var measuring = try Harness.measuring()
        measuring.start(at: .now())
        let due = measuring.sampling.nextListingNanoseconds
        #expect(measuring.millisecondsToAttention(at: due - 1_000_001) == 2)
        #expect(measuring.millisecondsToAttention(at: due - 1) == 1)
        measuring.attendBetweenTicks(at: moment(due - 1))
        #expect(measuring.sampling.nextListingNanoseconds == due)
        measuring.attendBetweenTicks(at: moment(due))
        #expect(measuring.sampling.nextListingNanoseconds == due + Sources.lookingNanoseconds)
    }

    @Test func `nothing is ready before the first sample`() throws {
        // It could never be told: /-/ready once answered 200 whatever there was to read.
        var measuring = try Harness.measuring()
        #expect(measuring.sampling.isReady == false)
        measuring.start(at: .now())
        #expect(measuring.sampling.isReady == true)
    }

    @Test func `a tick that comes late counts the ticks it missed`() throws {
        // So long that no second tick is due before the turn ends.
        var harness = try Harness(intervalMilliseconds: 20)
        // A tick within half an interval of the first sample would end none.
        let sampled = harness.server.publication.measuring.sampling.lastTickNanoseconds ?? 0
        let due = max(harness.server.publication.measuring.timer.firstNanoseconds + 100_000_000, sampled + 20_000_000)
        while Clock.monotonicNanoseconds() < due {}
        try harness.server.turn()
        #expect(harness.server.publication.measuring.missedTicks >= 5)
        #expect(
            harness.server.publication.measuring.expirations == harness.server.publication.measuring.missedTicks + 1)
        #expect(harness.server.publication.measuring.lateness.count == 1)
        #expect(harness.server.publication.measuring.sampling.ticks == 2)
    }

    @Test func `a tick that follows a late one at once ends no interval`() throws {
        // Power over a fraction of an interval is mostly the counter's steps: constant 40 W once had a peak of 299 W.
        var harness = try Harness(intervalMilliseconds: 20)
        let interval = harness.server.publication.measuring.intervalNanoseconds
        for due in [
            harness.server.publication.measuring.timer.firstNanoseconds + interval * 3 / 4,
            harness.server.publication.measuring.timer.firstNanoseconds + interval,
        ] {
            while Clock.monotonicNanoseconds() < due {}
            let (ticks, last) = (
                harness.server.publication.measuring.sampling.ticks,
                harness.server.publication.measuring.sampling.lastTickNanoseconds ?? 0
            )
            try harness.server.turn()
            let isShort = harness.server.publication.measuring.sampling.lastPassNanoseconds - last < interval / 2
            #expect(harness.server.publication.measuring.sampling.ticks == ticks + (isShort ? 0 : 1))
        }
        #expect(harness.server.publication.measuring.sampling.generation == 3)
    }

    /// A sample waited for the rest of a batch: of 60 ticks 47 were missed.
    @Test func `a tick is due by the clock, whatever epoll has reported`() throws {
        var measuring = try Harness.measuring()
        measuring.start(at: .now())
        let (first, interval) = (measuring.timer.firstNanoseconds, measuring.intervalNanoseconds)
        #expect(measuring.isDue(at: first - 1) == false)
        #expect(measuring.isDue(at: first) == true)
        let tick = try measuring.tick(at: moment(first))
        #expect(tick == .notDue, "the timer itself is asked last")
        #expect(measuring.isDue(at: first + interval) == true)
    }

    @Test func `SIGTERM is received by the loop`() throws {
        var harness = try Harness()
        // To this thread, which blocks it; any other thread of the test runner would die of it.
        pthread_kill(pthread_self(), SIGTERM)
        try harness.server.run()
        #expect(harness.server.serving.isDraining == true)
    }

    private func moment(_ nanoseconds: UInt64) -> Moment {
        Moment(monotonicNanoseconds: nanoseconds, boottimeNanoseconds: nanoseconds)
    }

    private func body(_ response: String) -> String {
        guard let end = response.firstRange(of: "\r\n\r\n") else { return "" }
        return String(response[end.upperBound...])
    }
}
