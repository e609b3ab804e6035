import Bytes
import HTTP
import Kernel
import Logging
import TLS

/// Who may speak to the server: TLS before the first request, the rate and the password before each.
extension Server {
    /// Whether a request may be answered.
    enum Admission {
        case admitted
        case refused(Status)
        /// A password is checked; the request is looked at again when that is done.
        case waits
    }

    /// Puts TLS between the socket and a new connection, if it is spoken here; false if there is no memory for it.
    func beginTLS(_ connection: inout Connection) -> Bool {
        switch web.tls {
        case .some(let context):
            do throws(TLSError) {
                connection.session = try context.accept(on: connection.socket)
            } catch {
                return false
            }
            connection.phase = .shakingHands
        case .none: break
        }
        return true
    }

    /// Goes on agreeing on TLS; a connection that is done goes on to its first request, which is often here already.
    mutating func shakeHands(_ connection: inout Connection, _ token: Token, _ now: UInt64) -> Next {
        // The rest in the next turn: epoll reports them again at once.
        guard handshakesInTurn < Limits.handshakesPerTurn else { return .wait(connection.interest) }
        handshakesInTurn += 1
        guard var session = connection.session.take() else { return .close }
        switch session.handshake() {
        case .done:
            connection.session = consume session
            connection.phase = .open
            connection.lastProgressNanoseconds = now
            return serve(&connection, token, now)
        case .wantsRead:
            connection.session = consume session
            return .wait(.readable)
        case .wantsWrite:
            connection.session = consume session
            return .wait(.writable)
        case .failed(let failure):
            return refuse(&connection, failure, now)
        }
    }

    /// Ends a connection that could not agree on TLS. Who spoke HTTP is told so in the clear.
    private mutating func refuse(_ connection: inout Connection, _ failure: TLSFailure, _ now: UInt64) -> Next {
        counters.count(.tls)
        log.report(.handshakeFailed, .debug, "no TLS connection: \(failure)")
        // Lingering, so that the alert is read before a reset destroys it.
        guard failure.kind == .plainHTTP else { return .linger }
        connection.phase = .finishing
        return send(
            Response(status: .badRequest, body: .needsTLS, persistence: .closing), &connection, now) ?? .linger
    }

    /// Applies the rate limit, then asks for the password, then looks at the method.
    mutating func admit(
        _ request: Request, _ bytes: Span<UInt8>, _ connection: inout Connection, _ token: Token, _ now: UInt64
    ) -> Admission {
        if connection.isSurplus { return .refused(.serviceUnavailable) }
        if connection.isDisplaced { return .refused(.tooManyRequests) }
        if !connection.isRateCounted {
            guard web.allowsRate(nanoseconds: now) else {
                counters.count(.rate)
                return .refused(.tooManyRequests)
            }
            connection.isRateCounted = true
        }
        let decision =
            switch request.authorization {
            case .some(let range): web.authenticate(bytes.extracting(range), token, connection.peer)
            case .none: web.authenticate(nil, token, connection.peer)
            }
        switch decision {
        case .allowed: break
        case .refused: return .refused(.unauthorized)
        case .tooMany: return .refused(.tooManyRequests)
        case .wait(let displaced):
            if let displaced { displacedWaiters.append(displaced) }
            return .waits
        }
        return request.method == .notAllowed ? .refused(.methodNotAllowed) : .admitted
    }

    /// Looks again at the requests that wait, since a password was checked.
    mutating func finishCheck() throws(SystemError) {
        let waiters = web.finishCheck()
        for index in 0..<waiters.count { try resume(waiters[index]) }
    }

    /// Answers those whose place in the queue others took.
    mutating func refuseDisplaced() throws(SystemError) {
        while let token = displacedWaiters.popLast() {
            guard var connection = connections.take(token) else { continue }
            connection.isDisplaced = true
            connections.putBack(connection, at: token.slot)
            try resume(token)
        }
    }

    /// Looks again at a request that waited.
    mutating func resume(_ token: Token) throws(SystemError) {
        guard var connection = connections.take(token) else { return }
        guard connection.phase == .awaitingCheck else { return connections.putBack(connection, at: token.slot) }
        connection.phase = .open
        let now = Clock.monotonicNanoseconds()
        let next = serve(&connection, token, now)
        try settle(connection, token, next, now)
    }
}
