import Accounts
import Counters
import HTTP
import Kernel
import Log
import Logging
import Sampling
import Serving
import Sources
import Systemd

/// The whole program in one loop: a timer starts each sample, and the same loop answers HTTP. It only hands each event to the
/// part that it is for.
///
/// Stepped: `turn` serves one batch of events, `run` repeats it. Between two pieces of work the clock is looked at, and a sample that
/// is due is taken: it waits for one bounded piece of work at most, however many clients there are.
struct Server: ~Copyable {
    // First what each turn touches, so that it lies together: most find the processor's caches cold.
    private let epoll: Epoll
    /// Room for everything that is watched.
    private var batch = EventBatch(capacity: Serving.mostWatched + 2)
    /// The latest tick only kept what the counters show.
    private var hasOnlyCollected = false
    /// So did the latest turn, and nothing else.
    private var isQuiet = false
    /// Before then, on the monotonic clock, a turn for nothing but a tick has nothing to do for clients.
    private var quietUntilNanoseconds: UInt64 = 0
    /// Somebody reads a stream.
    private var isWatched = false
    /// What is under way is finished, and then it ends.
    private var isEnding = false
    /// How long to sleep at most; for ever if the timer wakes us soon enough.
    private var longestWaitMilliseconds: Int32?
    private var waiting = FailureBudget()
    private var manager: ManagerMessages
    private(set) var publication: Publication
    private(set) var serving: Serving
    private let signals: SignalReceiver
    private var signalling = FailureBudget()
    private let log: Logger

    /// Puts the parts together. Nothing is served before `start`.
    init(
        _ configuration: Configuration, _ sampling: consuming Sampling, _ listeners: consuming Listeners,
        _ policy: consuming WebPolicy, _ webFile: consuming WebFile?, _ signals: consuming SignalReceiver,
        _ notifier: consuming Notifier, _ log: Logger, _ sink: LogSink
    ) throws(SystemError) {
        let interval = configuration.sampleInterval.nanoseconds
        let measuring = try Measuring(sampling, intervalNanoseconds: interval, log)
        let summary = measuring.summary
        let publication = try Publication(measuring, configuration, sink, log)
        let memory = SocketMemory(configuration, pageBytes: publication.pageBytes(.metrics(.text)), log)
        let epoll = try Epoll()
        try epoll.add(publication.measuring.timer.descriptor, .readable, token: Token(.timer).word)
        try epoll.add(signals.descriptor, .readable, token: Token(.signals).word)
        let serving = try Serving(
            listeners, policy, webFile, maximumConnections: memory.maximumConnections, buffers: memory.buffers,
            paths: ServicePaths(
                telemetry: configuration.telemetryPath, json: Parsing.jsonPath, stream: Parsing.streamPath,
                servesStream: configuration.servesStream),
            contentPolicy: PageHalves.contentPolicy, run: Clock.realtimeNanoseconds(), log)
        self.epoll = epoll
        self.signals = signals
        self.publication = publication
        self.serving = serving
        manager = ManagerMessages(notifier, summary: summary, sampleIntervalNanoseconds: interval)
        self.log = log
    }

    /// Gives up what is needed no more, unless the configuration says not to. Everything must be open by now.
    mutating func enterSandbox(_ configuration: Configuration) {
        if configuration.entersSandbox { serving.leaveSocketFiles() }
        let opensPerfEvents = publication.measuring.sampling.mayOpen(.perf)
        let report = Enclosure.enter(
            configuration, readAgain: serving.readAgainPaths, holdsSecrets: serving.holdsKey,
            zeroCopyBuffer: serving.zeroCopyBuffer, cgroups: publication.measuring.cgroups,
            opensPerfEvents: opensPerfEvents,
            log)
        publication.show(report)
    }

    /// Takes the first sample, which is where counting starts, and opens the doors: now there is something to serve.
    mutating func start() throws(SystemError) {
        publication.measuring.start(at: Moment.now())
        try serving.start(epoll, unixSeconds: Clock.unixSeconds())
        reportStarted()
        manager.ready(lastScrapeUnixSeconds: nil)
    }

    /// Serves until it is told to stop and everything under way is finished.
    @inline(never)
    mutating func run() throws(SystemError) {
        defer { publication.countCollected() }
        repeat { try turn() } while !isEnding || !serving.isFinished(at: Clock.monotonicNanoseconds())
        log.report(.stopped, .info, "stopped")
    }

    /// Tells the service manager why it ends.
    func tellManager(failure reason: String) { manager.failing(reason) }

    /// Waits for events and serves one batch of them.
    mutating func turn() throws(SystemError) {
        try awaitEvents()
        let now = try tickIfDue()
        // Most turns are for a tick alone, and most ticks do no more than to collect what the counters show.
        isQuiet =
            hasOnlyCollected && batch.count == 1 && batch[token: 0] == Token(.timer).word && now < quietUntilNanoseconds
        if !isQuiet { try serve(at: now) }
    }

    /// Serves a batch of events, and whatever else there is to do.
    @inline(never)
    private mutating func serve(at start: UInt64) throws(SystemError) {
        var now = start
        serving.beginTurn(unixSeconds: Clock.unixSeconds(), at: now)
        for index in 0..<batch.count { try dispatch(batch[token: index], at: now) }
        while try serving.step(&publication, epoll, at: now) { now = try tickIfDue() }
        try serving.endTurn(&publication, epoll, at: now)
        quietUntilNanoseconds = serving.quietUntilNanoseconds()
        isWatched = serving.hasStreams
        isEnding = serving.isDraining
        if publication.measuring.isSharing { publication.measuring.proceedSharing() }
        guard publication.measuring.needsAttentionBetweenTicks else { return }
        publication.measuring.attendBetweenTicks(at: Moment.now())
        take(.refreshed)
    }

