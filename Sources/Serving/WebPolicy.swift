import Bytes
import HTTP
import Kernel
import Log
import Logging
import Passwords
import TLS
import WebConfig

/// Whether a request may be answered.
enum Admission: Equatable {
    case admitted
    case refused(Status)
    /// There are more requests than the rate limit allows.
    case overRate
    /// A password is checked; the request is looked at again when that is done. If another lost its place in the queue to it,
    /// that one is to be refused.
    case waits(displaced: Token?)
}

/// What the web configuration file asks of connections and requests; without one, nothing.
public struct WebPolicy: ~Copyable {
    private var tls: TLSContext?
    private var authenticator: Authenticator?
    private var rateLimiter: RateLimiter?
    /// Header lines for every response, each with its CR LF.
    private(set) var extraHeaders: [UInt8] = []
    /// The operator says what a page may do in a browser.
    private(set) var hasContentPolicy = false
    /// Whether the file as it is on disk is in force; nil without a file.
    private var isUpToDate: Bool?
    /// It was said that the certificate in force has expired.
    private var hasReportedExpiry = false

    /// No file: no TLS, no passwords, no limit.
    public init() {}

    /// What addresses begin with.
    public var scheme: String { speaksTLS ? "https" : "http" }

    /// Connections are encrypted, so the key of a certificate is in memory.
    var speaksTLS: Bool { tls != nil }

    /// Requests need a password.
    var isAuthenticating: Bool { authenticator != nil }

    /// What the pages say about it.
    var facts: WebFacts {
        var facts = WebFacts()
        facts.isUpToDate = isUpToDate
        switch tls {
        case .some(let context): facts.certificateEndUnixSeconds = UInt64(exactly: context.notAfterUnixSeconds)
        case .none: break
        }
        return facts
    }

    /// Puts TLS between the socket and a new connection, if it is spoken here; false if there is no memory for it.
    func begin(_ connection: inout Connection) -> Bool {
        switch tls {
        case .some(let context):
            do throws(TLSError) {
                try connection.begin(context)
                return true
            } catch {
                return false
            }
        case .none: return true
        }
    }

    /// There are neither users nor a rate.
    var admitsAll: Bool { !isAuthenticating && rateLimiter == nil }

    /// Applies the rate limit, then asks for the password, then looks at the method.
    mutating func admit(
        _ request: Request, _ bytes: Span<UInt8>, _ connection: inout Connection, _ token: Token, at now: UInt64
    ) -> Admission {
        if connection.isSurplus { return .refused(.serviceUnavailable) }
        if connection.request.isDisplaced { return .refused(.tooManyRequests) }
        if !connection.request.isRateCounted {
            guard rateLimiter?.allows(at: now) ?? true else { return .overRate }
            connection.request.countForRate()
        }
        let decision =
            if let range = request.authorization {
                authenticator?.decide(
                    authorization: bytes.extracting(range), waiter: token, peer: connection.peer, at: now)
            } else {
                authenticator?.decide(authorization: nil, waiter: token, peer: connection.peer, at: now)
            }
        switch decision {
        case .none, .allowed: return request.method == .notAllowed ? .refused(.methodNotAllowed) : .admitted
        case .refused: return .refused(.unauthorized)
        case .tooMany: return .refused(.tooManyRequests)
        case .wait(let displaced): return .waits(displaced: displaced)
        }
    }

    /// How long a client that was told to come back later should wait; at least a second.
    func waitSeconds(at now: UInt64) -> UInt64 { rateLimiter?.waitSeconds(at: now) ?? 1 }

    /// The connection ended while its password was to be checked.
    mutating func forget(_ waiter: Token) { authenticator?.forget(waiter) }

    /// Takes the answer of a check in, and tells who is to be looked at again.
    mutating func finishCheck() -> WaitingTokens { authenticator?.finishCheck() ?? WaitingTokens() }

    /// Lets others go on where a check takes too long, and tells who is to be looked at again.
    mutating func passOverdueCheck(_ epoll: borrowing Epoll, at now: UInt64) -> WaitingTokens {
        authenticator?.passOverdue(epoll, at: now) ?? WaitingTokens()
    }

    /// Has the loop told when a password was checked.
    func watchPasswordChecks(_ epoll: borrowing Epoll) throws(SystemError) { try authenticator?.watch(epoll) }

    /// Says once of each certificate that it has expired, whenever that happens.
    mutating func warnIfExpired(unixSeconds: UInt64, _ log: Logger) {
        guard !hasReportedExpiry else { return }
        switch tls {
        case .some(let context):
            guard context.isExpired(atUnixSeconds: Int64(clamping: unixSeconds)) else { return }
            hasReportedExpiry = true
            log.report(
                .certificateExpired, .warning,
                "the certificate of \(context.subject) has expired, and clients will refuse it: renew it",
                ["subject": context.subject])
        case .none: break
        }
    }
}

/// What a new state of the file changes.
extension WebPolicy {
    /// The file was read again; what is on disk is in force or not.
    mutating func setUpToDate(_ isUpToDate: Bool) { self.isUpToDate = isUpToDate }

    /// Puts a configuration in force, wholly or not at all: everything that can fail comes first.
    ///
    /// - Parameter old: the one that was in force; what did not change in it goes on as it was.
    mutating func apply(_ new: WebConfiguration, over old: WebConfiguration?) throws(WebFailure) {
        let headers = try WebLoader.headerLines(new)
        var context: TLSContext?
        if let tls = new.tls { context = try WebLoader.context(tls) }
        try replaceUsers(new.users)
        tls = consume context
        hasReportedExpiry = false
        extraHeaders = headers
        hasContentPolicy = new.headers.contains { $0.name == "Content-Security-Policy" }
        if new.rateLimit != old?.rateLimit {
            rateLimiter = new.rateLimit.map {
                RateLimiter(intervalNanoseconds: $0.intervalNanoseconds, burst: $0.burst)
            }
        }
    }

    /// Puts other users in place; what was found out is kept of those that stay. Once there are users, there are always some.
    private mutating func replaceUsers(_ users: [User]) throws(WebFailure) {
        if users.isEmpty {
            precondition(authenticator == nil)
        } else if authenticator != nil {
            authenticator?.replaceUsers(users)
        } else {
            do throws(SystemError) {
                authenticator = try Authenticator(users: users)
            } catch {
                throw WebFailure(message: "passwords cannot be checked: \(error)")
            }
        }
    }
}
