import Bytes
import HTTP
import Kernel

/// In which order connections that are ready are served.
enum Precedence: UInt8, CaseIterable {
    /// Answered before, and asking again after a while.
    case asking
    /// Answered before, and asking again at once, taking what is owed or waiting with more requests that came together. However many
    /// such clients there are, they are never in the way of one that asks now and then.
    case busy
    /// Not answered yet. A handshake can take milliseconds.
    case new
    /// Not answered yet, of a client that holds many connections: they are in the way of each other, and not of a client that comes alone.
    case crowd
}

/// Some of the precedences: a bit for each.
struct Precedences {
    private var bits: UInt8 = 0

    var isEmpty: Bool { bits == 0 }
    /// Who is served before all others.
    var first: Precedence? { Precedence(rawValue: UInt8(truncatingIfNeeded: bits.trailingZeroBitCount)) }

    func contains(_ precedence: Precedence) -> Bool { bits & 1 &<< precedence.rawValue != 0 }
    mutating func insert(_ precedence: Precedence) { bits |= 1 &<< precedence.rawValue }
    mutating func remove(_ precedence: Precedence) { bits &= ~(1 &<< precedence.rawValue) }
    mutating func subtract(_ others: Precedences) { bits &= ~others.bits }
}

extension Connection {
    /// As of a client that comes alone.
    func precedence(at now: UInt64) -> Precedence {
        guard rhythm.hasAsked else { return .new }
        return interest == .writable || rhythm.hasJustAsked(at: now) ? .busy : .asking
    }
}

/// How long the clients of one batch of events are served. What is ready beyond that waits for the next turn: it is reported
/// again, together with what has become ready meanwhile and goes first.
struct Turn {
    private var endNanoseconds: UInt64 = 0
    private var endOfBusyNanoseconds: UInt64 = 0
    private var served = Precedences()
    private var acceptCount = 0
    private var departureCount = 0

    /// A turn begins at a moment of the monotonic clock.
    mutating func begin(at now: UInt64) {
        endNanoseconds = now.saturatingSum(Limits.turnNanoseconds)
        endOfBusyNanoseconds = now.saturatingSum(Limits.turnNanoseconds / 2)
        served = Precedences()
        acceptCount = 0
        departureCount = 0
    }

    /// Who is served next, of those that are ready; nil if there is no time left for any.
    ///
    /// One client of each precedence is served in every turn, however many of the others are ready. Those that ask again at once have
    /// half of it at most.
    func next(of ready: Precedences, at now: UInt64) -> Precedence? {
        var next = ready
        if now >= endNanoseconds {
            next.subtract(served)
        } else if now >= endOfBusyNanoseconds, served.contains(.busy) {
            next.remove(.busy)
        }
        return next.first
    }

    /// One client is let in in every turn.
    ///
    /// - Parameter isFull: each takes the place of another. Where connections begin with a handshake, which takes several turns, taking
    ///   places faster would leave nobody the time for it.
    func hasTimeToAccept(isFull: Bool, beginningWithHandshake needsHandshake: Bool, at now: UInt64) -> Bool {
        if isFull, needsHandshake { return acceptCount == 0 }
        return acceptCount < (isFull || now >= endNanoseconds ? Limits.acceptsPerFullTurn : Limits.acceptsPerTurn)
    }

    mutating func count(_ precedence: Precedence) { served.insert(precedence) }
    mutating func countAccept() { acceptCount += 1 }

    /// A client had left before it was accepted. Returns whether all did that were to be accepted in this turn.
    mutating func countDeparture() -> Bool {
        departureCount += 1
        return departureCount == Limits.acceptsPerTurn
    }
}
