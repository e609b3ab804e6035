import Bytes
import Counters
import HTTP
import Kernel
import Metrics
import Sampling
import Sources

/// From a readable or writable connection to its responses.
extension Server {
    /// What a connection does next.
    enum Next {
        case wait(Interest)
        /// The response that ends the connection is sent; the peer is given time to read it.
        case linger
        case close
    }

    /// Does a bounded amount of work for one connection. An event for a slot's past tenant finds nothing.
    mutating func advance(_ token: Token) throws(SystemError) {
        guard var connection = connections.take(token) else { return }
        let now = Clock.monotonicNanoseconds()
        let next =
            switch connection.phase {
            case .shakingHands: shakeHands(&connection, token, now)
            case .open: serve(&connection, token, now)
            // It is watched for nothing but the peer's end.
            case .awaitingCheck: Next.close
            case .finishing: flush(&connection, now) ?? .linger
            case .lingering: discardInput(&connection)
            }
        try settle(connection, token, next, now)
    }

    /// Puts the connection back to wait, or ends it.
    mutating func settle(
        _ connection: consuming Connection, _ token: Token, _ next: Next, _ now: UInt64
    ) throws(SystemError) {
        var connection = connection
        var interest = Interest.readable
        switch next {
        case .wait(let wanted):
            interest = wanted
        case .linger:
            guard connection.finishSending() else { return end(connection, slot: token.slot) }
            connection.phase = .lingering
            connection.lastProgressNanoseconds = now
        case .close:
            return end(connection, slot: token.slot)
        }
        if connection.interest != interest {
            try epoll.modify(connection.socket, interest, token: token.word)
            connection.interest = interest
        }
        // Nobody waits for another request of a client when the end has begun.
        if drainDeadlineNanoseconds != nil, connection.isIdle(nanoseconds: now) {
            return end(connection, slot: token.slot)
        }
        connections.putBack(connection, at: token.slot)
    }

    /// Closes a connection that was taken from its slot.
    mutating func end(_ connection: consuming Connection, slot: Int) {
        var connection = connection
        // What a stalled peer did not take comes first, and it never will.
        if !connection.isStalled { connection.closeSession() }
        if let input = connection.input.take() { inputPool.giveBack(input) }
        if let output = connection.output.take() { outputPool.giveBack(output) }
        if connection.phase == .awaitingCheck { web.forget(connections.token(of: slot)) }
        connections.release(slot)
        hasFreedSlot = true
    }

    /// Sends what is left of the last response, then answers requests: those already here, and once what arrived meanwhile.
    ///
    /// Requests that lie in our own buffer are unknown to epoll. When their turn is over, the connection waits to be writable,
    /// which it is at once if the peer takes its responses.
    mutating func serve(_ connection: inout Connection, _ token: Token, _ now: UInt64) -> Next {
        if let blocked = flush(&connection, now) { return blocked }
        var input = connection.input.take() ?? inputPool.take()
        let next = answerRequests(in: &input, &connection, token, now)
        if input.isEmpty {
            inputPool.giveBack(input)
        } else {
            connection.input = consume input
        }
        return next
    }

    private mutating func answerRequests(
        in input: inout ByteBuffer, _ connection: inout Connection, _ token: Token, _ now: UInt64
    ) -> Next {
        var answered = 0
        var hasReceived = false
        while true {
            switch Server.nextRequest(in: &input, &connection) {
            case .complete(let request):
                guard answered < Limits.requestsPerTurn else {
                    connection.parsedCount = 0
                    return .wait(.writable)
                }
                answered += 1
                guard let response = respond(to: request, in: input, &connection, token, now) else {
                    connection.parsedCount = 0
                    connection.phase = .awaitingCheck
                    return .wait(.hangUp)
                }
                input.removeFirst(request.headLength)
                connection.requestCompleted(bodyLength: request.bodyLength)
                if let next = send(response, &connection, now) { return next }
            case .malformed(let status):
                return refuse(&connection, status, now)
            case .incomplete:
                if hasReceived {
                    connection.noteIncomplete(input.count, now)
                    // What TLS has decrypted already is nothing that epoll would report; writable is reported at once.
                    return .wait(connection.hasPendingBytes ? .writable : .readable)
                }
                hasReceived = true
                if let next = Server.receive(into: &input, &connection, now) { return next }
            }
        }
    }

    /// The next request in the buffer, after what is left of the last one's body.
    private static func nextRequest(in input: inout ByteBuffer, _ connection: inout Connection) -> ParseResult {
        let skipped = min(connection.bodyRemaining, input.count)
        if skipped > 0 {
            input.removeFirst(skipped)
            connection.bodyRemaining -= skipped
        }
        guard !input.isEmpty else { return .incomplete }
        return input.withBytes { parseRequest($0, previousCount: connection.parsedCount) }
    }

    /// Takes what arrived; nil if there are new bytes.
    private static func receive(
        into input: inout ByteBuffer, _ connection: inout Connection, _ now: UInt64
    ) -> Next? {
        input.compact()
        switch input.withFreeSpace({ space in connection.receive(into: &space) }) {
        case .bytes:
            connection.lastProgressNanoseconds = now
            return nil
        case .wait(let interest): return .wait(interest)
        case .endOfFile, .failed: return .close
        }
    }

