import Bytes
import HTTP
import Kernel
import Log
import Logging
import Passwords
import TLS

/// Takes one connection at a time from what is ready to what is sent: TLS, requests, who may ask, responses.
///
/// What it does for a connection in one call is bounded.
struct Responder: ~Copyable {
    private var policy: WebPolicy
    private var responses: Responses
    private let routes: Routes
    private var inputs = BufferPool(bufferCapacity: Limits.headBytes)
    private var handshakes = Handshakes()
    /// Connections whose place in the queue for a password's check was taken in this turn.
    private var displaced: [Token] = []
    private var isDraining = false
    private(set) var facts = ServingFacts()
    private let log: Logger

    init(_ policy: consuming WebPolicy, telemetryPath: String, landing: consuming ByteBuffer, _ log: Logger) {
        facts.web = policy.facts
        self.policy = policy
        responses = Responses(landing: landing)
        routes = Routes(telemetryPath: telemetryPath)
        displaced.reserveCapacity(WaiterQueue.capacity)
        self.log = log
    }

    /// A new batch of events begins.
    mutating func beginTurn(unixSeconds: UInt64) {
        handshakes.beginTurn()
        responses.setDate(unixSeconds: unixSeconds)
    }

    /// Every response is the last of its connection from now on.
    mutating func drain() { isDraining = true }

    mutating func count(_ rejection: Rejection) { facts.counters.count(rejection) }
    mutating func setConnections(_ count: Int) { facts.connections = count }

    /// Does a bounded amount of work for a connection that is ready.
    mutating func advance<Content: Publisher & ~Copyable>(
        _ connection: inout Connection, _ token: Token, _ content: inout Content, at now: UInt64
    ) -> Next {
        switch connection.phase {
        case .shakingHands: return shakeHands(&connection, token, &content, at: now)
        case .open: return serve(&connection, token, &content, at: now)
        // Only the peer's end is reported.
        case .awaitingCheck: return .close
        case .finishing:
            let next = responses.flush(&connection, at: now)
            if case .proceed = next { return .linger }
            return next
        case .lingering: return discardInput(&connection)
        }
    }

    /// Goes on agreeing on TLS; a connection that is done goes on to its first request, which is often here already.
    private mutating func shakeHands<Content: Publisher & ~Copyable>(
        _ connection: inout Connection, _ token: Token, _ content: inout Content, at now: UInt64
    ) -> Next {
        switch handshakes.advance(&connection, at: now) {
        case .done: return serve(&connection, token, &content, at: now)
        case .wait(let interest): return .wait(interest)
        case .failed(let failure):
            count(.tls)
            log.report(.handshakeFailed, .debug, "no TLS connection: \(failure)")
            // Lingering, so that the alert is read before a reset destroys it.
            guard failure.kind == .plainHTTP else { return .linger }
            connection.finish()
            return send(Response(status: .badRequest, body: .needsTLS), on: &connection, at: now)
        }
    }

    /// Sends what is left of the last response, then answers requests: those already here, and once what arrived meanwhile.
    ///
    /// Requests that lie in our own buffer are unknown to epoll. When their turn is over, the connection waits to be writable,
    /// which it is at once if the peer takes its responses.
    private mutating func serve<Content: Publisher & ~Copyable>(
        _ connection: inout Connection, _ token: Token, _ content: inout Content, at now: UInt64
    ) -> Next {
        let flushed = responses.flush(&connection, at: now)
        guard case .proceed = flushed else { return flushed }
        var input = connection.takeInput() ?? inputs.take()
        let next = answerRequests(in: &input, &connection, token, &content, at: now)
        if input.isEmpty {
            inputs.giveBack(input)
        } else {
            connection.keep(input)
        }
        return next
    }

    private mutating func answerRequests<Content: Publisher & ~Copyable>(
        in input: inout ByteBuffer, _ connection: inout Connection, _ token: Token, _ content: inout Content,
        at now: UInt64
    ) -> Next {
        var answered = 0
        var hasReceived = false
        while true {
            switch connection.nextRequest(in: &input) {
            case .complete(let request):
                guard answered < Limits.requestsPerTurn else {
                    connection.postpone()
                    return .wait(.writable)
                }
                answered += 1
                guard let response = decide(request, input, &connection, token, &content, at: now) else {
                    return .wait(.hangUp)
                }
                input.removeFirst(request.headLength)
                connection.requestCompleted(bodyLength: request.bodyLength)
                let next = send(response, on: &connection, at: now)
                guard case .proceed = next else { return next }
            case .malformed(let status): return refuse(&connection, status, at: now)
            case .incomplete where hasReceived:
                connection.requestIsIncomplete(input.count, at: now)
                // What TLS has decrypted already is nothing that epoll would report; writable is reported at once.
                return .wait(connection.hasPendingBytes ? .writable : .readable)
            case .incomplete:
                hasReceived = true
                input.compact()
                switch input.withFreeSpace({ space in connection.receive(into: &space, at: now) }) {
                case .bytes: continue
                case .wait(let interest): return .wait(interest)
                case .endOfFile, .failed: return .close
                }
            }
        }
    }

