import Bytes
import HTTP
import Kernel
import TLS

/// One client's connection: small, so that it can be moved; its bytes lie in buffers that it holds only while it needs them.
struct Connection: ~Copyable {
    /// How far a connection has come.
    enum Phase {
        /// TLS is being agreed on.
        case shakingHands
        /// Waiting for requests and answering them.
        case open
        /// A request waits until its password is checked.
        case awaitingCheck
        /// The rest of the last response is sent, then the connection ends.
        case finishing
        /// All is sent and our side is shut; what still arrives is thrown away until the peer closes, so that no reset
        /// destroys the response before it is read. See RFC 9112 section 9.6.
        case lingering
    }

    private let socket: FileDescriptor
    /// What its bytes go through, if TLS is spoken.
    private var session: TLSSession?
    /// The session holds bytes that arrived and that epoll does not know of.
    private(set) var hasPendingBytes = false
    let peer: PeerKey
    /// Accepted beyond the limit, to be told so: its first request is answered 503.
    let isSurplus: Bool
    private(set) var phase = Phase.open
    /// What epoll watches it for: readable while a request is waited for, writable while responses are owed, only the peer's
    /// hang-up while a password is checked.
    private(set) var interest = Interest.readable
    /// Bytes that arrived and are not answered yet.
    private var input: ByteBuffer?
    /// How many of them the parser has seen and called incomplete.
    private var parsedCount = 0
    /// Bytes of a request's body that are still to be thrown away.
    private var bodyRemaining = 0
    /// What the socket did not take yet of the last response.
    private var unsent: Unsent?
    private var hasCompletedRequest = false
    /// Its place among the requests that wait for a check went to another.
    private(set) var isDisplaced = false
    /// The request was counted by the rate limit, and is not counted again when it is looked at once more.
    private(set) var isRateCounted = false
    /// When bytes last moved, on the monotonic clock.
    private(set) var lastProgressNanoseconds: UInt64
    /// When the first byte arrived of a request that is not complete yet; nil between two requests.
    private(set) var requestStartNanoseconds: UInt64?
    /// When the client stops waiting for the response, as it said itself.
    private var responseDeadlineNanoseconds: UInt64?

    init(socket: consuming FileDescriptor, peer: PeerKey, isSurplus: Bool = false, at now: UInt64) {
        self.socket = socket
        self.peer = peer
        self.isSurplus = isSurplus
        lastProgressNanoseconds = now
    }
}

/// The phases, in the order in which a connection goes through them.
extension Connection {
    /// Puts TLS between the socket and the first request.
    mutating func begin(_ context: borrowing TLSContext) throws(TLSError) {
        session = try context.accept(on: socket)
        phase = .shakingHands
    }

    /// Goes on agreeing on TLS.
    mutating func handshake(at now: UInt64) -> TLSStep {
        let step = session?.handshake() ?? .done
        switch step {
        case .done:
            phase = .open
            lastProgressNanoseconds = now
        // What is still said, is said in the clear.
        case .failed: session = nil
        case .wantsRead, .wantsWrite: break
        }
        return step
    }

    mutating func awaitCheck() {
        parsedCount = 0
        phase = .awaitingCheck
    }

    /// Its request is to be looked at again; false if none waits.
    mutating func resume(displaced: Bool) -> Bool {
        if displaced { isDisplaced = true }
        guard phase == .awaitingCheck else { return false }
        phase = .open
        return true
    }

    /// No request follows; what is unsent still goes out.
    mutating func finish() { phase = .finishing }

    /// Says that nothing more will be sent; false if the peer has left.
    mutating func linger(at now: UInt64) -> Bool {
        session?.close()
        guard socket.finishSending() else { return false }
        phase = .lingering
        lastProgressNanoseconds = now
        return true
    }

    /// Tells the peer of the end through TLS, if it is spoken and the socket takes it at once: without that, anybody on the way
    /// could have cut the connection. See RFC 8446 section 6.1. A stalled peer is not told: what it did not take comes first.
    mutating func close() {
        if !isStalled { session?.close() }
    }

    /// What the peer has not taken is dropped with the connection, and the peer is told by a reset.
    func resetOnClose() { socket.resetOnClose() }

    /// Has epoll report the connection from now on.
    func watch(_ epoll: borrowing Epoll, _ token: Token) throws(SystemError) {
        try epoll.add(socket, interest, token: token.word)
    }

