import Bytes
import HTTP
import Kernel
import Metrics

/// One response, before it is bytes.
struct Response {
    enum Body {
        /// The metrics, on a page that was prepared.
        case metrics(PageSlot, contentType: StaticString)
        case landing
        /// The status in words.
        case explanation
        /// For who speaks HTTP where TLS is spoken.
        case needsTLS
    }

    var status: Status
    var body: Body
    /// False for HEAD: the head tells the length of a body that is not sent.
    var includesBody = true
    var persistence: ResponseHead.Persistence
    /// When to ask again, for a status that says so.
    var retryAfterSeconds: UInt64 = 1
}

/// The bytes that responses are made of.
struct Responses: ~Copyable {
    /// The most bytes that the operator's own headers may have; see the web configuration file.
    static let extraHeaderBytes = 4096

    private static let textType: StaticString = "text/plain; charset=utf-8"
    private static let htmlType: StaticString = "text/html; charset=utf-8"

    private var head = ByteBuffer(capacity: ResponseHead.longestBytes + Responses.extraHeaderBytes)
    private var explanation = ByteBuffer(capacity: 256)
    private let landing: ByteBuffer
    var pages: Pages
    /// The operator's own headers, ready to be sent.
    var extraHeaders: [UInt8] = []

    init(landing: consuming ByteBuffer, pages: consuming Pages) {
        self.landing = landing
        self.pages = pages
    }

    /// The most bytes that one response can have.
    var longestResponseBytes: Int {
        head.capacity + max(pages.longestCapacity, landing.count, explanation.capacity)
    }

    /// Sends a response in one call.
    ///
    /// - Returns: how much of it was taken; the rest is to be had from `copyRest`, before another response is sent.
    mutating func send(_ response: Response, on connection: inout Connection, date: HTTPDate) -> Movement {
        prepare(response, date)
        return head.withBytes { head in
            withBody(of: response) { body in
                connection.send(head, response.includesBody ? body : body.extracting(0..<0))
            }
        }
    }

    /// Whether so many bytes are all of the response that was prepared last.
    func isComplete(_ response: Response, sent: Int) -> Bool {
        let length = response.includesBody ? withBody(of: response) { $0.count } : 0
        return sent == head.count + length
    }

    /// Appends what was not taken of the response that was sent last.
    func copyRest(of response: Response, from sent: Int, into output: inout ByteBuffer) {
        head.withBytes { head in
            if sent < head.count { output.append(head.extracting(sent..<head.count)) }
        }
        guard response.includesBody else { return }
        let skipped = max(0, sent - head.count)
        withBody(of: response) { body in output.append(body.extracting(skipped..<body.count)) }
    }

    private mutating func prepare(_ response: Response, _ date: HTTPDate) {
        explain(response)
        var next = ResponseHead(
            status: response.status, contentType: Responses.textType,
            contentLength: withBody(of: response) { $0.count }, persistence: response.persistence, date: date)
        next.retryAfterSeconds = response.retryAfterSeconds
        switch response.body {
        case .metrics(let page, let contentType):
            next.contentType = contentType
            next.contentCoding = page.isGzip ? .gzip : .identity
        case .landing: next.contentType = Responses.htmlType
        case .explanation, .needsTLS: break
        }
        head.removeAll()
        let extraHeaders = extraHeaders
        head.append(next, extraHeaders: extraHeaders.span)
        precondition(!head.overflowed && !explanation.overflowed)
    }

    private mutating func explain(_ response: Response) {
        switch response.body {
        case .metrics, .landing: return
        case .explanation:
            explanation.removeAll()
            explanation.append(response.status.explanation)
        case .needsTLS:
            explanation.removeAll()
            explanation.append("This port speaks TLS: use https instead of http.")
        }
        explanation.append("\n")
    }

    private func withBody<Result>(of response: Response, _ use: (Span<UInt8>) -> Result) -> Result {
        switch response.body {
        case .metrics(let page, _): pages.withPage(page, use)
        case .landing: landing.withBytes(use)
        case .explanation, .needsTLS: explanation.withBytes(use)
        }
    }
}
