import Bytes
import HTTP
import Kernel
import TLS

/// One client's connection: small, so that it can be moved; its bytes lie in buffers that it holds only while it needs them.
struct Connection: ~Copyable {
    enum Phase {
        /// TLS is being agreed on.
        case shakingHands
        /// Waiting for requests and answering them.
        case open
        /// A request waits until its password is checked.
        case awaitingCheck
        /// The rest of `output` is sent, then the connection ends.
        case finishing
        /// All is sent and our side is shut; what still arrives is thrown away until the peer closes, so that no reset
        /// destroys the response before it is read. See RFC 9112 section 9.6.
        case lingering
    }

    let socket: FileDescriptor
    /// What its bytes go through, if TLS is spoken.
    var session: TLSSession?
    /// The session holds bytes that arrived and that epoll does not know of.
    var hasPendingBytes = false
    let peer: PeerKey
    var phase = Phase.open
    /// Readable while a request is waited for, writable while responses are owed, hanging up while a password is checked.
    var interest = Interest.readable
    /// Bytes that arrived and are not answered yet.
    var input: ByteBuffer?
    /// How many of them the parser has seen and called incomplete.
    var parsedCount = 0
    /// Bytes of a request's body that are still to be thrown away.
    var bodyRemaining = 0
    /// Bytes that the kernel did not take yet.
    var output: ByteBuffer?
    var hasCompletedRequest = false
    /// Its place among the requests that wait for a check went to another.
    var isDisplaced = false
    /// The request was counted by the rate limit, and is not counted again when it is looked at once more.
    var isRateCounted = false
    /// Accepted beyond the limit, to be told so: its first request is answered 503.
    let isSurplus: Bool
    /// When bytes last moved, on the monotonic clock.
    var lastProgressNanoseconds: UInt64
    /// When a request's first byte arrived that is not complete yet.
    var requestStartNanoseconds: UInt64?
    /// When nobody waits for the response any more, as the client said.
    var responseDeadlineNanoseconds: UInt64?

    init(socket: consuming FileDescriptor, peer: PeerKey, isSurplus: Bool = false, nanoseconds now: UInt64) {
        self.socket = socket
        self.peer = peer
        self.isSurplus = isSurplus
        lastProgressNanoseconds = now
    }

    /// When patience ends, on the monotonic clock.
    var deadlineNanoseconds: UInt64 {
        switch phase {
        case .lingering: lastProgressNanoseconds + Limits.lingerSeconds * 1_000_000_000
        case .shakingHands: lastProgressNanoseconds + Limits.headerSeconds * 1_000_000_000
        case .open where interest == .readable:
            if let requestStartNanoseconds {
                requestStartNanoseconds + Limits.headerSeconds * 1_000_000_000
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
    func standing(nanoseconds now: UInt64) -> Standing {
        if phase == .lingering { return .answered }
        let isFresh = now < lastProgressNanoseconds + Connection.freshNanoseconds
        if !hasCompletedRequest { return isFresh ? .justCame : .neverAsked }
        if isStalled { return isFresh ? .justStalled : .stalled }
        return .idle
    }

    /// Nothing is owed and nothing under way: between two requests, or before a first one for which there was time. That of a
    /// client that just came is on its way; closing would destroy it, and no client repeats what it asked on a new connection.
    func isIdle(nanoseconds now: UInt64) -> Bool {
        phase == .open && interest == .readable && requestStartNanoseconds == nil
            && standing(nanoseconds: now) != .justCame
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