    /// Waits for something else, if it is something else.
    mutating func wait(for wanted: Interest, _ epoll: borrowing Epoll, _ token: Token) throws(SystemError) {
        guard interest != wanted else { return }
        try epoll.modify(socket, wanted, token: token.word)
        interest = wanted
    }
}

/// Bytes in and out, in the clear or through TLS.
extension Connection {
    /// Takes what arrived, as much as fits; never waits.
    mutating func receive(into output: inout OutputSpan<UInt8>, at now: UInt64) -> Movement {
        let movement: Movement
        if session == nil {
            movement = Movement(socket.receive(into: &output), otherwise: .readable)
        } else {
            movement = receiveByTLS(into: &output)
        }
        if case .bytes = movement { lastProgressNanoseconds = now }
        return movement
    }

    private mutating func receiveByTLS(into output: inout OutputSpan<UInt8>) -> Movement {
        guard var session = session.take() else { return .failed }
        let movement = Movement(session.receive(into: &output))
        hasPendingBytes = session.hasPendingBytes
        self.session = consume session
        return movement
    }

    /// Takes bytes that nobody will read, after the last response; never waits.
    func discard(into output: inout OutputSpan<UInt8>) -> Movement {
        Movement(socket.receive(into: &output), otherwise: .readable)
    }

    /// Sends two pieces, as much of them as is taken; never waits. After `wait`, the same bytes must come again first.
    mutating func send(_ first: Span<UInt8>, _ second: Span<UInt8>, at now: UInt64) -> Movement {
        let movement =
            if let transfer = session?.send(first, second) {
                Movement(transfer)
            } else {
                Movement(socket.send(first, second), otherwise: .writable)
            }
        if case .bytes(let count) = movement, count > 0 { lastProgressNanoseconds = now }
        return movement
    }
}

/// Requests and responses.
extension Connection {
    mutating func takeInput() -> ByteBuffer? { input.take() }
    mutating func keep(_ input: consuming ByteBuffer) { self.input = consume input }
    mutating func takeUnsent() -> Unsent? { unsent.take() }
    mutating func owe(_ unsent: consuming Unsent) { self.unsent = consume unsent }

    /// The next request in the buffer, after what is left of the last one's body.
    mutating func nextRequest(in input: inout ByteBuffer) -> ParseResult {
        let skipped = min(bodyRemaining, input.count)
        if skipped > 0 {
            input.removeFirst(skipped)
            bodyRemaining -= skipped
        }
        guard !input.isEmpty else { return .incomplete }
        return input.withBytes { parseRequest($0, previousCount: parsedCount) }
    }

    /// Its request is looked at again from the beginning, in a later turn.
    mutating func postpone() { parsedCount = 0 }

    /// The last request's deadline is over, and would end one that waits for its password.
    mutating func expectResponse(withinMilliseconds milliseconds: UInt64?, at now: UInt64) {
        responseDeadlineNanoseconds = milliseconds.map { now + $0 * 1_000_000 }
    }

    mutating func countForRate() { isRateCounted = true }

    /// A request was answered, or is about to be: the next byte begins another.
    mutating func requestCompleted(bodyLength: Int) {
        hasCompletedRequest = true
        isRateCounted = false
        isDisplaced = false
        parsedCount = 0
        bodyRemaining = bodyLength
        requestStartNanoseconds = nil
    }

    /// So many bytes are here and make no whole request.
    mutating func requestIsIncomplete(_ count: Int, at now: UInt64) {
        parsedCount = count
        requestStartNanoseconds = count > 0 || bodyRemaining > 0 ? requestStartNanoseconds ?? now : nil
    }
}

/// Patience, and who is given up first.
extension Connection {
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
    func standing(at now: UInt64) -> Standing {
        if phase == .lingering { return .answered }
        let isFresh = now < lastProgressNanoseconds + Connection.freshNanoseconds
        if !hasCompletedRequest { return isFresh ? .justCame : .neverAsked }
        if isStalled { return isFresh ? .justStalled : .stalled }
        return .idle
    }

    /// Nothing is owed and nothing under way: between two requests, or before a first one for which there was time. That of a
    /// client that just came is on its way; closing would destroy it, and no client repeats what it asked on a new connection.
    func isIdle(at now: UInt64) -> Bool {
        phase == .open && interest == .readable && requestStartNanoseconds == nil && standing(at: now) != .justCame
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
