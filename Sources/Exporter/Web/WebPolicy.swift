import Kernel
import Passwords
import TLS

/// What the web configuration file asks of connections and requests; without one, nothing.
struct WebPolicy: ~Copyable {
    var tls: TLSContext?
    var authenticator: Authenticator?
    var rateLimiter: RateLimiter?
    /// Header lines for every response, each with its CR LF.
    var extraHeaders: [UInt8] = []

    /// What addresses begin with.
    var scheme: String {
        switch tls {
        case .some: "https"
        case .none: "http"
        }
    }

    /// Requests need a password.
    var isAuthenticating: Bool {
        switch authenticator {
        case .some: true
        case .none: false
        }
    }

    mutating func allowsRate(nanoseconds now: UInt64) -> Bool {
        rateLimiter?.allows(nanoseconds: now) ?? true
    }

    mutating func authenticate(
        _ authorization: Span<UInt8>?, _ waiter: Token, _ peer: PeerKey
    ) -> Authenticator.Decision {
        guard var authenticator = authenticator.take() else { return .allowed }
        let decision = authenticator.decide(authorization: authorization, waiter: waiter, peer: peer)
        self.authenticator = consume authenticator
        return decision
    }

    /// The connection ended while its password was to be checked.
    mutating func forget(_ waiter: Token) {
        guard var authenticator = authenticator.take() else { return }
        authenticator.forget(waiter)
        self.authenticator = consume authenticator
    }

    /// Takes the answer of a check in, and tells who is to be looked at again.
    mutating func finishCheck() -> WaitingTokens {
        guard var authenticator = authenticator.take() else { return WaitingTokens() }
        let waiters = authenticator.finishCheck()
        self.authenticator = consume authenticator
        return waiters
    }

    /// Puts other users in place; what was found out is kept if they are the same.
    mutating func replaceUsers(_ users: [User]) throws(WebFailure) {
        guard !users.isEmpty else {
            authenticator = nil
            return
        }
        if var authenticator = authenticator.take() {
            authenticator.replaceUsers(users)
            self.authenticator = consume authenticator
            return
        }
        do throws(SystemError) {
            authenticator = try Authenticator(users: users)
        } catch {
            throw WebFailure(message: "passwords cannot be checked: \(error)")
        }
    }
}
