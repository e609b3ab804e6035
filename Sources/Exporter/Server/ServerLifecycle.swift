import HTTP
import Kernel
import Logging

/// Signals, deadlines, and the end.
extension Server {
    static let sweepNanoseconds: UInt64 = 1_000_000_000

    mutating func takeSignals() throws(SystemError) {
        while let signal = try signals.takeSignal() {
            switch signal {
            case .reload: try reload()
            case .terminate: try terminate()
            }
        }
    }

    /// SIGTERM or SIGINT: accepts nothing more and finishes what is under way; the second time, ends at once.
    mutating func terminate() throws(SystemError) {
        let now = Clock.monotonicNanoseconds()
        guard drainDeadlineNanoseconds == nil else {
            drainDeadlineNanoseconds = now
            return
        }
        manager.stopping()
        log.report(.stopping, .info, "stopping; open responses are finished first")
        if !listeners.areInherited {
            // These would be reset with their listener; those on systemd's socket wait for the next start.
            for slot in 0..<listeners.count { try accept(on: slot) }
        }
        try unwatchListeners()
        listeners.removeAll()
        drainDeadlineNanoseconds = now + Limits.drainSeconds * 1_000_000_000
        for slot in connections.slotRange
        where connections.deadline(of: slot) != nil && !connections.isAwaitingCheck(slot) {
            try advance(connections.token(of: slot))
        }
    }

    /// When the end has begun: gives up the clients whose first request has not come in time.
    mutating func endIdleConnections(nanoseconds now: UInt64) {
        for slot in connections.slotRange where connections.deadline(of: slot) != nil {
            guard let connection = connections.take(connections.token(of: slot)) else { continue }
            if connection.isIdle(nanoseconds: now) {
                end(connection, slot: slot)
            } else {
                connections.putBack(connection, at: slot)
            }
        }
    }

    mutating func sweepIfDue() throws(SystemError) {
        let now = Clock.monotonicNanoseconds()
        if now >= nextSweepNanoseconds { try sweep(nanoseconds: now) }
    }

    /// Ends the connections that ran out of time, and lets listeners that rest try again.
    mutating func sweep(nanoseconds now: UInt64) throws(SystemError) {
        nextSweepNanoseconds = now + Server.sweepNanoseconds
        var expired = 0
        for slot in connections.slotRange {
            guard let deadline = connections.deadline(of: slot), now >= deadline else { continue }
            guard expired < Limits.expirationsPerTurn else {
                // The rest in the next turn.
                nextSweepNanoseconds = now
                break
            }
            expired += 1
            try expire(connections.token(of: slot), now)
        }
        try watchListeners()
        warnIfCertificateExpired()
        refreshIfOverdue(nanoseconds: now)
    }

    private mutating func expire(_ token: Token, _ now: UInt64) throws(SystemError) {
        guard var connection = connections.take(token) else { return }
        switch connection.phase {
        case .open where connection.interest == .readable && connection.requestStartNanoseconds != nil:
            counters.count(.timeout)
            let next = refuse(&connection, .requestTimeout, now)
            try settle(connection, token, next, now)
        case .open where connection.interest == .readable:
            counters.count(.timeout)
            end(connection, slot: token.slot)
        case .lingering:
            end(connection, slot: token.slot)
        case .shakingHands:
            counters.count(.timeout)
            end(connection, slot: token.slot)
        case .open, .awaitingCheck, .finishing:
            counters.count(.timeout)
            connection.socket.resetOnClose()
            end(connection, slot: token.slot)
        }
    }
}
