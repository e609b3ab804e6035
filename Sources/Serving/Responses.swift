import Bytes
import HTTP
import Kernel

/// One response, before it is bytes.
struct Response {
    /// What is in the body.
    enum Body {
        /// A page of metrics, or another that is lent.
        case page(Slot, contentType: StaticString, coding: ContentCoding)
        /// None: the client has what it asks for.
        case nothing
        /// Frames, as they come.
        case stream(isChunked: Bool)
        /// It is not served.
        case streamIsOff
        /// There are as many streams as there may be.
        case streamsAreFull
        /// The status in words.
        case explanation
        /// For a client that speaks HTTP where TLS is spoken.
        case needsTLS
        /// There are no values yet.
        case notReady
    }

    var status: Status
    var body = Body.explanation
    /// False for HEAD: the head tells the length of a body that is not sent.
    var includesBody = true
    var persistence = ResponseHead.Persistence.closing
    /// When to ask again, for a status that says so.
    var retryAfterSeconds: UInt64 = 1
    /// Of the content, for a page that is sent to all who ask the same while it is of this generation; nil for other responses.
    var generation: UInt64?

    /// The page that is sent after the head; nil if there is none, or only its length is told.
    fileprivate var page: Slot? {
        if includesBody, case .page(let slot, _, _) = body { slot } else { nil }
    }
}

/// Makes responses into bytes and sends them: the head with a short body from here, a page from where it lies.
struct Responses: ~Copyable {
    /// The most bytes that the operator's own headers may have; see the web configuration file.
    static let extraHeaderBytes = 4096

    private static let textType: StaticString = "text/plain; charset=utf-8"
    private static let streamType: StaticString = "application/x-ndjson"
    private static let explanationBytes = 256
    /// A path with a query; with a longer one nobody is led elsewhere.
    private static let locationBytes = 1024

    /// The head, and a body that is only a few words.
    private var head: ByteBuffer
    /// What the head says, where it is that of a page and may say the same of the next response.
    private var composed: PageHead?
    /// Goes up with each head that is made, and with what puts the last one out of date.
    private(set) var headNumber: UInt64 = 0
    private var explanation = ByteBuffer(capacity: Responses.explanationBytes)
    /// The operator's own header lines, for every response.
    private var extraHeaders: [UInt8] = []
    /// Where the next response leads that leads elsewhere.
    private var location = ByteBuffer(capacity: Responses.locationBytes)
    private var pages = Pages()
    private var headers: DocumentHeaders
    private var streams = StreamSender()
    private var repeated: ZeroCopyResponse
    /// For what is left of a head.
    private var rests: BufferPool
    /// What the Date of a response says, on the wall clock.
    private(set) var unixSeconds: UInt64 = 0
    private var date = HTTPDate(unixSeconds: 0)

    init(_ headers: consuming DocumentHeaders, _ repeated: consuming ZeroCopyResponse) {
        self.repeated = repeated
        let capacity =
            ResponseHead.longestBytes + Responses.extraHeaderBytes + Responses.explanationBytes
            + Responses.locationBytes + headers.longestBytes
        self.headers = headers
        head = ByteBuffer(capacity: capacity)
        rests = BufferPool(bufferCapacity: capacity)
    }

    /// The descriptor of the buffer that is sent without a copy.
    var zeroCopyBuffer: Int32? { repeated.descriptor }

    /// So many connections are there.
    mutating func setConnections(_ count: Int) { repeated.setConnections(count) }

    /// Sets the date for all responses until it is set again.
    mutating func setDate(unixSeconds: UInt64) {
        guard unixSeconds != self.unixSeconds else { return }
        self.unixSeconds = unixSeconds
        date = HTTPDate(unixSeconds: unixSeconds)
        headNumber += 1
    }

    /// Sets the operator's own header lines for all responses until they are set again.
    mutating func setExtraHeaders(_ lines: [UInt8]) {
        extraHeaders = lines
        composed = nil
        headNumber += 1
    }

    /// Says where the next response leads: to a path, which is appended, with a query; false if they are too long.
    mutating func setLocation(query: Span<UInt8>, path: (inout ByteBuffer) -> Void) -> Bool {
        location.removeAll()
        path(&location)
        if !query.isEmpty {
            location.append("?")
            location.append(query)
        }
        return !location.overflowed
    }

    /// The page of all families, if it is there already, as for most requests it is.
    func wholePage(_ representation: Representation, generation: UInt64) -> Response.Body? {
        pages.wholePage(.metrics(representation.format), representation.coding, generation: generation).map {
            .page($0, contentType: representation.contentType, coding: representation.coding)
        }
    }

