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

    /// Goes on agreeing on TLS; a connection that is done goes on to its first request, which is often here already.
    mutating func shakeHands(_ connection: inout Connection, _ token: Token, _ now: UInt64) -> Next {
        guard var session = connection.session.take() else { return .close }
        switch session.handshake() {
        case .done:
            connection.session = consume session
            connection.phase = .open
            connection.requestStartNanoseconds = nil
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
        guard failure == .plainHTTP else { return .linger }
        connection.phase = .finishing
        return send(
            Response(status: .badRequest, body: .needsTLS, persistence: .closing), &connection, now) ?? .linger
    }

    /// Applies the rate limit, then asks for the password, then looks at the method.
    mutating func admit(
        _ request: Request, _ bytes: Span<UInt8>, _ connection: inout Connection, _ token: Token, _ now: UInt64
    ) -> Admission {
        if connection.isSurplus { return .refused(.serviceUnavailable) }
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
        case .wait: return .waits
        }
        return request.method == .notAllowed ? .refused(.methodNotAllowed) : .admitted
    }
}
