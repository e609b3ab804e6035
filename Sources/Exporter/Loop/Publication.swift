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

/// What is measured, and the pages that show it: values go into the series when a newer moment may be shown, and stand still until
/// the next, in every format and for every selection.
///
/// How fast pages follow the counters is a question of secrets too: what a processor computes shows in its power. See
/// docs/security.md.
struct Publication: ~Copyable, Publisher {
    /// What the loop hands ticks to; `take` is told what became of them.
    var measuring: Measuring
    private var catalog: SeriesCatalog
    /// JSON and HTML of what the series show.
    private var documents: Documents
    /// The pass over the counters that the series' values are of.
    private var publishedGeneration: UInt64 = 0
    /// Between two moments that are shown there is at least so much time.
    private let standstillNanoseconds: UInt64
    /// The earliest moment that may be shown next, on the monotonic clock.
    private var nextShownNanoseconds: UInt64 = 0
    /// The layout that was told of last; the rows may still be of an older one.
    private var toldLayout: UInt64
    /// So many portions of published power were taken in.
    private var portions: UInt64 = 0
    /// So many samples were asked for by `takeSample`.
    private var samples: UInt64 = 0
    private var probe: ProcessProbe
    private let showsCreated: Bool
    private let sink: LogSink
    private let log: Logger

    init(
        _ measuring: consuming Measuring, _ configuration: Configuration, _ sink: LogSink, _ log: Logger
    ) throws(SystemError) {
        let probe = ProcessProbe()
        let startUnixMilliseconds = Clock.realtimeNanoseconds() / 1_000_000
        let isSimulated = measuring.sampling.report.isSimulated
        documents = Documents(
            DocumentFacts(
                isSimulated: isSimulated, intervalNanoseconds: measuring.intervalNanoseconds,
                resolutionNanoseconds: configuration.resolution.nanoseconds,
                telemetryPath: configuration.telemetryPath),
            stepNanoseconds: max(configuration.resolution.nanoseconds, 1_000_000_000),
            startUnixMilliseconds: startUnixMilliseconds)
        catalog = SeriesCatalog(
            isSimulated: isSimulated, hasHistograms: configuration.hasHistograms,
            hasClassicBuckets: configuration.hasClassicBuckets, intervalNanoseconds: measuring.intervalNanoseconds,
            startUnixMilliseconds: startUnixMilliseconds, attribution: measuring.attributionShape)
        standstillNanoseconds = configuration.resolution.standstillNanoseconds(every: configuration.sampleInterval)
        toldLayout = measuring.sampling.layoutGeneration
        self.measuring = measuring
        self.probe = probe
        showsCreated = configuration.showsCreated
        self.sink = sink
        self.log = log
        followLayout()
    }

    /// Takes in what a tick brought, the power of an interval that ended, for the pages that come.
    ///
    /// - Returns: whether anything that is measured came or went.
    mutating func take(_ tick: Measuring.Tick) -> Bool {
        if tick == .endedInterval { record() }
        takePortions()
        guard toldLayout != measuring.sampling.layoutGeneration else { return false }
        toldLayout = measuring.sampling.layoutGeneration
        return true
    }

    /// Serves the timer; `take` is to be told what became of it.
    ///
    /// - Parameter isWatched: somebody wants to hear of each sample at once.
    mutating func tick(at moment: Moment, isWatched: Bool) throws(SystemError) -> Measuring.Tick {
        let tick = try measuring.tick(at: moment)
        guard tick == .due else { return tick }
        let collected = isWatched ? .declined : measuring.collect(at: moment)
        return collected == .kept ? .collected : count(andPass: collected == .declined, at: moment)
    }

    /// Does with a tick what is more than to collect what the counters show. Never inlined, as its like in `Server`: the room that
    /// it has on the stack would move what each tick touches there onto other pages.
    @inline(never)
    private mutating func count(andPass passes: Bool, at moment: Moment) -> Measuring.Tick {
        countCollected(isFollowed: passes)
        return passes ? measuring.pass(at: moment) : .counted
    }

    /// Counts what was collected, so that everything is of the latest pass over the counters.
    ///
    /// - Parameter isFollowed: there is another pass now.
    mutating func countCollected(isFollowed: Bool = false) {
        while measuring.countCollected(isFollowed: isFollowed) { record() }
    }

    /// Takes in the power of an interval that ended.
    private mutating func record() {
        catalog.record(measuring.sampling.accounts, at: measuring.sampling.lastPassNanoseconds)
        documents.take(measuring.sampling)
    }