    /// The page that a request asks for.
    mutating func page<Content: Publisher & ~Copyable>(
        _ representation: Representation, selecting selection: Content.Selection?, generation: UInt64,
        _ content: inout Content
    ) -> Response.Body {
        let page = pages.page(
            .metrics(representation.format), representation.coding, selecting: selection, generation: generation,
            &content)
        return .page(page.slot, contentType: representation.contentType, coding: page.coding)
    }

    /// A document that has an entity tag; nothing for a client that has it already.
    ///
    /// - Parameter known: the value of If-None-Match; empty without it.
    mutating func document(
        _ document: Document, _ wanted: ContentCoding, generation: UInt64, known: Span<UInt8>,
        hasOperatorsPolicy: Bool, _ content: inout some Publisher & ~Copyable
    ) -> Response.Body {
        let tag = headers.tag(document, wanted, generation: generation)
        guard !tag.isListed(in: known) else {
            headers.describe(document, tag, hasOperatorsPolicy: hasOperatorsPolicy)
            return .nothing
        }
        let page = pages.page(document, wanted, selecting: nil, generation: generation, &content)
        headers.describe(
            document, headers.tag(document, page.coding, generation: generation),
            hasOperatorsPolicy: hasOperatorsPolicy)
        return .page(page.slot, contentType: document.contentType, coding: page.coding)
    }

    /// Whether a page was written or compressed since the last question.
    mutating func takeHasMadePage() -> Bool { pages.takeHasMade() }

    /// Sends a response in one call. The connection keeps what is not taken.
    mutating func send(_ response: Response, on connection: inout Connection, at now: UInt64) -> Next {
        let wanted = pageHead(response)
        if wanted == nil || wanted != composed {
            compose(response)
            composed = wanted
            headNumber += 1
            repeated.forget()
        }
        return sendAgain(response, on: &connection, at: now)
    }

    /// Sends the response whose head was made last, as long as `headNumber` is what it was after that.
    mutating func sendAgain(_ response: Response, on connection: inout Connection, at now: UInt64) -> Next {
        let page = response.page
        // Even if it cannot be sent: it counts as one until the connection ends.
        if case .stream(let isChunked) = response.body, response.includesBody {
            connection.beginStream(at: streams.frames.count, isChunked: isChunked)
        }
        let mayComeAgain = composed != nil && page != nil
        if mayComeAgain, let movement = repeated.sendWithoutCopy(on: &connection, at: now) {
            return next(after: movement, of: repeated.count, response, &connection)
        }
        var length = 0
        let movement = head.withBytes { head in
            pages.withBytes(page, after: head) { first, second in
                length = first.count + second.count
                return mayComeAgain
                    ? repeated.send(first, second, on: &connection, at: now)
                    : connection.send(first, second, at: now)
            }
        }
        return next(after: movement, of: length, response, &connection)
    }

    /// What follows once some of a response's bytes were taken. The connection keeps what was not.
    private mutating func next(
        after movement: Movement, of length: Int, _ response: Response, _ connection: inout Connection
    ) -> Next {
        let sent: Int
        let awaited: Interest
        switch movement {
        case .bytes(let count): (sent, awaited) = (count, .writable)
        case .wait(let interest): (sent, awaited) = (0, interest)
        case .endOfFile, .failed: return .close
        }
        let isStream = connection.phase == .streaming
        if isStream, sent == head.count { return .wait(.hangUp) }
        let closes = response.persistence == .closing && !isStream
        if sent == length { return closes ? .linger : .proceed }
        connection.owe(rest(after: sent, response.page))
        if closes { connection.finish() }
        return .wait(awaited)
    }

    /// Sends what is left of the last response.
    mutating func flush(_ connection: inout Connection, at now: UInt64) -> Next {
        guard connection.owesBytes, var unsent = connection.takeUnsent() else { return .proceed }
        if let page = unsent.page, !pages.holds(page) {
            giveBack(unsent)
            return .giveUp(.evicted)
        }
        let movement = unsent.withBytes { own in
            pages.withBytes(of: unsent.page) { connection.send(own, $0, at: now) }
        }
        var awaited = Interest.writable
        switch movement {
        case .bytes(let count):
            unsent.removeFirst(count)
            if count > 0 { pages.markRead(unsent.page) }
        case .wait(let interest): awaited = interest
        case .endOfFile, .failed:
            giveBack(unsent)
            return .close
        }
        if unsent.withBytes({ $0.isEmpty }), pages.withBytes(of: unsent.page, { $0.isEmpty }) {
            giveBack(unsent)
            return .proceed
        }
        connection.owe(unsent)
        return .wait(awaited)
    }

    /// Makes a frame of what has just happened.
    mutating func appendFrame(_ content: inout some Publisher & ~Copyable) { streams.append(&content) }

