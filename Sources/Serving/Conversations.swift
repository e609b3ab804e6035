import Bytes
import HTTP
import Kernel

/// All conversations under way: the connections, who answers them, and when they end.
struct Conversations: ~Copyable {
    private var connections: ConnectionTable
    var responder: Responder
    private var isDraining = false
    /// Connections that epoll reported, or whose bytes may be here already.
    private var queues: CaseTable<Precedence, ReadyPlaces>
    /// Of which precedences somebody may be ready.
    private(set) var ready = Precedences()
    /// The most that is handed to the kernel for one connection in one call.
    private let pieceBytes: Int
    /// A connection ended since the last question, so listeners that rest may try again.
    private var hasFreedSlot = false

    init(limit: Int, pieceBytes: Int, _ responder: consuming Responder) {
        connections = ConnectionTable(limit: limit)
        self.pieceBytes = pieceBytes
        queues = CaseTable(repeating: ReadyPlaces(capacity: limit + ConnectionTable.surplus))
        self.responder = responder
    }

    var isEmpty: Bool { connections.count == 0 }
    /// All connections that are allowed are there.
    var isFull: Bool { connections.isFull }

    /// What became of a new connection.
    enum Entrance {
        case admitted(Token)
        case refused
    }

    /// Gives a new connection a slot, if need be another's, or one beyond the limit where it is told that there is none.
    mutating func admit(
        _ socket: consuming FileDescriptor, _ peer: PeerKey, _ epoll: borrowing Epoll, at now: UInt64
    ) -> Entrance {
        let isSurplus = connections.isFull && !makeRoom(for: peer, at: now)
        if isSurplus { responder.decisions.count(.full) }
        if connections.isOverfull { give(up: connections.oldestSurplus(at: now)) }
        var connection = Connection(socket: socket, peer: peer, isSurplus: isSurplus, pieceBytes: pieceBytes, at: now)
        guard responder.decisions.begin(&connection), let token = connections.insert(connection) else {
            return .refused
        }
        do throws(SystemError) {
            try connections.slots[token.place]?.watch(epoll, token)
        } catch {
            // The kernel's own limit of watches: this connection ends, the server does not.
            responder.decisions.count(.noDescriptors)
            _ = connections.remove(token)
            return .refused
        }
        responder.setConnections(connections.count)
        return .admitted(token)
    }

    /// Gives up the connection that deserves its slot least; false if none has to go for this newcomer.
    private mutating func makeRoom(for newcomer: PeerKey?, at now: UInt64) -> Bool {
        guard let victim = connections.victim(for: newcomer, at: now) else { return false }
        responder.decisions.count(.evicted)
        give(up: victim)
        return true
    }

    private mutating func give(up token: Token?) {
        guard let token else { return }
        // What a stalled peer does not take would stay in the kernel; an idle one is closed in peace.
        if connections.look(token, { $0.isStalled }) == true { connections.slots[token.place]?.resetOnClose() }
        end(token)
    }

    /// No descriptor is left for a new connection: an old one is given up to get one back.
    ///
    /// - Returns: how often that happened.
    mutating func makeRoomForDescriptor(at now: UInt64) -> UInt64 {
        responder.decisions.count(.noDescriptors)
        _ = makeRoom(for: nil, at: now)
        return responder.decisions.facts.counters.rejections(.noDescriptors)
    }

    /// Does a bounded amount of work for one connection, if it is still there.
    private mutating func advance(
        _ token: Token, _ content: inout some Publisher & ~Copyable, _ epoll: borrowing Epoll, at now: UInt64
    ) {
        guard let next = connections.slots[token.place]?.advance(&responder, token, &content, at: now),
            next.changes || isDraining
        else { return }
        settle(token, next.step, epoll, at: now)
    }

