import Bytes
import HTTP
import Kernel
import Log
import Logging
import TLS

/// Takes one connection at a time from what is ready to what is sent: TLS, requests, responses.
///
/// What it does for a connection in one call is bounded.
struct Responder: ~Copyable {
    var decisions: Decisions
    private var responses: Responses
    private var inputs = BufferPool(bufferCapacity: Limits.headBytes)
    private var recent = RecentHead()
    private var recentAnswer = RecentAnswer()
    private let log: Logger

    init(
        _ decisions: consuming Decisions, _ headers: consuming DocumentHeaders, _ repeated: consuming ZeroCopyResponse,
        _ log: Logger
    ) {
        self.decisions = decisions
        responses = Responses(headers, repeated)
        responses.setExtraHeaders(self.decisions.extraHeaders)
        self.log = log
    }

    /// The descriptor of the buffer that is sent without a copy.
    var zeroCopyBuffer: Int32? { responses.zeroCopyBuffer }

    /// So many connections are there.
    mutating func setConnections(_ count: Int) {
        decisions.setConnections(count)
        responses.setConnections(count)
    }

    /// Sets the date for all responses until it is set again.
    mutating func setDate(unixSeconds: UInt64) { responses.setDate(unixSeconds: unixSeconds) }

    /// Says once of each certificate that it has expired, whenever that happens.
    mutating func warnIfCertificateExpired() {
        decisions.warnIfCertificateExpired(unixSeconds: responses.unixSeconds, log)
    }

    /// Reads the web configuration again, and makes the loop follow what it asks for now.
    mutating func reload(_ file: inout WebFile, _ epoll: borrowing Epoll) throws(SystemError) {
        try decisions.reload(&file, epoll, log)
        responses.setExtraHeaders(decisions.extraHeaders)
        warnIfCertificateExpired()
    }

    /// Takes back what a connection that ends has borrowed.
    mutating func end(_ connection: inout Connection, _ token: Token) {
        connection.close()
        if let input = connection.takeInput() { inputs.giveBack(input) }
        responses.giveBack(connection.takeUnsent())
        if connection.phase == .awaitingCheck { decisions.forget(token) }
        if connection.stream != nil { decisions.endStream() }
    }

