import Bytes
import HTTP
import Kernel

/// All conversations under way: the connections, who answers them, and when they end.
struct Conversations: ~Copyable {
    private var connections: ConnectionTable
    var responder: Responder
    private var isDraining = false
    /// Connections that epoll reported, or whose bytes may be here already.
    private var ready: CaseTable<Precedence, ReadyPlaces>
    /// The most that is handed to the kernel for one connection in one call.
    private let pieceBytes: Int
    /// A connection ended since the last question, so listeners that rest may try again.
    private var hasFreedSlot = false

    init(limit: Int, pieceBytes: Int, _ responder: consuming Responder) {
        connections = ConnectionTable(limit: limit)
        self.pieceBytes = pieceBytes
        ready = CaseTable(repeating: ReadyPlaces(capacity: limit + ConnectionTable.surplus))
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
        guard responder.decisions.begin(&connection), let token = connections.insert(connection),
            let connection = connections.take(token)
        else { return .refused }
        do throws(SystemError) {
            try connection.watch(epoll, token)
        } catch {
            // The kernel's own limit of watches: this connection ends, the server does not.
            responder.decisions.count(.noDescriptors)
            connections.release(token)
            return .refused
        }
        connections.putBack(connection, at: token)
        responder.decisions.setConnections(connections.count)
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
        guard let token, let connection = connections.take(token) else { return }
        // What a stalled peer does not take would stay in the kernel; an idle one is closed in peace.
        if connection.isStalled { connection.resetOnClose() }
        end(connection, token)
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
    ) throws(SystemError) {
        guard var connection = connections.take(token) else { return }
        let next = responder.advance(&connection, token, &content, at: now)
        try settle(connection, token, next, epoll, at: now)
    }

    /// Puts the connection back to wait, or ends it.
    private mutating func settle(
        _ connection: consuming Connection, _ token: Token, _ next: Next, _ epoll: borrowing Epoll, at now: UInt64
    ) throws(SystemError) {
        var connection = connection
        var interest = Interest.readable
        switch next {
        case .proceed: break
        case .wait(let wanted): interest = wanted
        case .linger: guard connection.linger(at: now) else { return end(connection, token) }
        case .close: return end(connection, token)
        case .giveUp(let reason):
            responder.decisions.count(reason)
            connection.resetOnClose()
            return end(connection, token)
        }
        do throws(SystemError) {
            try connection.wait(for: interest, epoll, token)
        } catch {
            // The kernel has no memory for it, say: this connection ends, the server does not.
            return end(connection, token)
        }
        // Nobody waits for another request of a client when the end has begun.
        if isDraining, connection.isIdle(at: now) { return end(connection, token) }
        connections.putBack(connection, at: token)
    }

    /// Closes a connection that was taken from its slot.
    private mutating func end(_ connection: consuming Connection, _ token: Token) {
        var connection = connection
        for precedence in ready.keys { ready[precedence].remove(token.slot) }
        responder.end(&connection, token)
        connections.release(token)
        responder.decisions.setConnections(connections.count)
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
        for precedence in ready.keys { ready[precedence].beginTurn() }
    }

    /// A connection is ready. An event for a slot's past tenant means nothing.
    mutating func note(_ token: Token, at now: UInt64) {
        guard let precedence = precedence(of: token, at: now) else { return }
        ready[precedence].insert(token.slot)
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
    ) throws(SystemError) {
        let isShakingHands = connections.look(token, { $0.phase == .shakingHands }) ?? false
        if isShakingHands || precedence(of: token, at: now) == .crowd { return note(token, at: now) }
        try advance(token, &content, epoll, at: now)
    }

    /// Serves one ready connection; false if there is none of this precedence.
    mutating func advanceNext(
        _ precedence: Precedence, _ content: inout some Publisher & ~Copyable, _ epoll: borrowing Epoll, at now: UInt64
    ) throws(SystemError) -> Bool {
        guard let place = ready[precedence].next(), let token = connections.token(at: place) else { return false }
        try advance(token, &content, epoll, at: now)
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
        forEachStream(where: { $0.interest == .hangUp }, epoll) { $0.owesNews(at: now) }
    }

    /// Lets every stream end, once the frame that is under way is sent.
    mutating func endStreams(_ epoll: borrowing Epoll, at now: UInt64) {
        guard responder.hasStreams else { return }
        forEachStream(where: { _ in true }, epoll) { stream in
            if stream.interest == .hangUp { stream.owesNews(at: now) }
            stream.endStream()
        }
    }