    private mutating func awaitEvents() throws(SystemError) {
        // A quiet turn has changed nothing.
        if !isQuiet { longestWaitMilliseconds = waitMilliseconds() }
        do throws(SystemError) {
            try epoll.wait(into: &batch, timeoutMilliseconds: longestWaitMilliseconds)
            waiting.restore()
        } catch {
            try waiting.spend(error)
        }
    }

    private mutating func dispatch(_ word: UInt64, at now: UInt64) throws(SystemError) {
        guard let token = Token(word: word) else { return }
        switch token.kind {
        case .timer: break  // The clock says so too.
        case .listener, .connection: serving.note(token, at: now)
        case .signals: try takeSignals(at: now)
        case .passwordCheck: serving.finishCheck(&publication, epoll, at: now)
        case .files: serving.takeChanges(at: now)
        }
    }

    /// Looks at the clock, and takes a sample if one is due.
    private mutating func tickIfDue() throws(SystemError) -> UInt64 {
        let now = Clock.monotonicNanoseconds()
        hasOnlyCollected = false
        guard publication.measuring.isDue(at: now) else { return now }
        try tick(at: Moment(monotonicNanoseconds: now, boottimeNanoseconds: Clock.boottimeNanoseconds()))
        return hasOnlyCollected ? now : Clock.monotonicNanoseconds()
    }

    private mutating func tick(at moment: Moment) throws(SystemError) {
        let now = moment.monotonicNanoseconds
        let tick = try publication.tick(at: moment, isWatched: isWatched)
        guard tick != .notDue else { return }
        hasOnlyCollected = tick == .collected
        if !hasOnlyCollected { publish(tick, at: now) }
        if manager.isDue(at: now) { tellManager(at: now) }
    }

    /// Hands on what a tick brought, to the pages, the streams and the service manager.
    @inline(never)
    private mutating func publish(_ tick: Measuring.Tick, at now: UInt64) {
        take(tick)
        if publication.takeSample() { serving.publishFrame(&publication, epoll, at: now) }
    }

    @inline(never)
    private mutating func tellManager(at now: UInt64) {
        manager.ticked(lastScrapeUnixSeconds: serving.facts.counters.lastScrapeUnixSeconds, at: now)
    }

    /// Hands on what a tick brought, to the pages and to the service manager.
    private mutating func take(_ tick: Measuring.Tick) {
        if publication.take(tick) { manager.summary = publication.measuring.summary }
    }

    private mutating func takeSignals(at now: UInt64) throws(SystemError) {
        while let signal = try takeSignal() {
            switch signal {
            case .reload: try reload(at: now)
            case .terminate: try terminate(at: now)
            }
        }
    }

    private mutating func takeSignal() throws(SystemError) -> Signal? {
        do throws(SystemError) {
            let signal = try signals.takeSignal()
            signalling.restore()
            return signal
        } catch {
            try signalling.spend(error)
            return nil
        }
    }

    /// SIGHUP. The manager that asked waits to be told that it is done.
    private mutating func reload(at now: UInt64) throws(SystemError) {
        manager.reloading(at: now)
        if try !serving.reload(epoll, at: now) {
            log.report(.reloaded, .info, "reloaded; no setting changes without a restart")
        }
        manager.ready(lastScrapeUnixSeconds: serving.facts.counters.lastScrapeUnixSeconds)
    }

    /// SIGTERM or SIGINT: accepts nothing more and finishes what is under way; the second time, ends at once.
    private mutating func terminate(at now: UInt64) throws(SystemError) {
        if !serving.isDraining {
            manager.stopping()
            log.report(.stopping, .info, "stopping; open responses are finished first")
        }
        try serving.drain(&publication, epoll, at: now)
    }

    /// How long to sleep at most: for ever if the timer wakes us soon enough.
    private mutating func waitMilliseconds() -> Int32? {
        if publication.measuring.isSharing { return 0 }
        let interval = publication.measuring.intervalNanoseconds
        let wanted = serving.waitMilliseconds().flatMap { interval > UInt64($0) * 1_000_000 ? $0 : nil }
        guard publication.measuring.needsAttentionBetweenTicks,
            let pause = publication.measuring.millisecondsToAttention(at: Clock.monotonicNanoseconds())
        else { return wanted }
        return wanted.map { min($0, pause) } ?? pause
    }

    private func reportStarted() {
        let summary = publication.measuring.summary
        guard publication.measuring.sampling.sourceStates.contains(where: \.isUp) else {
            return log.report(
                .startedWithoutSource, .warning,
                "started version \(Build.version), measuring \(summary); what can be read later is measured from then on, and "
                    + "'pyjoules-exporter doctor' says what is missing",
                ["version": Build.version, "revision": Build.revision])
        }
        let source = publication.measuring.sampling.report.name
        let domains = publication.measuring.sampling.accounts.map(\.domain.tag)
        log.report(
            .started, .info, "started version \(Build.version), measuring \(summary)",
            [
                "version": Build.version, "revision": Build.revision, "source": source,
                "domains": domains.joined(separator: ","),
            ])
    }
}
