import Bytes
import Energy
import HTTP
import Kernel
import Logging
import Metrics
import Sandbox
import Systemd

/// The whole program in one loop: a timer starts each sample, and the same loop answers HTTP.
///
/// Stepped: `turn` serves one batch of events, `run` repeats it. Sampling goes first in every batch, and what is done for one
/// connection in one turn is bounded, so that no client can delay a sample.
struct Server: ~Copyable {
    /// Room for zones that come back under longer names.
    static let pageReserveBytes = 1024

    let epoll: Epoll
    var batch = EventBatch(capacity: 256)
    let timer: Timer
    let signals: SignalReceiver

    var facts: SeriesFacts
    var sampler: Sampler
    var ledger: Ledger?
    var lateness = LatencyHistogram()
    var power: PowerDistribution
    /// Timer expirations so far, missed ones included.
    var expirations: UInt64 = 0
    var health: HealthReporter
    var anomalies: AnomalyReporter
    var reviver: ZoneReviver
    /// What was given up; nil before.
    var sandbox: SandboxReport?

    var listeners: Listeners
    var areListenersWatched = false
    /// A connection ended in this turn, so listeners that rest may try again.
    var hasFreedSlot = false
    var connections: ConnectionTable
    var web: WebPolicy
    var webFile: WebFile?
    /// It was said that the certificate in force has expired.
    var hasReportedExpiry = false
    /// How many steps of handshakes were made in this turn.
    var handshakesInTurn = 0
    /// Connections whose place in the queue for a password's check was taken in this turn.
    var displacedWaiters: [Token] = []
    var inputPool = BufferPool(bufferCapacity: Limits.headBytes)
    var outputPool: BufferPool
    let routes: Routes
    var responses: Responses
    var catalog: SeriesCatalog
    /// The sample that the series' values are of.
    var publishedGeneration: UInt64 = 0
    var probe: ProcessProbe
    var counters = ServerCounters()

    var manager: ManagerMessages
    let log: Logger
    let sink: LogSink

    /// When deadlines are looked at next, on the monotonic clock.
    var nextSweepNanoseconds: UInt64 = 0
    /// Set when the end has begun: nothing is accepted any more, and what is under way may be finished until then.
    var drainDeadlineNanoseconds: UInt64?

    init(
        configuration: Configuration, measurement: consuming Measurement, ledger: consuming Ledger?,
        listeners: consuming Listeners, web: consuming WebPolicy, webFile: consuming WebFile?,
        signals: consuming SignalReceiver, notifier: consuming Notifier, log: Logger,
        sink: LogSink
    ) throws(SystemError) {
        let interval = configuration.sampleInterval.nanoseconds
        let facts = SeriesFacts(
            measurement, hasHistograms: configuration.hasHistograms, sampleIntervalNanoseconds: interval)
        let catalog = SeriesCatalog(facts)
        let landing = landingPage(
            telemetryPath: configuration.telemetryPath, sourceName: facts.sourceName, isUp: facts.isSourceUp,
            isSimulated: facts.isSimulated)
        var responses = Responses(
            landing: landing,
            pages: Pages(
                catalog.registry, reserveBytes: Server.pageReserveBytes, showsCreated: configuration.showsCreated))
        responses.extraHeaders = web.extraHeaders
        let anomalies = AnomalyReporter(measurement.sampler)
        let epoll = try Epoll()
        let probe = try ProcessProbe()
        let timer = try Timer(intervalNanoseconds: interval)
        try epoll.add(timer.descriptor, .readable, token: Token(.timer).word)
        try epoll.add(signals.descriptor, .readable, token: Token(.signals).word)

        self.epoll = epoll
        self.timer = timer
        self.signals = signals
        sampler = measurement.sampler
        self.ledger = ledger
        power = PowerDistribution(domainCount: facts.domains.count, hasHistograms: facts.hasHistograms)
        health = HealthReporter(domainCount: facts.domains.count)
        self.anomalies = anomalies
        reviver = ZoneReviver(sysfs: configuration.sysfs, vendor: SourceAttempts.vendor(configuration))
        self.listeners = listeners
        self.web = web
        self.webFile = webFile
        connections = ConnectionTable(limit: configuration.maximumConnections)
        outputPool = BufferPool(bufferCapacity: responses.longestResponseBytes)
        routes = Routes(telemetryPath: configuration.telemetryPath)
        self.responses = responses
        self.catalog = catalog
        self.probe = probe
        manager = ManagerMessages(notifier, summary: facts.summary, sampleIntervalNanoseconds: interval)
        self.log = log
        self.sink = sink
        self.facts = facts
    }

    /// Takes the first sample, which is where counting starts, and opens the doors: now there is something to serve.
    mutating func start() throws(SystemError) {
        sample()
        try watchPasswordChecks()
        try watchFiles()
        try watchListeners()
        reportStarted()
        warnIfCertificateExpired()
        manager.ready(counters)
    }

    /// Serves until it is told to stop and everything under way is finished.
    mutating func run() throws(SystemError) {
        while !isFinished { try turn() }
        log.report(.stopped, .info, "stopped")
    }

    /// Waits for events and serves one batch of them.
    mutating func turn() throws(SystemError) {
        handshakesInTurn = 0
        try epoll.wait(into: &batch, timeoutMilliseconds: waitMilliseconds)
        for index in 0..<batch.count where batch[token: index] == Token(.timer).word { try tick() }
        for index in 0..<batch.count { try dispatch(batch[token: index]) }
        try refuseDisplaced()
        try reloadIfDue()
        try sweepIfDue()
        if drainDeadlineNanoseconds != nil { endIdleConnections(nanoseconds: Clock.monotonicNanoseconds()) }
        if hasFreedSlot {
            hasFreedSlot = false
            try watchListeners()
        }
    }

    private mutating func dispatch(_ word: UInt64) throws(SystemError) {
        guard let token = Token(word: word) else { return }
        switch token.kind {
        case .timer: break  // Served before all others.
        case .signals: try takeSignals()
        case .listener: try accept(on: token.slot)
        case .connection: try advance(token)
        case .passwordCheck: try finishCheck()
        case .files: try noteFileChange()
        }
    }

    /// How long to sleep at most: for ever if the timer will wake us soon enough to look at deadlines.
    private var waitMilliseconds: Int32? {
        if drainDeadlineNanoseconds != nil || reloadDueNanoseconds != nil { return 50 }
        let needsSweep = connections.count > 0 || !areListenersWatched || needsPassesBetweenTicks
        return needsSweep && timer.intervalNanoseconds > Server.sweepNanoseconds ? 1000 : nil
    }

    private var isFinished: Bool {
        guard let deadline = drainDeadlineNanoseconds else { return false }
        return connections.count == 0 || Clock.monotonicNanoseconds() >= deadline
    }

    private func reportStarted() {
        log.report(
            .started, .info, "started version \(Build.version), measuring \(facts.summary)",
            [
                "version": Build.version, "revision": Build.revision, "source": facts.sourceName,
                "domains": facts.domains.map(\.tag).joined(separator: ","),
            ])
    }
}