    /// Sends a stream what it owes, and then frames that are new to it.
    mutating func stream(_ connection: inout Connection, at now: UInt64) -> Next {
        for _ in 0...Limits.framesPerTurn {
            let flushed = flush(&connection, at: now)
            guard case .proceed = flushed else { return flushed }
            let next = streams.sendNext(&connection, &rests, at: now)
            guard case .proceed = next else { return next }
        }
        return .wait(.writable)
    }

    /// Takes back what a connection that ends did not send.
    mutating func giveBack(_ unsent: consuming Unsent?) {
        guard let unsent else { return }
        pages.giveBack(unsent.page)
        if let buffer = unsent.takeBuffer() { rests.giveBack(buffer) }
    }

    private mutating func rest(after sent: Int, _ page: Slot?) -> Unsent {
        let loan = page.map { pages.lend($0, from: max(0, sent - head.count)) }
        guard sent < head.count else { return Unsent(nil, loan) }
        var buffer = rests.take()
        head.withBytes { buffer.append($0.extracting(sent..<$0.count)) }
        return Unsent(buffer, loan)
    }

    /// Which page it is, and all that its head depends on, but for the operator's own header lines; nil for another response, and for a page with
    /// header lines of its own.
    private mutating func pageHead(_ response: Response) -> PageHead? {
        guard case .page(let slot, let contentType, let coding) = response.body, response.status == .ok, headers.isEmpty
        else { return nil }
        return PageHead(
            contentType: contentType, coding: coding, contentLength: pages.withBytes(slot) { $0.count },
            page: pages.number(slot), persistence: response.persistence, unixSeconds: unixSeconds)
    }

    private mutating func compose(_ response: Response) {
        explain(response)
        var next = ResponseHead(
            status: response.status, contentType: Responses.textType, contentLength: explanation.count,
            persistence: response.persistence, date: date)
        next.retryAfterSeconds = response.retryAfterSeconds
        if case .page(let slot, let contentType, let coding) = response.body {
            next.contentType = contentType
            next.contentCoding = coding
            next.contentLength = pages.withBytes(slot) { $0.count }
        }
        if case .nothing = response.body { next.contentLength = nil }
        if case .stream(let isChunked) = response.body {
            (next.contentType, next.contentLength, next.isChunked) = (Responses.streamType, nil, isChunked)
        }
        head.removeAll()
        let extraHeaders = extraHeaders
        headers.withBytes { own in
            location.withBytes { head.append(next, location: $0, ownHeaders: own, extraHeaders: extraHeaders.span) }
        }
        headers.removeAll()
        if response.includesBody { explanation.withBytes { head.append($0) } }
        precondition(!head.overflowed && !explanation.overflowed)
    }

    private mutating func explain(_ response: Response) {
        explanation.removeAll()
        switch response.body {
        case .page, .nothing, .stream: return
        case .explanation, .needsTLS, .notReady, .streamIsOff, .streamsAreFull: break
        }
        // Who asks for the health of an exporter has to know that one answers: others have the same paths and the same port.
        explanation.append("pyjoules-exporter: ")
        switch response.body {
        case .page, .nothing, .stream: break
        case .explanation where response.status == .tooManyRequests:
            explanation.append("There are too many requests; try again in ")
            explanation.append(seconds: response.retryAfterSeconds)
        case .explanation: explanation.append(response.status.explanation)
        case .needsTLS: explanation.append("This port speaks TLS: use https instead of http.")
        case .streamIsOff: explanation.append("The stream is off; --web.enable-stream turns it on.")
        case .streamsAreFull: explanation.append("There are as many streams as there may be; try again later.")
        case .notReady: explanation.append("The first values are not there yet; try again in a second.")
        }
        explanation.append("\n")
    }
}

/// What the head of a page says, and of which page: scrapes of one second differ in nothing of it.
private struct PageHead: Equatable {
    let contentType: StaticString
    let coding: ContentCoding
    let contentLength: Int
    let page: UInt64
    let persistence: ResponseHead.Persistence
    let unixSeconds: UInt64

    static func == (one: PageHead, other: PageHead) -> Bool {
        unsafe one.contentType.utf8Start == other.contentType.utf8Start && one.coding == other.coding
            && one.contentLength == other.contentLength && one.page == other.page
            && one.persistence == other.persistence
            && one.unixSeconds == other.unixSeconds
    }
}

extension ByteBuffer {
    /// Appends the end of a sentence that tells a time: `a second.` or `60 seconds.`
    fileprivate mutating func append(seconds: UInt64) {
        if seconds == 1 {
            append("a second.")
        } else {
            append(decimal: seconds)
            append(" seconds.")
        }
    }
}
