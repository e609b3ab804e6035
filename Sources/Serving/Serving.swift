import Bytes
import HTTP
public import Kernel
import Log
public import Logging

/// From a listener to a sent response. It knows nothing of what is on the pages; see `Publisher`.
///
/// Stepped by the loop that owns epoll: `beginTurn`, `note` for what is ready, `step` until it says that the turn is over,
/// `endTurn`. It never waits and reads no clock: the loop does between two steps, each of which does a bounded amount of work for
/// one client.
public struct Serving: ~Copyable {
    /// The most connections that may be allowed.
    public static let mostConnections = ConnectionTable.capacity
    /// The most descriptors of serving that are watched: connections, listeners, the end of a password's check, changes of files.
    public static let mostWatched = ConnectionTable.capacity + ConnectionTable.surplus + Listeners.capacity + 2
    /// How often deadlines are looked at.
    public static let sweepMilliseconds: Int32 = 1000
    /// How often the loop should turn while something small is waited for.
    private static let shortWaitMilliseconds: Int32 = 50
    /// A turn that has something else to do looks at deadlines so much sooner. Passes over the counters are counted once a second,
    /// too: so both are done in one turn.
    private static let sweepSlackNanoseconds: UInt64 = 125_000_000

    private var listeners: Listeners
    private var conversations: Conversations
    private var webFile: WebFile?
    private var readyListeners = ReadyPlaces(capacity: Listeners.capacity)
    private var turn = Turn()
    /// When deadlines are looked at next, on the monotonic clock.
    private var nextSweepNanoseconds: UInt64 = 0
    /// Set when the end has begun: nothing is accepted any more, and what is under way may be finished until then.
    private var drainDeadlineNanoseconds: UInt64?
    /// Until then nothing more is said of connections that cannot be accepted.
    private var nextRefusalReportNanoseconds: UInt64 = 0
    private static let refusalQuietNanoseconds: UInt64 = 60_000_000_000
    private let log: Logger

    /// How many sockets there may be for so many connections: some more are told that there is no room for them.
    public static func sockets(forConnections count: Int) -> Int { count + ConnectionTable.surplus }

    /// Serves nothing before `start`.
    ///
    /// - Parameters:
    ///   - maximumConnections: at most `mostConnections`.
    ///   - buffers: what the kernel may keep for each.
    ///   - webFile: what put `policy` in force; nil without a file.
    ///   - contentPolicy: the value of Content-Security-Policy for the page, where the web configuration has none.
    ///   - run: a number that no other run of the program has.
    public init(
        _ listeners: consuming Listeners, _ policy: consuming WebPolicy, _ webFile: consuming WebFile?,
        maximumConnections: Int, buffers: SocketBuffers, paths: ServicePaths, contentPolicy: String, run: UInt64,
        _ log: Logger
    ) throws(SystemError) {
        var listeners = listeners
        try listeners.limit(buffers)
        self.listeners = listeners
        conversations = Conversations(
            limit: maximumConnections, pieceBytes: buffers.sendBytes,
            Responder(
                Decisions(policy, paths), DocumentHeaders(run: run, contentPolicy: contentPolicy),
                ZeroCopyResponse(ZeroCopyBuffer(), mostConnections: buffers.zeroCopyConnections), log))
        self.webFile = webFile
        self.log = log
    }

