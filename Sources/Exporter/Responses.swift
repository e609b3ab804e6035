import Bytes
import HTTP
import Kernel

/// One response, before it is bytes.
struct Response {
    enum Body {
        /// The metrics, as encoded last.
        case metrics
        case landing
        /// The status in words.
        case explanation
    }

    var status: Status
    var body: Body
    /// False for HEAD: the head tells the length of a body that is not sent.
    var includesBody = true
    var persistence: ResponseHead.Persistence
}

/// The bytes that responses are made of. The metrics page is encoded once and shared by all scrapes until the next sample.
struct Responses: ~Copyable {
    private static let textType: StaticString = "text/plain; charset=utf-8"
    private static let metricsType: StaticString = "text/plain; version=0.0.4; charset=utf-8"
    private static let htmlType: StaticString = "text/html; charset=utf-8"

    private var head = ByteBuffer(capacity: ResponseHead.longestBytes)
    private var explanation = ByteBuffer(capacity: 256)
    private let landing: ByteBuffer
    private var page: ByteBuffer
    /// The sample generation that the page was encoded from.
    private(set) var pageGeneration: UInt64 = 0

    init(landing: consuming ByteBuffer, longestPageBytes: Int) {
        self.landing = landing
        page = ByteBuffer(capacity: longestPageBytes)
    }

    /// The most bytes that one response can have.
    var longestResponseBytes: Int {
        ResponseHead.longestBytes + max(page.capacity, landing.count, explanation.capacity)
    }

    /// The longest page that there is room for.
    var pageCapacity: Int { page.capacity }

    /// Encodes the metrics page anew.
    mutating func replacePage(generation: UInt64, _ encode: (inout ByteBuffer) -> Void) {
        page.removeAll()
        encode(&page)
        precondition(!page.overflowed)
        pageGeneration = generation
    }

    /// Sends a response in one call.
    ///
    /// - Returns: how much of it the kernel took; the rest is to be had from `copyRest`, before another response is sent.
    mutating func send(_ response: Response, on socket: borrowing FileDescriptor, date: HTTPDate) -> Transfer {
        prepare(response, date)
        return head.withBytes { head in
            withBody(of: response) { body in
                socket.send(head, response.includesBody ? body : body.extracting(0..<0))
            }
        }
    }

    /// Whether so many bytes are all of the response that was prepared last.
    func isComplete(_ response: Response, sent: Int) -> Bool {
        let length = response.includesBody ? withBody(of: response) { $0.count } : 0
        return sent == head.count + length
    }

    /// Appends what the kernel did not take of the response that was sent last.
    func copyRest(of response: Response, from sent: Int, into output: inout ByteBuffer) {
        head.withBytes { head in
            if sent < head.count { output.append(head.extracting(sent..<head.count)) }
        }
        guard response.includesBody else { return }
        let skipped = max(0, sent - head.count)
        withBody(of: response) { body in output.append(body.extracting(skipped..<body.count)) }
    }

    private mutating func prepare(_ response: Response, _ date: HTTPDate) {
        if response.body == .explanation {
            explanation.removeAll()
            explanation.append(response.status.explanation)
            explanation.append("\n")
        }
        head.removeAll()
        head.append(
            ResponseHead(
                status: response.status, contentType: Responses.contentType(of: response.body),
                contentLength: withBody(of: response) { $0.count }, persistence: response.persistence, date: date))
        precondition(!head.overflowed && !explanation.overflowed)
    }

    private static func contentType(of body: Response.Body) -> StaticString {
        switch body {
        case .metrics: metricsType
        case .landing: htmlType
        case .explanation: textType
        }
    }

    private func withBody<Result>(of response: Response, _ use: (Span<UInt8>) -> Result) -> Result {
        switch response.body {
        case .metrics: page.withBytes(use)
        case .landing: landing.withBytes(use)
        case .explanation: explanation.withBytes(use)
        }
    }
}