    /// Decides what a request is answered; nil if its password is to be checked first.
    private mutating func respond(
        to request: Request, in input: borrowing ByteBuffer, _ connection: inout Connection, _ token: Token,
        _ now: UInt64
    ) -> Response? {
        let keeps = request.keepsAlive && drainDeadlineNanoseconds == nil && !connection.isSurplus
        let persistence: ResponseHead.Persistence =
            !keeps ? .closing : request.isHTTP11 && !request.namesKeepAlive ? .open : .keptAlive
        var response = Response(
            status: .ok, body: .explanation, includesBody: request.method != .head, persistence: persistence)
        // Before anything is decided: the last request's is over, and would end one that waits for its password.
        connection.responseDeadlineNanoseconds = request.scrapeTimeoutMilliseconds.map { now + $0 * 1_000_000 }
        switch input.withBytes({ bytes in admit(request, bytes, &connection, token, now) }) {
        case .refused(let status):
            response.status = status
            response.retryAfterSeconds = web.rateLimiter?.waitSeconds(nanoseconds: now) ?? 1
        case .waits: return nil
        case .admitted:
            input.withBytes { bytes in fill(&response, for: request, bytes, now) }
        }
        return response
    }

    /// The answer to a request that may be answered.
    private mutating func fill(_ response: inout Response, for request: Request, _ bytes: Span<UInt8>, _ now: UInt64) {
        switch routes.route(bytes.extracting(request.path)) {
        case .metrics:
            let page = preparePage(request, bytes, now)
            response.body = .metrics(page, contentType: request.representation.contentType)
        case .landing: response.body = .landing
        case .healthy: break
        case .ready: response.status = sampler.isReady ? .ok : .serviceUnavailable
        case .unknown: response.status = .notFound
        }
    }

    /// Makes the page that a request asks for, if it is not there already.
    private mutating func preparePage(_ request: Request, _ bytes: Span<UInt8>, _ now: UInt64) -> PageSlot {
        publishMetrics(now)
        var families: FamilySelection?
        forEachQueryValue(of: "name[]", in: bytes.extracting(request.query)) { name in
            var selection = families ?? FamilySelection()
            catalog.registry.select(name, into: &selection)
            families = selection
        }
        return responses.pages.prepare(
            request.representation, selecting: families, generation: sampler.generation, catalog.registry)
    }

    /// Gives the series their values, if there is a newer sample than they show.
    private mutating func publishMetrics(_ now: UInt64) {
        refreshIfStale(at: .now())
        counters.lastScrapeUnixSeconds = Clock.realtimeNanoseconds() / 1_000_000_000
        guard publishedGeneration != sampler.generation else { return }
        let facts = ServerFacts(
            counters: counters, lateness: lateness, connections: connections.count,
            droppedLogMessages: sink.droppedCount, web: webFacts)
        catalog.publish(sampler, power, facts, &probe)
        publishedGeneration = sampler.generation
    }

    /// Answers bytes that are no request, and ends the connection.
    mutating func refuse(_ connection: inout Connection, _ status: Status, _ now: UInt64) -> Next {
        let response = Response(status: status, body: .explanation, persistence: .closing)
        return send(response, &connection, now) ?? .linger
    }

    /// Sends a response; nil if the next request may follow.
    mutating func send(_ response: Response, _ connection: inout Connection, _ now: UInt64) -> Next? {
        counters.count(response.status)
        let date = HTTPDate(unixSeconds: Clock.realtimeNanoseconds() / 1_000_000_000)
        var sent = 0
        var awaited = Interest.writable
        switch responses.send(response, on: &connection, date: date) {
        case .bytes(let count): sent = count
        case .wait(let interest): awaited = interest
        case .endOfFile, .failed: return .close
        }
        if sent > 0 { connection.lastProgressNanoseconds = now }
        let closes = response.persistence == .closing
        if responses.isComplete(response, sent: sent) { return closes ? .linger : nil }
        var output = outputPool.take()
        responses.copyRest(of: response, from: sent, into: &output)
        connection.output = consume output
        if closes { connection.phase = .finishing }
        return .wait(awaited)
    }

    /// Sends what is left of the last response; nil when all of it is sent.
    private mutating func flush(_ connection: inout Connection, _ now: UInt64) -> Next? {
        guard var output = connection.output.take() else { return nil }
        var awaited = Interest.writable
        switch output.withBytes({ bytes in connection.send(bytes, bytes.extracting(0..<0)) }) {
        case .bytes(let count):
            output.removeFirst(count)
            if count > 0 { connection.lastProgressNanoseconds = now }
        case .wait(let interest): awaited = interest
        case .endOfFile, .failed:
            outputPool.giveBack(output)
            return .close
        }
        if output.isEmpty {
            outputPool.giveBack(output)
            return nil
        }
        connection.output = consume output
        return .wait(awaited)
    }

    /// Throws away what a client still sends after its last response.
    private mutating func discardInput(_ connection: inout Connection) -> Next {
        var scratch = inputPool.take()
        let transfer = scratch.withFreeSpace { space in connection.socket.receive(into: &space) }
        inputPool.giveBack(scratch)
        switch transfer {
        case .bytes, .wouldBlock: return .wait(.readable)
        case .endOfFile, .failed: return .close
        }
    }
}

extension Connection {
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
    mutating func noteIncomplete(_ count: Int, _ now: UInt64) {
        parsedCount = count
        if count > 0 || bodyRemaining > 0 {
            requestStartNanoseconds = requestStartNanoseconds ?? now
        } else {
            requestStartNanoseconds = nil
        }
    }
}
