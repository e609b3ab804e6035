import Bytes
import HTTP
import Kernel
import Log
import Logging

/// Decides what each request is answered: who may ask, by the web configuration, and what there is under a path.
struct Decisions: ~Copyable {
    private var policy: WebPolicy
    private let routes: Routes
    private let servesStream: Bool
    /// Connections to which frames are sent.
    private(set) var streams = 0
    /// Connections whose place in the queue for a password's check was taken in this turn.
    private var displaced: [Token] = []
    private var isDraining = false
    private(set) var facts = ServingFacts()

    init(_ policy: consuming WebPolicy, _ paths: ServicePaths) {
        facts.web = policy.facts
        self.policy = policy
        routes = Routes(paths)
        servesStream = paths.servesStream
        displaced.reserveCapacity(WaiterQueue.capacity)
    }

    /// A stream has ended.
    mutating func endStream() { streams -= 1 }

    /// Every response is the last of its connection from now on.
    mutating func drain() { isDraining = true }

    /// A request for metrics is answered as another was.
    mutating func countScrape(unixSeconds: UInt64) {
        facts.counters.countScrape(unixSeconds: unixSeconds)
        facts.counters.count(.ok)
    }

    /// What a request is answered depends on its head alone, whoever sends it: there are neither users nor a rate, and no end has begun.
    var answerAllAlike: Bool { !isDraining && policy.admitsAll }

    mutating func count(_ rejection: Rejection) { facts.counters.count(rejection) }
    mutating func count(_ status: Status) { facts.counters.count(status) }
    mutating func setConnections(_ count: Int) { facts.connections = count }

    /// Connections are encrypted.
    var speaksTLS: Bool { policy.speaksTLS }
    /// The operator's own headers.
    var extraHeaders: [UInt8] { policy.extraHeaders }

