import Bytes
import Counters
import HTTP
import Kernel
import Log
import Logging
import Metrics
import Sampling
import Sandbox
import Serving
import Sources

/// What is measured, and the pages that show it: values go into the series once for each pass over the counters.
struct Publication: ~Copyable, Publisher {
    /// What the loop hands ticks to; `show` is told what became of them.
    var measuring: Measuring
    private var catalog: SeriesCatalog
    /// The pass over the counters that the series' values are of.
    private var publishedGeneration: UInt64 = 0
    private var probe: ProcessProbe
    private let showsCreated: Bool
    private let sink: LogSink
    private let log: Logger

    init(
        _ measuring: consuming Measuring, _ configuration: Configuration, _ sink: LogSink, _ log: Logger
    ) throws(SystemError) {
        let probe = ProcessProbe()
        catalog = SeriesCatalog(
            isSimulated: measuring.sampling.report.isSimulated, hasHistograms: configuration.hasHistograms,
            hasClassicBuckets: configuration.hasClassicBuckets, intervalNanoseconds: measuring.intervalNanoseconds,
            startUnixMilliseconds: Clock.realtimeNanoseconds() / 1_000_000)
        self.measuring = measuring
        self.probe = probe
        showsCreated = configuration.showsCreated
        self.sink = sink
        self.log = log
        _ = followLayout()
    }

    /// Takes in what a tick brought: rows that come and go, and the power of an interval that ended.
    ///
    /// - Returns: whether anything came or went.
    mutating func show(_ tick: Measuring.Tick) -> Bool {
        let hasChanged = followLayout()
        if tick == .endedInterval { catalog.record(measuring.sampling) }
        return hasChanged
    }

    /// Shows what was given up, which is known once and stays.
    mutating func show(_ report: SandboxReport) { catalog.publish(report) }

    /// Gives rows to what came, and takes them from what went; false if nothing did.
    private mutating func followLayout() -> Bool {
        guard let missing = catalog.follow(measuring.sampling) else { return false }
        guard missing > 0 else { return true }
        log.report(
            .seriesRefused, .warning,
            "\(missing) series are not shown, since there is no room for them: the energy of their domains is counted",
            ["count": String(missing)])
        return true
    }

    var isReady: Bool { measuring.sampling.isReady }

    mutating func refresh(_ serving: ServingFacts, at now: UInt64) -> UInt64 {
        measuring.refreshIfStale(
            at: Moment(monotonicNanoseconds: now, boottimeNanoseconds: Clock.boottimeNanoseconds()))
        let generation = measuring.sampling.generation
        guard publishedGeneration != generation else { return generation }
        let facts = ServerFacts(
            serving: serving, lateness: measuring.lateness, missedTicks: measuring.missedTicks,
            droppedLogMessages: sink.droppedCount)
        catalog.publish(measuring.sampling, facts, &probe)
        publishedGeneration = generation
        return generation
    }

    func select(_ name: Span<UInt8>, into selection: inout FamilySelection?) {
        var chosen = selection ?? FamilySelection()
        catalog.registry.select(name, into: &chosen)
        selection = chosen
    }

    func pageBytes(_ format: ExpositionFormat) -> Int {
        catalog.registry.longestPageBytes(Exposition(format), of: .open)
    }

    func longestPageBytes(_ format: ExpositionFormat) -> Int {
        catalog.registry.longestPageBytes(Exposition(format), of: .all)
    }

    mutating func write(
        _ format: ExpositionFormat, selecting selection: FamilySelection?, into page: inout ByteBuffer
    ) {
        catalog.registry.encode(
            Exposition(format), selecting: selection ?? .all, showsCreated: showsCreated, into: &page)
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
