import HTTP
import Kernel

/// Patience, and who is given up first.
extension Connection {
    /// When patience ends, on the monotonic clock.
    var deadlineNanoseconds: UInt64 {
        switch phase {
        case .lingering: lastProgressNanoseconds + Limits.lingerSeconds * 1_000_000_000
        case .shakingHands: lastProgressNanoseconds + Limits.headerSeconds * 1_000_000_000
        case .open where interest == .readable:
            if let start = request.startNanoseconds {
                start + Limits.headerSeconds * 1_000_000_000
            } else {
                lastProgressNanoseconds + Limits.idleSeconds * 1_000_000_000
            }
        // Others' checks may come first, and one can take seconds.
        case .awaitingCheck:
            min(
                lastProgressNanoseconds + Limits.idleSeconds * 1_000_000_000, responseDeadlineNanoseconds ?? .max)
        case .open, .finishing:
            min(
                lastProgressNanoseconds + Limits.writeStallSeconds * 1_000_000_000,
                responseDeadlineNanoseconds ?? .max)
        }
    }

    /// How readily the connection is given up for a new one when the table is full.
    func standing(at now: UInt64) -> Standing {
        if phase == .lingering { return .answered }
        let isFresh = now < lastProgressNanoseconds + Connection.freshNanoseconds
        if !request.hasPredecessor { return isFresh ? .justCame : .neverAsked }
        if isStalled { return isFresh ? .justStalled : .stalled }
        return .idle
    }

    /// Nothing is owed and nothing under way: between two requests, or before a first one for which there was time. That of a
    /// client that just came is on its way; closing would destroy it, and no client repeats what it asked on a new connection.
    func isIdle(at now: UInt64) -> Bool {
        phase == .open && interest == .readable && request.startNanoseconds == nil && standing(at: now) != .justCame
    }

    /// Responses are owed.
    var isStalled: Bool { phase == .finishing || phase == .open && interest == .writable }

    /// Bytes that moved so lately speak for a connection: a client that just came has its request under way.
    private static let freshNanoseconds: UInt64 = 250_000_000

    /// In the order in which connections are given up. A client that asked before is worth more than one that never did, and
    /// one that takes its answers more than one that lets them lie.
    enum Standing: Int {
        /// All is sent, and only the peer's close is waited for.
        case answered
        case neverAsked
        case stalled
        case justCame
        case justStalled
        case idle
    }
}