    /// Decides what a request is answered; nil if its password is to be checked first, and then the connection waits for that.
    private mutating func decide<Content: Publisher & ~Copyable>(
        _ request: Request, _ input: borrowing ByteBuffer, _ connection: inout Connection, _ token: Token,
        _ content: inout Content, at now: UInt64
    ) -> Response? {
        let keeps = request.keepsAlive && !isDraining && !connection.isSurplus
        var response = Response(status: .ok, includesBody: request.method != .head)
        response.persistence = !keeps ? .closing : request.isHTTP11 && !request.namesKeepAlive ? .open : .keptAlive
        // Before anything is decided: the last request's is over, and would end one that waits for its password.
        connection.expectResponse(withinMilliseconds: request.scrapeTimeoutMilliseconds, at: now)
        switch input.withBytes({ policy.admit(request, $0, &connection, token, at: now) }) {
        case .admitted:
            input.withBytes { fill(&response, request, $0, &content, at: now) }
        case .refused(let status):
            response.status = status
        case .overRate:
            count(.rate)
            response.status = .tooManyRequests
        case .waits(let other):
            if let other { displaced.append(other) }
            connection.awaitCheck()
            return nil
        }
        if response.status == .tooManyRequests { response.retryAfterSeconds = policy.waitSeconds(at: now) }
        return response
    }

    /// The answer to a request that may be answered.
    private mutating func fill<Content: Publisher & ~Copyable>(
        _ response: inout Response, _ request: Request, _ bytes: Span<UInt8>, _ content: inout Content, at now: UInt64
    ) {
        switch routes.route(bytes.extracting(request.path)) {
        case .metrics:
            facts.counters.countScrape(unixSeconds: responses.unixSeconds)
            let generation = content.refresh(facts, at: now)
            var selection: Content.Selection?
            forEachQueryValue(of: "name[]", in: bytes.extracting(request.query)) { name in
                content.select(name, into: &selection)
            }
            response.body = responses.page(
                request.representation, selecting: selection, generation: generation, &content)
        case .landing: response.body = responses.landingPage
        case .healthy: break
        case .ready where content.isReady: break
        case .ready: (response.status, response.body) = (.serviceUnavailable, .notReady)
        case .unknown: response.status = .notFound
        }
    }

    /// Answers bytes that are no request, and ends the connection.
    mutating func refuse(_ connection: inout Connection, _ status: Status, at now: UInt64) -> Next {
        send(Response(status: status), on: &connection, at: now)
    }

    private mutating func send(_ response: Response, on connection: inout Connection, at now: UInt64) -> Next {
        facts.counters.count(response.status)
        return responses.send(response, extraHeaders: policy.extraHeaders, on: &connection, at: now)
    }

    /// Throws away what a client still sends after its last response.
    private mutating func discardInput(_ connection: inout Connection) -> Next {
        var scratch = inputs.take()
        let movement = scratch.withFreeSpace { space in connection.discard(into: &space) }
        inputs.giveBack(scratch)
        switch movement {
        case .bytes, .wait: return .wait(.readable)
        case .endOfFile, .failed: return .close
        }
    }
}

/// What the web configuration asks for, and what ends.
extension Responder {
    /// Puts TLS between the socket and a new connection, if it is spoken here; false if there is no memory for it.
    func begin(_ connection: inout Connection) -> Bool { policy.begin(&connection) }

    /// Takes back what a connection that ends has borrowed.
    mutating func end(_ connection: inout Connection, _ token: Token) {
        connection.close()
        if let input = connection.takeInput() { inputs.giveBack(input) }
        responses.giveBack(connection.takeUnsent())
        if connection.phase == .awaitingCheck { policy.forget(token) }
    }

    /// Has the loop told when a password was checked.
    func watchPasswordChecks(_ epoll: borrowing Epoll) throws(SystemError) { try policy.watchPasswordChecks(epoll) }

    /// Takes the answer of a check in, and tells whose requests are to be looked at again.
    mutating func finishCheck() -> WaitingTokens { policy.finishCheck() }

    /// One whose place in the queue was taken in this turn, until all were told.
    mutating func nextDisplaced() -> Token? { displaced.popLast() }

    /// Reads the web configuration again, and makes the loop follow what it asks for now.
    ///
    /// - Returns: passwords are asked for no more, so that nobody will tell those that wait for a check.
    mutating func reload(_ file: inout WebFile, _ epoll: borrowing Epoll) throws(SystemError) -> Bool {
        let wasAuthenticating = policy.isAuthenticating
        file.reload(&policy, log)
        facts.web = policy.facts
        warnIfCertificateExpired()
        if policy.isAuthenticating, !wasAuthenticating { try watchPasswordChecks(epoll) }
        return wasAuthenticating && !policy.isAuthenticating
    }

    /// Says once of each certificate that it has expired, whenever that happens.
    mutating func warnIfCertificateExpired() { policy.warnIfExpired(unixSeconds: responses.unixSeconds, log) }
}