    /// Has a connection wait for what is next, or ends it.
    private mutating func settle(_ token: Token, _ next: Next, _ epoll: borrowing Epoll, at now: UInt64) {
        switch next {
        case .proceed: wait(for: .readable, token, epoll, at: now)
        case .wait(let interest): wait(for: interest, token, epoll, at: now)
        case .linger where connections.slots[token.place]?.linger(at: now) == true:
            wait(for: .readable, token, epoll, at: now)
        case .linger, .close: end(token)
        case .giveUp(let reason):
            responder.decisions.count(reason)
            connections.slots[token.place]?.resetOnClose()
            end(token)
        }
    }

    private mutating func wait(for interest: Interest, _ token: Token, _ epoll: borrowing Epoll, at now: UInt64) {
        do throws(SystemError) {
            try connections.slots[token.place]?.wait(for: interest, epoll, token)
        } catch {
            // The kernel has no memory for it, say: this connection ends, the server does not.
            return end(token)
        }
        // Nobody waits for another request of a client when the end has begun.
        if isDraining, connections.look(token, { $0.isIdle(at: now) }) == true { end(token) }
    }

    /// Closes a connection, and frees its slot.
    private mutating func end(_ token: Token) {
        guard var connection = connections.remove(token) else { return }
        queues.changeEach { $0.remove(token.slot) }
        responder.end(&connection, token)
        responder.setConnections(connections.count)
        hasFreedSlot = true
    }

    /// Whether a connection has ended since the last call.
    mutating func takeFreedSlot() -> Bool {
        defer { hasFreedSlot = false }
        return hasFreedSlot
    }
}

/// Whose turn it is.
extension Conversations {
    /// A batch of events begins; what was left of the last one is reported again.
    mutating func beginTurn() {
        queues.changeEach { $0.beginTurn() }
        ready = Precedences()
    }

    /// A connection is ready. An event for a slot's past tenant means nothing.
    mutating func note(_ token: Token, at now: UInt64) {
        guard let precedence = precedence(of: token, at: now) else { return }
        queues[precedence].insert(token.slot)
        ready.insert(precedence)
    }

    /// Mutating, since the table would be copied otherwise.
    private mutating func precedence(of token: Token, at now: UInt64) -> Precedence? {
        let precedence = connections.look(token) { $0.precedence(at: now) }
        guard precedence == .new else { return precedence }
        return connections.shareCount(ofOwnerOf: token) > Limits.fewConnections ? .crowd : .new
    }

    /// Serves a new connection at once: its request is often here already, and nobody can take its slot before it is read. One of a
    /// crowd waits for its turn, and so does one that has to agree on TLS first, since that can take milliseconds.
    mutating func welcome(
        _ token: Token, _ content: inout some Publisher & ~Copyable, _ epoll: borrowing Epoll, at now: UInt64
    ) {
        let isShakingHands = connections.look(token, { $0.phase == .shakingHands }) ?? false
        if isShakingHands || precedence(of: token, at: now) == .crowd { return note(token, at: now) }
        advance(token, &content, epoll, at: now)
    }

    /// Serves one ready connection; false if there is none of this precedence.
    mutating func advanceNext(
        _ precedence: Precedence, _ content: inout some Publisher & ~Copyable, _ epoll: borrowing Epoll, at now: UInt64
    ) -> Bool {
        let place = queues[precedence].next()
        if queues[precedence].isEmpty { ready.remove(precedence) }
        guard let place, let token = connections.token(at: place) else { return false }
        advance(token, &content, epoll, at: now)
        return true
    }
}

/// Streams: connections to which frames are sent as they come.
extension Conversations {
    /// Somebody reads a stream.
    var hasStreams: Bool { mutating get { responder.hasStreams } }

    /// Makes a frame of what has just happened, if anybody reads it. It is sent in the turns that follow: those who have taken all
    /// that was before wait to be writable from now on, which they are at once.
    mutating func publishFrame(
        _ content: inout some Publisher & ~Copyable, _ epoll: borrowing Epoll, at now: UInt64
    ) {
        guard responder.hasStreams else { return }
        responder.appendFrame(&content)
        wakeStreams(ending: false, epoll, at: now)
    }