    /// Changes streams, and has each looked at in one of the next turns.
    private mutating func forEachStream(
        where condition: (borrowing Connection) -> Bool, _ epoll: borrowing Epoll,
        _ change: (inout Connection) -> Void
    ) {
        for place in connections.places {
            guard let token = connections.token(at: place, where: { $0.phase == .streaming && condition($0) }),
                var connection = connections.take(token)
            else { continue }
            change(&connection)
            awaitTurn(connection, token, epoll)
        }
    }

    /// Has a connection looked at in one of the next turns, whether or not anything arrives.
    private mutating func awaitTurn(_ connection: consuming Connection, _ token: Token, _ epoll: borrowing Epoll) {
        var connection = connection
        do throws(SystemError) {
            try connection.wait(for: .writable, epoll, token)
            connections.putBack(connection, at: token)
        } catch {
            end(connection, token)
        }
    }
}

/// Requests that wait for a password's check.
extension Conversations {
    /// Looks again at the requests that wait, since a password was checked.
    mutating func finishCheck(
        _ content: inout some Publisher & ~Copyable, _ epoll: borrowing Epoll, at now: UInt64
    ) throws(SystemError) {
        try resume(responder.decisions.finishCheck(), &content, epoll, at: now)
    }

    /// Looks again at the requests that wait, if the check that they wait for takes too long.
    mutating func passOverdueCheck(
        _ content: inout some Publisher & ~Copyable, _ epoll: borrowing Epoll, at now: UInt64
    ) throws(SystemError) {
        try resume(responder.decisions.passOverdueCheck(epoll, at: now), &content, epoll, at: now)
    }

    private mutating func resume(
        _ waiters: WaitingTokens, _ content: inout some Publisher & ~Copyable, _ epoll: borrowing Epoll,
        at now: UInt64
    ) throws(SystemError) {
        for index in 0..<waiters.count { try resume(waiters[index], &content, epoll, at: now) }
    }

    /// Answers those whose place in the queue others took.
    mutating func refuseDisplaced(
        _ content: inout some Publisher & ~Copyable, _ epoll: borrowing Epoll, at now: UInt64
    ) throws(SystemError) {
        while let token = responder.decisions.nextDisplaced() {
            try resume(token, displaced: true, &content, epoll, at: now)
        }
    }

    private mutating func resume(
        _ token: Token, displaced: Bool = false, _ content: inout some Publisher & ~Copyable, _ epoll: borrowing Epoll,
        at now: UInt64
    ) throws(SystemError) {
        guard var connection = connections.take(token) else { return }
        let isWaiting = connection.resume(displaced: displaced)
        connections.putBack(connection, at: token)
        if isWaiting { try advance(token, &content, epoll, at: now) }
    }
}

/// Patience, and the end.
extension Conversations {
    /// Ends connections that ran out of time.
    ///
    /// - Returns: false if there are more of them than one turn bears.
    mutating func expire(_ epoll: borrowing Epoll, at now: UInt64) throws(SystemError) -> Bool {
        var expired = 0
        for place in connections.places {
            guard let token = connections.token(at: place, where: { now >= $0.deadlineNanoseconds }) else { continue }
            guard expired < Limits.expirationsPerTurn else { return false }
            expired += 1
            try expire(token, epoll, at: now)
        }
        return true
    }

    private mutating func expire(
        _ token: Token, _ epoll: borrowing Epoll, at now: UInt64
    ) throws(SystemError) {
        guard var connection = connections.take(token) else { return }
        switch connection.phase {
        case .open where connection.interest == .readable && connection.request.startNanoseconds != nil:
            responder.decisions.count(.timeout)
            let next = responder.refuse(&connection, .requestTimeout, at: now)
            try settle(connection, token, next, epoll, at: now)
        case .open where connection.interest == .readable, .shakingHands:
            responder.decisions.count(.timeout)
            end(connection, token)
        case .lingering: end(connection, token)
        case .open, .awaitingCheck, .streaming, .finishing:
            try settle(connection, token, .giveUp(.timeout), epoll, at: now)
        }
    }

    /// The end has begun: what is under way is finished, and every response is the last of its connection.
    mutating func drain(_ epoll: borrowing Epoll, at now: UInt64) {
        isDraining = true
        responder.decisions.drain()
        endStreams(epoll, at: now)
        // Each is looked at in one of the next turns, whether or not anything arrives.
        for place in connections.places {
            guard let token = connections.token(at: place, where: { $0.phase != .awaitingCheck }),
                let connection = connections.take(token)
            else { continue }
            awaitTurn(connection, token, epoll)
        }
    }

    /// When the end has begun: gives up the clients whose first request has not come in time.
    mutating func endIdle(at now: UInt64) {
        guard isDraining else { return }
        for place in connections.places {
            guard let token = connections.token(at: place, where: { $0.isIdle(at: now) }),
                let connection = connections.take(token)
            else { continue }
            end(connection, token)
        }
    }
}
