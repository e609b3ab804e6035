import Bytes
import Energy
import HTTP
import Kernel
import Log
import Metrics
import Sandbox
import Serving

/// What is measured, and the pages that show it: values go into the series once for each pass over the counters.
struct Publication: ~Copyable, Publisher {
    private(set) var measuring: Measuring
    private(set) var facts: SeriesFacts
    private var catalog: SeriesCatalog
    /// The pass over the counters that the series' values are of.
    private var publishedGeneration: UInt64 = 0
    private var probe: ProcessProbe
    /// What was given up; nil before.
    private var sandbox: SandboxReport?
    private let showsCreated: Bool
    private let sink: LogSink

    init(
        _ measuring: consuming Measuring, _ facts: SeriesFacts, showsCreated: Bool, _ sink: LogSink
    ) throws(SystemError) {
        let probe = try ProcessProbe()
        self.measuring = measuring
        self.facts = facts
        catalog = SeriesCatalog(facts)
        self.probe = probe
        self.showsCreated = showsCreated
        self.sink = sink
    }

    /// Changes what is measured.
    mutating func withMeasuring<Result, Failure: Error>(
        _ body: (inout Measuring) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(&measuring)
    }

    /// Shows what was given up, which is known once and stays.
    mutating func show(_ report: SandboxReport) {
        sandbox = report
        catalog.publish(report)
    }

    var isReady: Bool { measuring.hasFirstSample }

    mutating func refresh(_ serving: ServingFacts, at now: UInt64) -> UInt64 {
        measuring.refreshIfStale(at: now)
        if measuring.hasLookedForZones { renameZones() }
        let generation = measuring.sampler.generation
        guard publishedGeneration != generation else { return generation }
        let facts = ServerFacts(
            counters: serving.counters, lateness: measuring.lateness, connections: serving.connections,
            droppedLogMessages: sink.droppedCount, web: serving.web, missedTicks: measuring.missedTicks)
        catalog.publish(measuring.sampler, measuring.power, facts, &probe)
        publishedGeneration = generation
        return generation
    }

    func select(_ name: Span<UInt8>, into selection: inout FamilySelection?) {
        var chosen = selection ?? FamilySelection()
        catalog.registry.select(name, into: &chosen)
        selection = chosen
    }

    func pageBytes(_ format: ExpositionFormat) -> Int { longestPageBytes(format) }

    func longestPageBytes(_ format: ExpositionFormat) -> Int {
        catalog.registry.longestPageBytes(Exposition(format))
    }

    mutating func write(
        _ format: ExpositionFormat, selecting selection: FamilySelection?, into page: inout ByteBuffer
    ) {
        catalog.registry.encode(
            Exposition(format), selecting: selection ?? .all, showsCreated: showsCreated, into: &page)
    }

    /// Shows zones that came back under the names that they have now. All series are declared anew, which leaves the energy's as
    /// they are.
    private mutating func renameZones() {
        measuring.zonesAreNamed()
        for index in measuring.sampler.accounts.indices {
            if let name = measuring.sampler.zoneName(index) { facts.zones[index].zone = name }
        }
        catalog = SeriesCatalog(facts)
        if let sandbox { catalog.publish(sandbox) }
        publishedGeneration = 0
    }
}

extension Exposition {
    /// The exposition that a format of HTTP is written in.
    init(_ format: ExpositionFormat) {
        switch format {
        case .text: self = .text
        case .openMetrics001, .openMetrics100: self = .openMetrics
        case .protobuf: self = .protobuf
        }
    }
}