    /// Lets every stream end, once the frame that is under way is sent.
    mutating func endStreams(_ epoll: borrowing Epoll, at now: UInt64) {
        guard responder.hasStreams else { return }
        wakeStreams(ending: true, epoll, at: now)
    }

    /// Has streams looked at in one of the next turns: those that wait for news, or all where they end.
    private mutating func wakeStreams(ending isEnding: Bool, _ epoll: borrowing Epoll, at now: UInt64) {
        for place in connections.places {
            let concerned = connections.token(at: place) {
                $0.phase == .streaming && (isEnding || $0.interest == .hangUp)
            }
            guard let token = concerned else { continue }
            connections.slots[token.place]?.owesNews(at: now)
            if isEnding { connections.slots[token.place]?.endStream() }
            wait(for: .writable, token, epoll, at: now)
        }
    }
}

/// Requests that wait for a password's check.
extension Conversations {
    /// Looks again at the requests that wait, since a password was checked.
    mutating func finishCheck(
        _ content: inout some Publisher & ~Copyable, _ epoll: borrowing Epoll, at now: UInt64
    ) {
        resume(responder.decisions.finishCheck(), &content, epoll, at: now)
    }

    /// Looks again at the requests that wait, if the check that they wait for takes too long.
    mutating func passOverdueCheck(
        _ content: inout some Publisher & ~Copyable, _ epoll: borrowing Epoll, at now: UInt64
    ) {
        resume(responder.decisions.passOverdueCheck(epoll, at: now), &content, epoll, at: now)
    }

    private mutating func resume(
        _ waiters: WaitingTokens, _ content: inout some Publisher & ~Copyable, _ epoll: borrowing Epoll,
        at now: UInt64
    ) {
        for index in 0..<waiters.count { resume(waiters[index], &content, epoll, at: now) }
    }

    /// Answers those whose place in the queue others took.
    mutating func refuseDisplaced(
        _ content: inout some Publisher & ~Copyable, _ epoll: borrowing Epoll, at now: UInt64
    ) {
        while let token = responder.decisions.nextDisplaced() {
            resume(token, displaced: true, &content, epoll, at: now)
        }
    }

    private mutating func resume(
        _ token: Token, displaced: Bool = false, _ content: inout some Publisher & ~Copyable, _ epoll: borrowing Epoll,
        at now: UInt64
    ) {
        if connections.slots[token.place]?.resume(displaced: displaced) == true {
            advance(token, &content, epoll, at: now)
        }
    }
}

/// Patience, and the end.
extension Conversations {
    /// Ends connections that ran out of time.
    ///
    /// - Returns: false if there are more of them than one turn bears.
    mutating func expire(_ epoll: borrowing Epoll, at now: UInt64) -> Bool {
        var expired = 0
        for place in connections.places {
            guard let token = connections.token(at: place, where: { now >= $0.deadlineNanoseconds }) else { continue }
            guard expired < Limits.expirationsPerTurn else { return false }
            expired += 1
            expire(token, epoll, at: now)
        }
        return true
    }

    private mutating func expire(_ token: Token, _ epoll: borrowing Epoll, at now: UInt64) {
        guard let next = connections.slots[token.place]?.expire(&responder, at: now) else { return }
        settle(token, next, epoll, at: now)
    }

    /// The end has begun: what is under way is finished, and every response is the last of its connection.
    mutating func drain(_ epoll: borrowing Epoll, at now: UInt64) {
        isDraining = true
        responder.decisions.drain()
        endStreams(epoll, at: now)
        // Each is looked at in one of the next turns, whether or not anything arrives.
        for place in connections.places {
            guard let token = connections.token(at: place, where: { $0.phase != .awaitingCheck }) else { continue }
            wait(for: .writable, token, epoll, at: now)
        }
    }

    /// When the end has begun: gives up the clients whose first request has not come in time.
    mutating func endIdle(at now: UInt64) {
        guard isDraining else { return }
        for place in connections.places {
            guard let token = connections.token(at: place, where: { $0.isIdle(at: now) }) else { continue }
            end(token)
        }
    }
}
