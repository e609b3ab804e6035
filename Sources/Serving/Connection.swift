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
        /// Frames are sent to it as they come. It asks for nothing more.
        case streaming
        /// The rest of the last response is sent, then the connection ends.
        case finishing
        /// All is sent and our side is shut; what still arrives is thrown away until the peer closes, so that no reset
        /// destroys the response before it is read. See RFC 9112 section 9.6.
        case lingering
    }

    private let socket: FileDescriptor
    /// The most that is handed to the kernel in one call.
    private let pieceBytes: Int
    /// What its bytes go through, if TLS is spoken.
    private var session: TLSSession?
    /// The session holds bytes that arrived and that epoll does not know of.
    private(set) var hasPendingBytes = false
    let peer: PeerKey
    /// Accepted beyond the limit, to be told so: its first request is answered 503.
    let isSurplus: Bool
    private(set) var phase = Phase.open
    /// What epoll watches it for: readable while a request is waited for, writable while responses are owed, only the peer's
    /// hang-up while a password is checked or the next frame is waited for.
    private(set) var interest = Interest.readable
    /// Bytes that arrived and are not answered yet.
    private var input: ByteBuffer?
    /// What the socket did not take yet of the last response.
    private var unsent: Unsent?
    /// How far the request has come that is looked at now.
    var request = RequestProgress()
    /// How far it has read the stream; nil if it does not read it.
    private(set) var stream: StreamPosition?
    /// When it asks.
    private(set) var rhythm: AskingRhythm
    /// When bytes last moved, on the monotonic clock.
    private(set) var lastProgressNanoseconds: UInt64
    /// When the client stops waiting for the response, as it said itself.
    private(set) var responseDeadlineNanoseconds: UInt64?
    private let inPlace = InPlace()

    init(
        socket: consuming FileDescriptor, peer: PeerKey, isSurplus: Bool = false, pieceBytes: Int = .max, at now: UInt64
    ) {
        self.socket = socket
        self.pieceBytes = pieceBytes
        rhythm = AskingRhythm(cameAt: now)
        self.peer = peer
        self.isSurplus = isSurplus
        lastProgressNanoseconds = now
    }
}

/// The phases, in the order in which a connection goes through them.
extension Connection {
    /// Puts TLS between the socket and the first request.
    mutating func begin(_ context: borrowing TLSContext) throws(TLSError) {
        session = try context.accept(on: socket, pieceBytes: pieceBytes)
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
        request.postpone()
        phase = .awaitingCheck
    }

    /// Its request is to be looked at again; false if none waits.
    mutating func resume(displaced: Bool) -> Bool {
        if displaced { request.displace() }
        guard phase == .awaitingCheck else { return false }
        phase = .open
        return true
    }

    /// Frames follow from a number on, and no request.
    mutating func beginStream(at next: UInt64, isChunked: Bool) {
        stream = StreamPosition(next: next, isChunked: isChunked)
        phase = .streaming
    }

    mutating func advanceStream(to next: UInt64) { stream?.next = next }

    /// No frame follows but the one under way.
    mutating func endStream() { stream?.isEnding = true }

    /// There is something for it to take. Where there was nothing before, its time to take it begins.
    mutating func owesNews(at now: UInt64) {
        if interest == .hangUp { lastProgressNanoseconds = now }
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

    /// Nothing that changes bytes stands between a response and the socket.
    var maySendWithoutCopy: Bool { session == nil }

    /// Sends what a buffer holds, as much of it as is taken; never waits.
    mutating func send(_ buffer: borrowing ZeroCopyBuffer, at now: UInt64) -> Movement {
        noteProgress(Movement(socket.send(buffer, pieceBytes: pieceBytes), otherwise: .writable), at: now)
    }

    /// Sends two pieces, as much of them as is taken; never waits. After `wait`, the same bytes must come again first.
    mutating func send(_ first: Span<UInt8>, _ second: Span<UInt8>, at now: UInt64) -> Movement {
        let movement =
            if let transfer = session?.send(first, second) {
                Movement(transfer)
            } else {
                Movement(socket.send(first, second, pieceBytes: pieceBytes), otherwise: .writable)
            }
        return noteProgress(movement, at: now)
    }

    private mutating func noteProgress(_ movement: Movement, at now: UInt64) -> Movement {
        if case .bytes(let count) = movement, count > 0 { lastProgressNanoseconds = now }
        return movement
    }
}

/// Requests and responses.
extension Connection {
    mutating func takeInput() -> ByteBuffer? { input.take() }
    mutating func keep(_ input: consuming ByteBuffer) { self.input = consume input }
    /// The socket did not take all of the last response yet.
    var owesBytes: Bool { unsent != nil }
    mutating func takeUnsent() -> Unsent? { unsent.take() }
    mutating func owe(_ unsent: consuming Unsent) { self.unsent = consume unsent }

    /// Its next request, at the beginning of its bytes, is looked at as any other's.
    var isAnsweredAsOthers: Bool { !isSurplus && request.isAtBeginning }

    /// A request is answered, or about to be.
    mutating func complete(bodyLength: Int, at now: UInt64) {
        request.complete(bodyLength: bodyLength)
        rhythm.ask(at: now)
    }

    /// The last request's deadline is over, and would end one that waits for its password.
    mutating func expectResponse(withinMilliseconds milliseconds: UInt64?, at now: UInt64) {
        responseDeadlineNanoseconds = milliseconds.map { now + $0 * 1_000_000 }
    }
}