    /// Whether there was a sample since the last question.
    mutating func takeSample() -> Bool {
        defer { samples = measuring.sampling.ticks }
        return samples != measuring.sampling.ticks
    }

    /// Takes in the power that others have published since this was called last.
    private mutating func takePortions() {
        guard measuring.sampling.portions != portions else { return }
        portions = measuring.sampling.portions
        catalog.recordPortions(measuring.sampling)
    }

    /// Shows what was given up, which is known once and stays.
    mutating func show(_ report: SandboxReport) { catalog.publish(report) }

    /// Gives rows to what came, and takes them from what went.
    private mutating func followLayout() {
        guard let missing = catalog.follow(measuring.sampling) else { return }
        documents.follow(measuring.sampling)
        reportMissing(missing)
    }

    var isReady: Bool { measuring.sampling.isReady }

    func standingGeneration(at now: UInt64) -> UInt64? {
        if now < nextShownNanoseconds { return publishedGeneration }
        let isShown = publishedGeneration == measuring.sampling.generation
        return isShown && measuring.isUpToDate(at: now, earliest: nextShownNanoseconds) ? publishedGeneration : nil
    }

    mutating func refresh(_ serving: ServingFacts, at now: UInt64) -> UInt64 {
        if let standing = standingGeneration(at: now) { return standing }
        countCollected()
        measuring.refreshIfStale(
            at: Moment(monotonicNanoseconds: now, boottimeNanoseconds: Clock.boottimeNanoseconds()),
            earliest: nextShownNanoseconds)
        if publishedGeneration != measuring.sampling.generation { publish(serving, at: now) }
        return publishedGeneration
    }

    /// Shows the latest pass over the counters, and nothing newer before its time.
    private mutating func publish(_ serving: ServingFacts, at now: UInt64) {
        takePortions()
        followLayout()
        measuring.shareForPage()
        let facts = ServerFacts(
            serving: serving, lateness: measuring.lateness, missedTicks: measuring.missedTicks,
            droppedLogMessages: sink.droppedCount)
        catalog.publish(measuring.sampling, facts, &probe)
        publishSharing()
        documents.show(measuring.sampling, at: now)
        publishedGeneration = measuring.sampling.generation
        nextShownNanoseconds = measuring.sampling.lastPassNanoseconds.saturatingSum(standstillNanoseconds)
    }

    private mutating func publishSharing() {
        let missing =
            switch measuring.sampling.sharing {
            case .some(let sharing): catalog.publish(sharing, passSeconds: measuring.sharingSeconds)
            case .none: 0
            }
        reportMissing(missing)
    }

    private func reportMissing(_ missing: Int) {
        guard missing > 0 else { return }
        log.report(
            .seriesRefused, .warning,
            "\(missing) series are not shown, since there is no room for them: the energy of their domains is counted",
            ["count": String(missing)])
    }

    func select(_ name: Span<UInt8>, into selection: inout FamilySelection?) {
        var chosen = selection ?? FamilySelection()
        catalog.registry.select(name, into: &chosen)
        selection = chosen
    }

    func key(_ selection: FamilySelection) -> UInt128? { catalog.registry.key(selection) }

    func pageBytes(_ document: Document) -> Int {
        switch document {
        case .metrics(let format): catalog.registry.longestPageBytes(Exposition(format), of: .open)
        case .json(let withHistory): documents.jsonBytes(measuring.sampling, withHistory: withHistory)
        case .page: documents.pageBytes(measuring.sampling)
        }
    }

    /// Of all but metrics it says no more than of now: their buffers grow by the same steps.
    func longestPageBytes(_ document: Document) -> Int {
        guard case .metrics(let format) = document else { return .max }
        return catalog.registry.longestPageBytes(Exposition(format), of: .all)
    }

    var frameBytes: Int { mutating get { documents.frameBytes(measuring.sampling) } }

    mutating func writeFrame(into frame: inout ByteBuffer) {
        documents.writeFrame(
            measuring.sampling, unixNanoseconds: Clock.realtimeNanoseconds(), at: Clock.monotonicNanoseconds(),
            into: &frame)
    }

    mutating func write(
        _ document: Document, selecting selection: FamilySelection?, into page: inout ByteBuffer
    ) {
        switch document {
        case .metrics(let format):
            catalog.registry.encode(
                Exposition(format), selecting: selection ?? .all, showsCreated: showsCreated, into: &page)
        case .json(let withHistory):
            documents.writeJSON(measuring.sampling, catalog, withHistory: withHistory, into: &page)
        case .page: documents.writePage(measuring.sampling, catalog, into: &page)
        }
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
