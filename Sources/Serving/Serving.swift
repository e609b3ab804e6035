public import Bytes
import HTTP
public import Kernel
import Log
public import Logging

/// From a listener to a sent response. It knows nothing of what is on the pages; see `Publisher`.
///
/// Stepped by the loop that owns epoll: `beginTurn`, what the tokens of a batch ask for, `endTurn`. It never waits, reads no
/// clock, and does a bounded amount of work for one client in one turn.
public struct Serving: ~Copyable {
    /// The most connections that may be allowed.
    public static let mostConnections = ConnectionTable.capacity
    /// How often deadlines are looked at.
    public static let sweepMilliseconds: Int32 = 1000
    /// How often the loop should turn while something small is waited for.
    private static let shortWaitMilliseconds: Int32 = 50

    private var listeners: Listeners
    private var conversations: Conversations
    private var webFile: WebFile?
    /// When deadlines are looked at next, on the monotonic clock.
    private var nextSweepNanoseconds: UInt64 = 0
    /// Set when the end has begun: nothing is accepted any more, and what is under way may be finished until then.
    private var drainDeadlineNanoseconds: UInt64?
    /// Until then nothing more is said of connections that cannot be accepted.
    private var nextRefusalReportNanoseconds: UInt64 = 0
    private static let refusalQuietNanoseconds: UInt64 = 60_000_000_000
    private let log: Logger

    /// Serves nothing before `start`.
    ///
    /// - Parameters:
    ///   - maximumConnections: at most `mostConnections`.
    ///   - webFile: what put `policy` in force; nil without a file.
    ///   - landing: the page at `/`.
    public init(
        _ listeners: consuming Listeners, _ policy: consuming WebPolicy, _ webFile: consuming WebFile?,
        maximumConnections: Int, telemetryPath: String, landing: consuming ByteBuffer, _ log: Logger
    ) {
        self.listeners = listeners
        conversations = Conversations(
            limit: maximumConnections, Responder(Decisions(policy, telemetryPath: telemetryPath), landing: landing, log)
        )
        self.webFile = webFile
        self.log = log
    }

    /// Opens the doors: from now on epoll reports what is to be handed to `accept`, `advance`, `finishCheck` and `takeChanges`.
    public mutating func start(_ epoll: borrowing Epoll, unixSeconds: UInt64) throws(SystemError) {
        beginTurn(unixSeconds: unixSeconds)
        try conversations.responder.decisions.watchPasswordChecks(epoll)
        try webFile?.watch(epoll)
        try listeners.watch(epoll)
        conversations.responder.warnIfCertificateExpired()
    }

    /// What the pages say about serving.
    public var facts: ServingFacts { conversations.responder.decisions.facts }

    /// The files that are read again while it serves; none without a web configuration file.
    public var readAgainPaths: [String] {
        switch webFile {
        case .some(let file): file.paths
        case .none: []
        }
    }

    /// A batch of events begins; `unixSeconds` is what the Date of its responses says.
    public mutating func beginTurn(unixSeconds: UInt64) { conversations.responder.beginTurn(unixSeconds: unixSeconds) }

    /// `Token.Kind.connection`: takes what arrived, and answers it.
    public mutating func advance(
        _ token: Token, _ content: inout some Publisher & ~Copyable, _ epoll: borrowing Epoll, at now: UInt64
    ) throws(SystemError) {
        try conversations.advance(token, &content, epoll, at: now)
    }

    /// `Token.Kind.listener`: accepts what waits, up to a bound; level-triggered epoll reports the rest again.
    public mutating func accept(
        on slot: Int, _ content: inout some Publisher & ~Copyable, _ epoll: borrowing Epoll, at now: UInt64
    ) throws(SystemError) {
        try accept(on: slot, stopsWhenFull: true, &content, epoll, at: now)
    }

    /// With a full table, whoever comes next may find the slot of a client that has just left, once its end was looked at: that is
    /// in this turn's batch, or in the next.
    private mutating func accept<Content: Publisher & ~Copyable>(
        on slot: Int, stopsWhenFull: Bool, _ content: inout Content, _ epoll: borrowing Epoll, at now: UInt64
    ) throws(SystemError) {
        var failures = 0
        for count in 0..<Limits.acceptsPerTurn {
            if stopsWhenFull, count > 0, conversations.isFull { return }
            guard let outcome = listeners.accept(on: slot) else { return }
            switch consume outcome {
            case .accepted(let socket, let peer): try admit(socket, peer, &content, epoll, at: now)
            case .wouldBlock: return
            case .exhausted(let code): return try rest(code, epoll, at: now)
            case .refused(let code): return try rest(refused: code, epoll, at: now)
            case .peerLeft(let code):
                failures += 1
                // So many do not leave at once: whoever says so may say it for ever.
                if failures == Limits.acceptsPerTurn { try rest(refused: code, epoll, at: now) }
            }
        }
    }

    /// Serves a connection, wherever it comes from: `accept` calls it for each one that waited.
    public mutating func admit(
        _ socket: consuming FileDescriptor, _ peer: PeerKey, _ content: inout some Publisher & ~Copyable,
        _ epoll: borrowing Epoll,
        at now: UInt64
    ) throws(SystemError) {
        switch conversations.admit(socket, peer, epoll, at: now) {
        // Its request is often here already; served now, nobody can take its slot before it is read.
        case .admitted(let token): try conversations.advance(token, &content, epoll, at: now)
        case .refused: break
        case .full: try listeners.rest(epoll)
        }
    }