    /// Opens the doors: from now on epoll reports what is to be handed to `note`, `finishCheck` and `takeChanges`.
    public mutating func start(_ epoll: borrowing Epoll, unixSeconds: UInt64) throws(SystemError) {
        conversations.responder.setDate(unixSeconds: unixSeconds)
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

    /// The descriptor of the buffer that is sent without a copy; nil where there is none.
    public var zeroCopyBuffer: Int32? { conversations.responder.zeroCopyBuffer }

    /// The key of a certificate is in memory.
    public var holdsKey: Bool { conversations.responder.decisions.speaksTLS }

    /// The names of unix sockets stay in the file system: to be told where nothing may be removed any more.
    public mutating func leaveSocketFiles() { listeners.leaveFiles() }

    /// A batch of events begins; `unixSeconds` is what the Date of its responses says.
    public mutating func beginTurn(unixSeconds: UInt64, at now: UInt64) {
        conversations.responder.setDate(unixSeconds: unixSeconds)
        conversations.beginTurn()
        readyListeners.beginTurn()
        turn.begin(at: now)
    }

    /// `Token.Kind.connection` and `.listener`: it is ready, and served by one of the steps that follow.
    public mutating func note(_ token: Token, at now: UInt64) {
        if token.kind == .listener { readyListeners.insert(token.slot) } else { conversations.note(token, at: now) }
    }

    /// Serves one of those that are ready, by their precedence, or who waits at a listener. A client that has just left makes room for
    /// one that has just come, and whoever comes alone does not wait for a crowd.
    ///
    /// - Returns: false if nobody is left, or the time of this turn is over: level-triggered epoll reports again who is still ready.
    public mutating func step(
        _ content: inout some Publisher & ~Copyable, _ epoll: borrowing Epoll, at now: UInt64
    ) throws(SystemError) -> Bool {
        guard try serveNext(&content, epoll, at: now) else { return false }
        return !conversations.ready.isEmpty || !readyListeners.isEmpty
    }

    /// Serves one client; false if none is left that this turn bears.
    private mutating func serveNext(
        _ content: inout some Publisher & ~Copyable, _ epoll: borrowing Epoll, at now: UInt64
    ) throws(SystemError) -> Bool {
        while let precedence = turn.next(of: conversations.ready, at: now) {
            if precedence == .crowd, try acceptNext(&content, epoll, at: now) { return true }
            guard conversations.advanceNext(precedence, &content, epoll, at: now) else { continue }
            turn.count(precedence)
            return true
        }
        return try acceptNext(&content, epoll, at: now)
    }

    /// Accepts one connection, if this turn bears it and one waits.
    private mutating func acceptNext(
        _ content: inout some Publisher & ~Copyable, _ epoll: borrowing Epoll, at now: UInt64
    ) throws(SystemError) -> Bool {
        guard
            !readyListeners.isEmpty,
            turn.hasTimeToAccept(
                isFull: conversations.isFull, beginningWithHandshake: conversations.responder.decisions.speaksTLS,
                at: now),
            let slot = readyListeners.next()
        else { return false }
        turn.countAccept()
        if try accept(on: slot, &content, epoll, at: now) { readyListeners.insert(slot) }
        return true
    }

    /// Accepts one connection; false if none is left.
    private mutating func accept(
        on slot: Int, _ content: inout some Publisher & ~Copyable, _ epoll: borrowing Epoll, at now: UInt64
    ) throws(SystemError) -> Bool {
        guard let outcome = listeners.accept(on: slot) else { return false }
        switch consume outcome {
        case .accepted(let socket, let peer): try admit(socket, peer, &content, epoll, at: now)
        case .wouldBlock: return false
        case .peerLeft(let code):
            // So many do not leave at once: whoever says so may say it for ever.
            guard turn.countDeparture() else { break }
            try rest(refused: code, epoll, at: now)
            return false
        case .exhausted(let code):
            try rest(code, epoll, at: now)
            return false
        case .refused(let code):
            try rest(refused: code, epoll, at: now)
            return false
        }
        return true
    }

    /// Serves a new connection, wherever it comes from.
    public mutating func admit(
        _ socket: consuming FileDescriptor, _ peer: PeerKey, _ content: inout some Publisher & ~Copyable,
        _ epoll: borrowing Epoll,
        at now: UInt64
    ) throws(SystemError) {
        switch conversations.admit(socket, peer, epoll, at: now) {
        case .admitted(let token): conversations.welcome(token, &content, epoll, at: now)
        case .refused: break
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

    /// The kernel does not let us accept: the listeners rest, as without descriptors, but no connection is given up for that.
    private mutating func rest(refused code: ErrorCode, _ epoll: borrowing Epoll, at now: UInt64) throws(SystemError) {
        try listeners.rest(epoll)
        reportRefusal(
            "connections cannot be accepted (\(code)), which is tried again every second: something outside this program forbids it, such "
                + "as SystemCallFilter=, the seccomp profile of a container or a security module",
            at: now)
    }

    /// Says why no connection comes in, at most once a minute.
    private mutating func reportRefusal(_ message: @autoclosure () -> String, at now: UInt64) {
        guard now >= nextRefusalReportNanoseconds else { return }
        nextRefusalReportNanoseconds = now.saturatingSum(Serving.refusalQuietNanoseconds)
        log.report(.acceptFailed, .error, message())
    }

    /// Somebody reads a stream. Mutating, as `waitMilliseconds` is.
    public var hasStreams: Bool { mutating get { conversations.hasStreams } }

    /// Before then, on the monotonic clock, a turn in which nothing is ready has nothing to do. Mutating, as `waitMilliseconds` is.
    public mutating func quietUntilNanoseconds() -> UInt64 {
        drainDeadlineNanoseconds != nil || webFile?.awaitsQuiet() ?? false ? 0 : nextSweepNanoseconds
    }

    /// Something has happened that streams tell: a frame of it is made, if anybody reads it, and sent in the turns that follow.
    public mutating func publishFrame(
        _ content: inout some Publisher & ~Copyable, _ epoll: borrowing Epoll, at now: UInt64
    ) {
        conversations.publishFrame(&content, epoll, at: now)
    }

    /// `Token.Kind.passwordCheck`: goes on with the requests that waited for it.
    public mutating func finishCheck(
        _ content: inout some Publisher & ~Copyable, _ epoll: borrowing Epoll, at now: UInt64
    ) {
        conversations.finishCheck(&content, epoll, at: now)
    }

    /// `Token.Kind.files`: the web configuration is read again when nothing has changed for a moment.
    public mutating func takeChanges(at now: UInt64) { webFile?.takeChanges(at: now, log) }

    /// The batch is served: what was left to the end of it, and once a second the deadlines.
    public mutating func endTurn(
        _ content: inout some Publisher & ~Copyable, _ epoll: borrowing Epoll, at now: UInt64
    ) throws(SystemError) {
        conversations.refuseDisplaced(&content, epoll, at: now)
        if webFile?.isDue(at: now) ?? false { try reload(epoll, at: now) }
        if now + Serving.sweepSlackNanoseconds >= nextSweepNanoseconds { sweep(&content, epoll, at: now) }
        conversations.endIdle(at: now)
        if conversations.takeFreedSlot() { watchListeners(epoll, at: now) }
    }

    private mutating func sweep(
        _ content: inout some Publisher & ~Copyable, _ epoll: borrowing Epoll, at now: UInt64
    ) {
        conversations.passOverdueCheck(&content, epoll, at: now)
        let isDone = conversations.expire(epoll, at: now)
        nextSweepNanoseconds = isDone ? now + UInt64(Serving.sweepMilliseconds) * 1_000_000 : now
        watchListeners(epoll, at: now)
        conversations.responder.warnIfCertificateExpired()
    }

    /// Ends the listeners' rest. Where that fails they go on resting until the next sweep.
    private mutating func watchListeners(_ epoll: borrowing Epoll, at now: UInt64) {
        guard drainDeadlineNanoseconds == nil else { return }
        do throws(SystemError) {
            try listeners.watch(epoll)
        } catch {
            reportRefusal(
                "connections cannot be waited for (\(error)), which is tried again every second: raise fs.epoll.max_user_watches, or "
                    + "look for what forbids it outside this program, such as SystemCallFilter= or a container's seccomp profile",
                at: now)
        }
    }

    /// Reads the web configuration file again; false if there is none. Streams end with it: who may read may have changed.
    @discardableResult
    public mutating func reload(_ epoll: borrowing Epoll, at now: UInt64) throws(SystemError) -> Bool {
        guard var file = webFile.take() else { return false }
        try conversations.responder.reload(&file, epoll)
        conversations.endStreams(epoll, at: now)
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
            for slot in listeners.indices {
                for _ in 0..<Limits.acceptsPerTurn {
                    guard try accept(on: slot, &content, epoll, at: now) else { break }
                }
            }
        }
        try listeners.close(epoll)
        drainDeadlineNanoseconds = now + Limits.drainSeconds * 1_000_000_000
        conversations.drain(epoll, at: now)
    }

    /// The end has begun.
    public var isDraining: Bool { drainDeadlineNanoseconds != nil }

    /// Nothing is under way any more, or there was enough time for it.
    public mutating func isFinished(at now: UInt64) -> Bool {
        guard let drainDeadlineNanoseconds else { return false }
        return conversations.isEmpty || now >= drainDeadlineNanoseconds
    }
}