    /// Decides what a request is answered; nil if its password is to be checked first, and then the connection waits for that.
    mutating func response(
        to request: Request, _ input: borrowing ByteBuffer, _ connection: inout Connection, _ token: Token,
        _ responses: inout Responses, _ content: inout some Publisher & ~Copyable, at now: UInt64
    ) -> Response? {
        let keeps = request.keepsAlive && !isDraining && !connection.isSurplus
        var response = Response(status: .ok, includesBody: request.method != .head)
        response.persistence = !keeps ? .closing : request.isHTTP11 && !request.namesKeepAlive ? .open : .keptAlive
        // Before anything is decided: the last request's is over, and would end one that waits for its password.
        connection.expectResponse(withinMilliseconds: request.scrapeTimeoutMilliseconds, at: now)
        switch input.withBytes({ policy.admit(request, $0, &connection, token, at: now) }) {
        case .admitted:
            input.withBytes { fill(&response, request, $0, &responses, &content, at: now) }
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
        _ response: inout Response, _ request: Request, _ bytes: Span<UInt8>, _ responses: inout Responses,
        _ content: inout Content, at now: UInt64
    ) {
        switch routes.place(bytes.extracting(request.path)) {
        case .here(let route): fill(&response, route, request, bytes, &responses, &content, at: now)
        case .elsewhere(let route):
            let isShort = responses.setLocation(query: bytes.extracting(request.query)) { location in
                routes.append(pathOf: route, to: &location)
            }
            response.status = isShort ? .movedPermanently : .notFound
        }
    }

    /// The answer to a request for what there is under a path.
    private mutating func fill<Content: Publisher & ~Copyable>(
        _ response: inout Response, _ route: Route, _ request: Request, _ bytes: Span<UInt8>,
        _ responses: inout Responses, _ content: inout Content, at now: UInt64
    ) {
        switch route {
        case .metrics:
            facts.counters.countScrape(unixSeconds: responses.unixSeconds)
            let generation = content.refresh(facts, at: now)
            if request.query.isEmpty, let page = responses.wholePage(request.representation, generation: generation) {
                response.body = page
                response.generation = response.includesBody ? generation : nil
            } else {
                response.body = page(request, bytes, generation, &responses, &content)
            }
        case .page: show(.page, &response, request, bytes, &responses, &content, at: now)
        case .json:
            let document = Document.json(withHistory: hasParameter("history", in: bytes.extracting(request.query)))
            show(document, &response, request, bytes, &responses, &content, at: now)
        case .stream: beginStream(&response, request)
        case .healthy: break
        case .ready where content.isReady: break
        case .ready: (response.status, response.body) = (.serviceUnavailable, .notReady)
        case .unknown: response.status = .notFound
        }
    }

    /// The answer to a request for the stream, which is the last of its connection.
    private mutating func beginStream(_ response: inout Response, _ request: Request) {
        guard servesStream else {
            (response.status, response.body) = (.notFound, .streamIsOff)
            return
        }
        guard streams < Limits.streams, !isDraining else {
            (response.status, response.body) = (.serviceUnavailable, .streamsAreFull)
            return
        }
        response.body = .stream(isChunked: request.isHTTP11)
        response.persistence = .closing
        if response.includesBody { streams += 1 }
    }

    /// A document that has an entity tag: it is not sent to whoever has it already.
    private mutating func show(
        _ document: Document, _ response: inout Response, _ request: Request, _ bytes: Span<UInt8>,
        _ responses: inout Responses, _ content: inout some Publisher & ~Copyable, at now: UInt64
    ) {
        let generation = content.refresh(facts, at: now)
        let known = bytes.extracting(request.ifNoneMatch ?? 0..<0)
        response.body = responses.document(
            document, request.representation.coding, generation: generation, known: known,
            hasOperatorsPolicy: policy.hasContentPolicy, &content)
        if case .nothing = response.body { response.status = .notModified }
    }

    /// The page that a request asks for, which may name families.
    private func page<Content: Publisher & ~Copyable>(
        _ request: Request, _ bytes: Span<UInt8>, _ generation: UInt64, _ responses: inout Responses,
        _ content: inout Content
    ) -> Response.Body {
        var selection: Content.Selection?
        forEachQueryValue(of: "name[]", in: bytes.extracting(request.query)) { name in
            content.select(name, into: &selection)
        }
        return responses.page(request.representation, selecting: selection, generation: generation, &content)
    }
}

/// What the web configuration asks for.
extension Decisions {
    /// Puts TLS between the socket and a new connection, if it is spoken here; false if there is no memory for it.
    func begin(_ connection: inout Connection) -> Bool { policy.begin(&connection) }

    /// Has the loop told when a password was checked.
    func watchPasswordChecks(_ epoll: borrowing Epoll) throws(SystemError) { try policy.watchPasswordChecks(epoll) }

    /// Takes the answer of a check in, and tells whose requests are to be looked at again.
    mutating func finishCheck() -> WaitingTokens { policy.finishCheck() }

    /// Lets others go on where a check takes too long, and tells whose requests are to be looked at again.
    mutating func passOverdueCheck(_ epoll: borrowing Epoll, at now: UInt64) -> WaitingTokens {
        policy.passOverdueCheck(epoll, at: now)
    }

    /// One whose place in the queue was taken in this turn, until all were told.
    mutating func nextDisplaced() -> Token? { displaced.popLast() }

    /// The connection ended while its password was to be checked.
    mutating func forget(_ token: Token) { policy.forget(token) }

    /// Reads the web configuration again.
    mutating func reload(_ file: inout WebFile, _ epoll: borrowing Epoll, _ log: Logger) throws(SystemError) {
        let wasAuthenticating = policy.isAuthenticating
        file.reload(&policy, log)
        facts.web = policy.facts
        if policy.isAuthenticating, !wasAuthenticating { try watchPasswordChecks(epoll) }
    }

    /// Says once of each certificate that it has expired, whenever that happens.
    mutating func warnIfCertificateExpired(unixSeconds: UInt64, _ log: Logger) {
        policy.warnIfExpired(unixSeconds: unixSeconds, log)
    }
}
