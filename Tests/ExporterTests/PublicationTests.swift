import Bytes
import Counters
import HTTP
import Metrics
import Sampling
import TestSupport
import Testing

@testable import Exporter
@testable import Kernel
@testable import Serving

/// When pages show newer values, and that they show nothing newer before.
@Suite struct PublicationTests {
    private static let millisecond: UInt64 = 1_000_000

    @Test func `a page stands still until its time, in every format and for every selection`() throws {
        var publication = try Harness.publication(intervalMilliseconds: 100, resolutionMilliseconds: 1000)
        let begin = Clock.monotonicNanoseconds()
        tick(&publication, at: begin)
        let generation = refresh(&publication, at: begin)
        let pages = allPages(&publication)
        for milliseconds in stride(from: 100, to: 1000, by: 100) as StrideTo<UInt64> {
            let now = begin + milliseconds * Self.millisecond
            tick(&publication, at: now)
            #expect(refresh(&publication, busy, at: now) == generation)
            #expect(allPages(&publication) == pages)
        }
        #expect(refresh(&publication, busy, at: begin + 1000 * Self.millisecond - 1) == generation)
        #expect(refresh(&publication, busy, at: begin + 1000 * Self.millisecond) != generation)
        let later = allPages(&publication)
        for (old, new) in zip(pages, later) { #expect(old != new) }
        // Nothing of what happened meanwhile is lost: nine intervals have ended.
        #expect(later[0].contains("\npyjoules_samples_total 10\n"))
        #expect(later[0].contains("\npyjoules_power_quantile_watts_count{domain=\"package_0\"} 9\n"))
        #expect(later[0].contains("\npyjoules_http_requests_total{code=\"200\"} 1\n"))
    }

    /// Ticks come a little early or late; who asks all the time sees as many moments as are allowed, and no page is old.
    @Test(arguments: [(100, 1000), (20, 1000), (700, 1000), (1000, 1000), (15_000, 1000), (100, 250), (300, 5000)])
    func `between two moments that are shown lies the resolution`(interval: UInt64, resolution: UInt64) throws {
        var publication = try Harness.publication(
            intervalMilliseconds: interval, resolutionMilliseconds: resolution)
        let begin = Clock.monotonicNanoseconds()
        var generator = SplitMix64(seed: interval &* 31 &+ resolution)
        var nextTick = begin
        var shown: (generation: UInt64, moment: UInt64)?
        var moments = 0
        let end = begin + 12 * resolution * Self.millisecond
        var now = begin
        while now < end {
            if now >= nextTick {
                tick(&publication, at: now)
                nextTick += interval * Self.millisecond
            }
            let generation = refresh(&publication, at: now)
            if generation != shown?.generation {
                let moment = publication.measuring.sampling.lastPassNanoseconds
                if let shown { #expect(moment - shown.moment >= resolution * Self.millisecond) }
                shown = (generation, moment)
                moments += 1
            }
            let age = now - (shown?.moment ?? 0)
            #expect(age < resolution * Self.millisecond)
            now += (1 + generator.next() % 13) * Self.millisecond
        }
        #expect(moments > 10, "and no fewer than there may be")
    }

    @Test func `at the interval or below, every pass over the counters is shown`() throws {
        for resolution in [1, 100] as [UInt64] {
            var publication = try Harness.publication(
                intervalMilliseconds: 100, resolutionMilliseconds: resolution)
            var now = Clock.monotonicNanoseconds()
            var last: UInt64 = 0
            for _ in 0..<20 {
                tick(&publication, at: now)
                let generation = refresh(&publication, at: now)
                #expect(generation == publication.measuring.sampling.generation && generation > last)
                last = generation
                // A tick that comes early.
                now += 99 * Self.millisecond
            }
        }
    }

    @Test func `who asks seldom gets the values of the moment`() throws {
        var publication = try Harness.publication(intervalMilliseconds: 60_000, resolutionMilliseconds: 1000)
        let begin = Clock.monotonicNanoseconds()
        tick(&publication, at: begin)
        for seconds in [0, 15, 30, 45] as [UInt64] {
            let now = begin + seconds * 1000 * Self.millisecond
            refresh(&publication, at: now)
            #expect(publication.measuring.sampling.lastPassNanoseconds == now)
        }
    }

    /// A scrape that asks whether the page still holds must not take what was read and is not counted yet for nothing.
    @Test func `what was collected is shown to the next who asks`() throws {
        try withPowercapTree(["0": "package-0"]) { tree in
            var publication = try Harness.publication(
                intervalMilliseconds: 100, resolutionMilliseconds: 100, sysfs: tree.root)
            var now = Clock.monotonicNanoseconds()
            let begin = now
            let kept = try (1...10).count { tick in
                now += 100 * Self.millisecond
                try tree.setCounter("intel-rapl:0", (now - begin) / 1000)
                guard tick > 2, publication.measuring.collect(at: moment(now)) == .kept else {
                    self.tick(&publication, at: now)
                    return false
                }
                #expect(publication.standingGeneration(at: now) == nil)
                let generation = refresh(&publication, at: now)
                #expect(publication.standingGeneration(at: now) == generation)
                #expect(allPages(&publication)[0].contains("\npyjoules_samples_total \(tick)\n"))
                return true
            }
            #expect(kept > 2)
        }
    }

    @Test func `what comes is told at once, and shown with the next moment`() throws {
        try withPowercapTree(["0": "package-0"]) { tree in
            var publication = try Harness.publication(
                intervalMilliseconds: 100, resolutionMilliseconds: 60_000, sysfs: tree.root)
            let begin = Clock.monotonicNanoseconds()
            tick(&publication, at: begin)
            let generation = refresh(&publication, at: begin)
            let pages = allPages(&publication)
            try tree.add("1", "package-1")
            var isTold = false
            var now = begin
            while !isTold, now < begin + 30_000 * Self.millisecond {
                now += 100 * Self.millisecond
                // A source that never moves would be none.
                try tree.setCounter("intel-rapl:0", (now - begin) / 1000)
                isTold = tick(&publication, at: now)
            }
            #expect(isTold)
            #expect(refresh(&publication, at: now) == generation)
            #expect(allPages(&publication) == pages)
            refresh(&publication, at: begin + 60_000 * Self.millisecond)
            #expect(allPages(&publication)[0].contains("pyjoules_energy_joules_total{domain=\"package_1\""))
        }
    }

    private func moment(_ nanoseconds: UInt64) -> Moment {
        Moment(monotonicNanoseconds: nanoseconds, boottimeNanoseconds: nanoseconds)
    }

    /// As the timer would.
    @discardableResult
    private func tick(_ publication: inout Publication, at nanoseconds: UInt64) -> Bool {
        publication.measuring.start(at: moment(nanoseconds))
        return publication.take(.endedInterval)
    }

    /// As a scrape would.
    @discardableResult
    private func refresh(
        _ publication: inout Publication, _ facts: ServingFacts = ServingFacts(), at now: UInt64
    ) -> UInt64 {
        publication.refresh(facts, at: now)
    }

    /// A server that has answered since.
    private var busy: ServingFacts {
        var facts = ServingFacts()
        facts.counters.count(Status.ok)
        return facts
    }

    /// The pages in every format, and of single families.
    private func allPages(_ publication: inout Publication) -> [String] {
        let names = [nil, "pyjoules_energy_joules_total", "pyjoules_power_watts", "pyjoules_samples_total"]
        return names.flatMap { name in
            ExpositionFormat.allCases.map { page(&publication, $0, name) }
        }.filter { !$0.isEmpty && $0 != "# EOF\n" }
    }

    private func page(_ publication: inout Publication, _ format: ExpositionFormat, _ name: String?) -> String {
        var selection: FamilySelection?
        if let name { publication.select(Array(name.utf8).span, into: &selection) }
        var page = ByteBuffer(capacity: publication.pageBytes(.metrics(format)))
        publication.write(.metrics(format), selecting: selection, into: &page)
        return page.text()
    }
}