    /// Does a bounded amount of work for a connection that is ready.
    mutating func advance(
        _ connection: inout Connection, _ token: Token, _ content: inout some Publisher & ~Copyable, at now: UInt64
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
        case .streaming:
            // Only the peer's end is reported while nothing is owed.
            return connection.interest == .hangUp ? .close : responses.stream(&connection, at: now)
        case .lingering: return discardInput(&connection)
        }
    }

    /// What becomes of a connection whose time is over.
    mutating func expire(_ connection: inout Connection, at now: UInt64) -> Next {
        switch connection.phase {
        case .open where connection.interest == .readable && connection.request.startNanoseconds != nil:
            decisions.count(.timeout)
            return refuse(&connection, .requestTimeout, at: now)
        case .open where connection.interest == .readable, .shakingHands:
            decisions.count(.timeout)
            return .close
        case .lingering: return .close
        case .open, .awaitingCheck, .streaming, .finishing: return .giveUp(.timeout)
        }
    }

    /// Goes on agreeing on TLS; a connection that is done goes on to its first request, which is often here already.
    private mutating func shakeHands(
        _ connection: inout Connection, _ token: Token, _ content: inout some Publisher & ~Copyable, at now: UInt64
    ) -> Next {
        switch connection.handshake(at: now) {
        case .done: return serve(&connection, token, &content, at: now)
        case .wantsRead: return .wait(.readable)
        case .wantsWrite: return .wait(.writable)
        case .failed(let failure):
            decisions.count(.tls)
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
    private mutating func serve(
        _ connection: inout Connection, _ token: Token, _ content: inout some Publisher & ~Copyable, at now: UInt64
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

    private mutating func answerRequests(
        in input: inout ByteBuffer, _ connection: inout Connection, _ token: Token,
        _ content: inout some Publisher & ~Copyable,
        at now: UInt64
    ) -> Next {
        var answered = 0
        var hasReceived = false
        while true {
            if answered < Limits.requestsPerTurn, !input.isEmpty,
                let next = answerAgain(in: &input, &connection, content, &answered, at: now)
            {
                guard case .proceed = next else { return next }
            }
            switch connection.request.next(in: &input, &recent) {
            case .complete(let request):
                guard answered < Limits.requestsPerTurn else {
                    connection.request.postpone()
                    return .wait(.writable)
                }
                let next = answer(request, in: &input, &connection, token, &content, &answered, at: now)
                guard case .proceed = next else { return next }
            case .malformed(let status): return refuse(&connection, status, at: now)
            case .incomplete where hasReceived:
                connection.request.isIncomplete(input.count, at: now)
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

    private mutating func answer(
        _ request: Request, in input: inout ByteBuffer, _ connection: inout Connection, _ token: Token,
        _ content: inout some Publisher & ~Copyable, _ answered: inout Int, at now: UInt64
    ) -> Next {
        guard
            let response = decisions.response(to: request, input, &connection, token, &responses, &content, at: now)
        else {
            return .wait(.hangUp)
        }
        // One with a password, say, is not kept.
        let isRecent = input.withBytes { recent.begins($0) }
        input.removeFirst(request.headLength)
        connection.complete(bodyLength: request.bodyLength, at: now)
        // A page that had to be made is as much work as one turn bears, and so is a head of several kilobytes.
        answered += responses.takeHasMadePage() ? Limits.requestsPerTurn : 1
        answered += request.headLength / Limits.shortHeadBytes
        let next = send(response, on: &connection, at: now)
        recentAnswer =
            isRecent
            ? RecentAnswer(response, to: request, head: recent.number, responseHead: responses.headNumber)
            : RecentAnswer()
        return next
    }

    /// Answers a request that is the same as the last one, whoever sent that; nil if it is another, or might be answered otherwise.
    private mutating func answerAgain(
        in input: inout ByteBuffer, _ connection: inout Connection, _ content: borrowing some Publisher & ~Copyable,
        _ answered: inout Int, at now: UInt64
    ) -> Next? {
        guard recentAnswer.head == recent.number, recentAnswer.responseHead == responses.headNumber,
            content.standingGeneration(at: now) == recentAnswer.generation, decisions.answerAllAlike,
            connection.isAnsweredAsOthers, input.withBytes({ recent.begins($0) })
        else { return nil }
        decisions.countScrape(unixSeconds: responses.unixSeconds)
        connection.expectResponse(withinMilliseconds: recentAnswer.scrapeTimeoutMilliseconds, at: now)
        input.removeFirst(recentAnswer.headLength)
        connection.complete(bodyLength: recentAnswer.bodyLength, at: now)
        answered += 1 + recentAnswer.headLength / Limits.shortHeadBytes
        return responses.sendAgain(recentAnswer.response, on: &connection, at: now)
    }

    /// Somebody reads frames.
    var hasStreams: Bool { decisions.streams > 0 }

    /// Makes a frame of what has just happened; it is sent when its readers have their turn.
    mutating func appendFrame(_ content: inout some Publisher & ~Copyable) { responses.appendFrame(&content) }

    /// Answers bytes that are no request, and ends the connection.
    private mutating func refuse(_ connection: inout Connection, _ status: Status, at now: UInt64) -> Next {
        send(Response(status: status), on: &connection, at: now)
    }

    private mutating func send(_ response: Response, on connection: inout Connection, at now: UInt64) -> Next {
        decisions.count(response.status)
        return responses.send(response, on: &connection, at: now)
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

/// For a connection that stays in its place in the table.
extension Connection {
    /// See `Responder.advance`; also tells whether it waits for something else than before, or ends.
    mutating func advance(
        _ responder: inout Responder, _ token: Token, _ content: inout some Publisher & ~Copyable, at now: UInt64
    ) -> (step: Next, changes: Bool) {
        let next = responder.advance(&self, token, &content, at: now)
        if case .wait(let wanted) = next, wanted == interest { return (next, false) }
        return (next, true)
    }

    /// See `Responder.expire`.
    mutating func expire(_ responder: inout Responder, at now: UInt64) -> Next { responder.expire(&self, at: now) }
}