    /// No descriptor is left: the listeners rest until a connection has ended, or until the next sweep.
    private mutating func rest(
        _ code: ErrorCode, _ epoll: borrowing Epoll, at now: UInt64
    ) throws(SystemError) {
        try listeners.rest(epoll)
        guard conversations.makeRoomForDescriptor(at: now) == 1 else { return }
        log.report(
            .noDescriptors, .warning,
            "a connection cannot be accepted (\(code)): raise LimitNOFILE or lower --web.max-connections")
    }

    /// The kernel does not let us accept: the listeners rest, as without descriptors, but no connection is given up for that. It is said
    /// at most once a minute.
    private mutating func rest(refused code: ErrorCode, _ epoll: borrowing Epoll, at now: UInt64) throws(SystemError) {
        try listeners.rest(epoll)
        guard now >= nextRefusalReportNanoseconds else { return }
        nextRefusalReportNanoseconds = now.saturatingSum(Serving.refusalQuietNanoseconds)
        log.report(
            .acceptFailed, .error,
            "connections cannot be accepted (\(code)), which is tried again every second: something outside this program forbids it, such "
                + "as SystemCallFilter=, the seccomp profile of a container or a security module")
    }

    /// `Token.Kind.passwordCheck`: goes on with the requests that waited for it.
    public mutating func finishCheck(
        _ content: inout some Publisher & ~Copyable, _ epoll: borrowing Epoll, at now: UInt64
    ) throws(SystemError) {
        try conversations.finishCheck(&content, epoll, at: now)
    }

    /// `Token.Kind.files`: the web configuration is read again when nothing has changed for a moment.
    public mutating func takeChanges(at now: UInt64) throws(SystemError) { try webFile?.takeChanges(at: now) }

    /// The batch is served: what was left to the end of it, and once a second the deadlines.
    public mutating func endTurn(
        _ content: inout some Publisher & ~Copyable, _ epoll: borrowing Epoll, at now: UInt64
    ) throws(SystemError) {
        try conversations.refuseDisplaced(&content, epoll, at: now)
        if webFile?.isDue(at: now) ?? false { try reload(&content, epoll, at: now) }
        if now >= nextSweepNanoseconds { try sweep(epoll, at: now) }
        conversations.endIdle(at: now)
        if conversations.takeFreedSlot() { try watchListeners(epoll) }
    }

    private mutating func sweep(_ epoll: borrowing Epoll, at now: UInt64) throws(SystemError) {
        let isDone = try conversations.expire(epoll, at: now)
        nextSweepNanoseconds = isDone ? now + UInt64(Serving.sweepMilliseconds) * 1_000_000 : now
        try watchListeners(epoll)
        conversations.responder.warnIfCertificateExpired()
    }

    private mutating func watchListeners(_ epoll: borrowing Epoll) throws(SystemError) {
        if drainDeadlineNanoseconds == nil { try listeners.watch(epoll) }
    }

    /// Reads the web configuration file again; false if there is none.
    @discardableResult
    public mutating func reload(
        _ content: inout some Publisher & ~Copyable, _ epoll: borrowing Epoll, at now: UInt64
    ) throws(SystemError) -> Bool {
        guard var file = webFile.take() else { return false }
        try conversations.reload(&file, &content, epoll, at: now)
        webFile = consume file
        return true
    }

    /// The longest that the loop may sleep, in milliseconds; nil if only events matter.
    ///
    /// This and `isFinished` are asked in each turn and are mutating, so that `self` is passed by its address: a call that only
    /// borrows a struct as large as this copies it.
    public mutating func waitMilliseconds() -> Int32? {
        if drainDeadlineNanoseconds != nil || webFile?.awaitsQuiet() ?? false { return Serving.shortWaitMilliseconds }
        return conversations.isEmpty && listeners.areWatched ? nil : Serving.sweepMilliseconds
    }

    /// The end begins: nothing more is accepted, and what is under way is finished. The second time, the end is now.
    public mutating func drain(
        _ content: inout some Publisher & ~Copyable, _ epoll: borrowing Epoll, at now: UInt64
    ) throws(SystemError) {
        guard drainDeadlineNanoseconds == nil else {
            drainDeadlineNanoseconds = now
            return
        }
        if !listeners.areInherited {
            // These would be reset with their listener; those on systemd's socket wait for the next start.
            for slot in listeners.indices { try accept(on: slot, stopsWhenFull: false, &content, epoll, at: now) }
        }
        try listeners.close(epoll)
        drainDeadlineNanoseconds = now + Limits.drainSeconds * 1_000_000_000
        try conversations.drain(&content, epoll, at: now)
    }

    /// The end has begun.
    public var isDraining: Bool { drainDeadlineNanoseconds != nil }

    /// Nothing is under way any more, or there was enough time for it.
    public mutating func isFinished(at now: UInt64) -> Bool {
        guard let drainDeadlineNanoseconds else { return false }
        return conversations.isEmpty || now >= drainDeadlineNanoseconds
    }
}
