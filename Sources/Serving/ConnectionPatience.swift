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
        case .streaming:
            // The next frame comes when it comes.
            interest == .hangUp ? .max : lastProgressNanoseconds + Limits.streamStallSeconds * 1_000_000_000
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

    /// How readily the connection is given up for a new one when the table is full, compared with others of the same client.
    func standing(at now: UInt64) -> Standing {
        if phase == .lingering { return .answered }
        if rhythm.isRegular(at: now) { return .regular }
        if phase == .streaming || isInRequest(at: now) { return .inRequest }
        return rhythm.hasAsked || isFresh(at: now) ? .asked : .neverAsked
    }

    /// A request is arriving or its response is being taken, and bytes moved lately, or its password is being checked, which is not the
    /// client's fault.
    func isInRequest(at now: UInt64) -> Bool {
        phase == .awaitingCheck || isFresh(at: now) && (isStalled || request.startNanoseconds != nil)
    }

    /// Nothing is owed and nothing under way: between two requests, or before a first one for which there was time. That of a
    /// client that just came is on its way; closing would destroy it, and no client repeats what it asked on a new connection.
    func isIdle(at now: UInt64) -> Bool {
        phase == .open && interest == .readable && request.startNanoseconds == nil
            && (rhythm.hasAsked || !isFresh(at: now))
    }

    /// Responses are owed.
    var isStalled: Bool { phase == .finishing || (phase == .open || phase == .streaming) && interest == .writable }

    /// Bytes moved lately, or it just came.
    private func isFresh(at now: UInt64) -> Bool { now < lastProgressNanoseconds + Connection.freshNanoseconds }

    private static let freshNanoseconds: UInt64 = 250_000_000

    /// In the order in which connections of one client are given up; of equal ones, the one that has not asked for longest.
    enum Standing: Int {
        /// All is sent, and only the peer's close is waited for.
        case answered
        /// There was time for a request.
        case neverAsked
        /// Or it just came.
        case asked
        case inRequest
        /// It asks again and again, at about the same interval.
        case regular
    }
}
