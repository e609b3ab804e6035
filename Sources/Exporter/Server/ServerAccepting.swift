import HTTP
import Kernel
import Logging

/// From a listener to a slot.
extension Server {
    mutating func watchListeners() throws(SystemError) {
        guard !areListenersWatched, drainDeadlineNanoseconds == nil else { return }
        try forEachListener { (epoll, listener, token) throws(SystemError) in
            try epoll.add(listener.descriptor, .readable, token: token.word)
        }
        areListenersWatched = true
    }

    /// Takes the listeners out of epoll: one that cannot accept stays readable, and the loop would spin.
    mutating func unwatchListeners() throws(SystemError) {
        guard areListenersWatched else { return }
        try forEachListener { (epoll, listener, _) throws(SystemError) in try epoll.remove(listener.descriptor) }
        areListenersWatched = false
    }

    /// Accepts what waits, up to a bound; level-triggered epoll reports the rest again.
    mutating func accept(on slot: Int) throws(SystemError) {
        for _ in 0..<Limits.acceptsPerTurn {
            guard areListenersWatched, let outcome = listeners[slot]?.accept() else { return }
            switch consume outcome {
            case .accepted(let socket, let peer):
                // Its request is often here already; served now, nobody can take its slot before it is read.
                if let token = try admit(socket, peer) { try advance(token) }
            case .wouldBlock: return
            case .peerLeft: continue
            case .exhausted(let code): return try noDescriptors(code)
            }
        }
    }

    /// Gives a new connection a slot, if need be another's. Nil if there is none.
    @discardableResult
    mutating func admit(_ socket: consuming FileDescriptor, _ peer: PeerKey) throws(SystemError) -> Token? {
        let now = Clock.monotonicNanoseconds()
        if connections.isFull, let victim = connections.victim(nanoseconds: now) { evict(victim) }
        guard !connections.isOverfull else {
            counters.count(.full)
            try unwatchListeners()
            return nil
        }
        let isSurplus = connections.isFull
        if isSurplus { counters.count(.full) }
        var connection = Connection(socket: socket, peer: peer, isSurplus: isSurplus, nanoseconds: now)
        guard beginTLS(&connection) else { return nil }
        let token = connections.insert(connection)
        guard let connection = connections.take(token) else { return nil }
        do {
            try epoll.add(connection.socket, connection.interest, token: token.word)
        } catch {
            // The kernel's own limit of watches: this connection ends, the server does not.
            counters.count(.noDescriptors)
            connections.release(token.slot)
            return nil
        }
        connections.putBack(connection, at: token.slot)
        return token
    }

    private mutating func evict(_ victim: Token) {
        guard let connection = connections.take(victim) else { return }
        counters.count(.evicted)
        // What a stalled peer does not take would stay in the kernel; an idle one is closed in peace.
        if connection.isStalled { connection.socket.resetOnClose() }
        end(connection, slot: victim.slot)
    }

    /// No descriptor is left: a connection is given up to get one back. Without any to give up, the listeners rest until the
    /// next sweep.
    private mutating func noDescriptors(_ code: ErrorCode) throws(SystemError) {
        counters.count(.noDescriptors)
        if counters.rejections(.noDescriptors) == 1 {
            log.report(
                .noDescriptors, .warning,
                "a connection cannot be accepted (\(code)): raise LimitNOFILE or lower --web.max-connections")
        }
        try unwatchListeners()
        if let victim = connections.victim(nanoseconds: Clock.monotonicNanoseconds()) { evict(victim) }
    }

    private func forEachListener(
        _ body: (borrowing Epoll, borrowing Listener, Token) throws(SystemError) -> Void
    ) throws(SystemError) {
        for index in 0..<listeners.count {
            switch listeners[index] {
            case .some(let listener): try body(epoll, listener, Token(.listener, slot: index))
            case .none: continue
            }
        }
    }
}
