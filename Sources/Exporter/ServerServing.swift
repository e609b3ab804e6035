import Bytes
import Energy
import HTTP
import Kernel
import Metrics

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
            case .open: serve(&connection, now)
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
            // Nobody waits for another request of a client when the end has begun.
            let isIdle = connection.requestStartNanoseconds == nil && wanted == .readable
            if drainDeadlineNanoseconds != nil, connection.phase == .open, isIdle {
                return end(connection, slot: token.slot)
            }
            interest = wanted
        case .linger:
            guard connection.socket.finishSending() else { return end(connection, slot: token.slot) }
            connection.phase = .lingering
            connection.lastProgressNanoseconds = now
        case .close:
            return end(connection, slot: token.slot)
        }
        if connection.interest != interest {
            try epoll.modify(connection.socket, interest, token: token.word)
            connection.interest = interest
        }
        connections.putBack(connection, at: token.slot)
    }

    /// Closes a connection that was taken from its slot.
    mutating func end(_ connection: consuming Connection, slot: Int) {
        if let input = connection.input.take() { inputPool.giveBack(input) }
        if let output = connection.output.take() { outputPool.giveBack(output) }
        connections.release(slot)
        hasFreedSlot = true
    }

    /// Sends what is left of the last response, then answers requests: those already here, and once what arrived meanwhile.
    ///
    /// Requests that lie in our own buffer are unknown to epoll. When their turn is over, the connection waits to be writable,
    /// which it is at once if the peer takes its responses.
    private mutating func serve(_ connection: inout Connection, _ now: UInt64) -> Next {
        if let blocked = flush(&connection, now) { return blocked }
        var input = connection.input.take() ?? inputPool.take()
        let next = answerRequests(in: &input, &connection, now)
        if input.isEmpty {
            inputPool.giveBack(input)
        } else {
            connection.input = consume input
        }
        return next
    }

    private mutating func answerRequests(
        in input: inout ByteBuffer, _ connection: inout Connection, _ now: UInt64
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
                let response = respond(to: request, in: input, connection, now)
                input.removeFirst(request.headLength)
                connection.requestCompleted(bodyLength: request.bodyLength)
                if let next = send(response, &connection, now) { return next }
            case .malformed(let status):
                return refuse(&connection, status, now)
            case .incomplete:
                if hasReceived {
                    connection.noteIncomplete(input.count, now)
                    return .wait(.readable)
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
        let transfer = input.withFreeSpace { space in connection.socket.receive(into: &space) }
        switch transfer {
        case .bytes:
            connection.lastProgressNanoseconds = now
            return nil
        case .wouldBlock: return .wait(.readable)
        case .endOfFile, .failed: return .close
        }
    }

    /// Decides what a request is answered.
    private mutating func respond(
        to request: Request, in input: borrowing ByteBuffer, _ connection: borrowing Connection, _ now: UInt64
    ) -> Response {
        let keeps = request.keepsAlive && drainDeadlineNanoseconds == nil && !connection.isSurplus
        let persistence: ResponseHead.Persistence =
            !keeps ? .closing : request.isHTTP11 && !request.namesKeepAlive ? .open : .keptAlive
        var response = Response(
            status: .ok, body: .explanation, includesBody: request.method != .head, persistence: persistence)
        if connection.isSurplus {
            response.status = .serviceUnavailable
        } else if request.method == .notAllowed {
            response.status = .methodNotAllowed
        } else {
            switch input.withBytes({ routes.route($0.extracting(request.path)) }) {
            case .metrics:
                refreshPage(now)
                response.body = .metrics
            case .landing: response.body = .landing
            case .healthy: break
            case .ready: response.status = sampler.ticks > 0 ? .ok : .serviceUnavailable
            case .unknown: response.status = .notFound
            }
        }
        return response
    }

    /// Encodes the metrics if there is a newer sample than the page shows.
    private mutating func refreshPage(_ now: UInt64) {
        refreshIfStale(nanoseconds: now)
        counters.lastScrapeUnixSeconds = Clock.realtimeNanoseconds() / 1_000_000_000
        guard responses.pageGeneration != sampler.generation else { return }
        let facts = ServerFacts(
            counters: counters, lateness: lateness, connections: connections.count,
            droppedLogMessages: sink.droppedCount)
        catalog.publish(sampler, power, facts, &probe)
        responses.replacePage(generation: sampler.generation) { page in catalog.registry.encode(.text, into: &page) }
    }

    /// Answers bytes that are no request, and ends the connection.
    mutating func refuse(_ connection: inout Connection, _ status: Status, _ now: UInt64) -> Next {
        let response = Response(status: status, body: .explanation, persistence: .closing)
        return send(response, &connection, now) ?? .linger
    }

    /// Sends a response; nil if the next request may follow.
    private mutating func send(_ response: Response, _ connection: inout Connection, _ now: UInt64) -> Next? {
        counters.count(response.status)
        let date = HTTPDate(unixSeconds: Clock.realtimeNanoseconds() / 1_000_000_000)
        var sent = 0
        switch responses.send(response, on: connection.socket, date: date) {
        case .bytes(let count): sent = count
        case .wouldBlock: break
        case .endOfFile, .failed: return .close
        }
        if sent > 0 { connection.lastProgressNanoseconds = now }
        let closes = response.persistence == .closing
        if responses.isComplete(response, sent: sent) { return closes ? .linger : nil }
        var output = outputPool.take()
        responses.copyRest(of: response, from: sent, into: &output)
        connection.output = consume output
        if closes { connection.phase = .finishing }
        return .wait(.writable)
    }

    /// Sends what is left of the last response; nil when all of it is sent.
    private mutating func flush(_ connection: inout Connection, _ now: UInt64) -> Next? {
        guard var output = connection.output.take() else { return nil }
        let transfer = output.withBytes { bytes in connection.socket.send(bytes, bytes.extracting(0..<0)) }
        switch transfer {
        case .bytes(let count):
            output.removeFirst(count)
            if count > 0 { connection.lastProgressNanoseconds = now }
        case .wouldBlock: break
        case .endOfFile, .failed:
            outputPool.giveBack(output)
            return .close
        }
        if output.isEmpty {
            outputPool.giveBack(output)
            return nil
        }
        connection.output = consume output
        return .wait(.writable)
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
