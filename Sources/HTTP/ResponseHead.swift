public import Bytes

/// Everything that differs between the heads of this server's responses.
public struct ResponseHead: Sendable {
    /// What the client is told about the connection.
    public enum Persistence: Sendable {
        /// Open, which needs no words in HTTP/1.1.
        case open
        /// Open, said to an HTTP/1.0 client that asked.
        case keptAlive
        case closing
    }

    /// The answer in one number.
    public var status: Status
    /// The value of Content-Type.
    public var contentType: StaticString
    /// How the body is coded.
    public var contentCoding: ContentCoding
    /// Bytes of the body as it is sent, so after coding; nil for a body that ends with the connection or has a length in each of
    /// its chunks, and for a response without one.
    public var contentLength: Int?
    /// The body comes in chunks. See RFC 9112 section 7.1.
    public var isChunked = false
    /// What the client is told about the connection.
    public var persistence: Persistence
    /// When the response was made.
    public var date: HTTPDate
    /// When to ask again, for a response that says so.
    public var retryAfterSeconds: UInt64 = 1

    /// A head that asks for one second of patience where it asks for any.
    public init(
        status: Status, contentType: StaticString, contentCoding: ContentCoding = .identity, contentLength: Int?,
        persistence: Persistence, date: HTTPDate
    ) {
        self.status = status
        self.contentType = contentType
        self.contentCoding = contentCoding
        self.contentLength = contentLength
        self.persistence = persistence
        self.date = date
    }

    /// No head is longer, without the extra headers; see the test of the longest one.
    public static let longestBytes = 512
}

extension ByteBuffer {
    /// Appends a response's head with its empty line. See RFC 9110 section 6.6, RFC 9112 section 4.
    public mutating func append(_ head: ResponseHead) {
        append(linesOf: head)
        append("\r\n")
    }

    /// The same with more header lines in it, each with its CR LF: those of what is shown, and the operator's. For a response that
    /// leads elsewhere also with the path, and perhaps a query, that it leads to; it may be empty otherwise.
    public mutating func append(
        _ head: ResponseHead, location: Span<UInt8>, ownHeaders: Span<UInt8>, extraHeaders: Span<UInt8>
    ) {
        append(linesOf: head)
        append(ownHeaders)
        if head.status == .movedPermanently {
            append("Location: ")
            append(location)
            append("\r\n")
        }
        append(extraHeaders)
        append("\r\n")
    }

    private mutating func append(linesOf head: ResponseHead) {
        append("HTTP/1.1 ")
        append(head.status.line)
        append("\r\nDate: ")
        append(head.date)
        // What somebody has already has a type already.
        if head.status != .notModified {
            append("\r\nContent-Type: ")
            append(head.contentType)
        }
        if head.contentCoding == .gzip { append("\r\nContent-Encoding: gzip") }
        if let length = head.contentLength {
            append("\r\nContent-Length: ")
            append(decimal: UInt64(length))
        }
        if head.isChunked { append("\r\nTransfer-Encoding: chunked") }
        append("\r\nVary: Accept, Accept-Encoding\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n")
        switch head.persistence {
        case .open: break
        case .keptAlive: append("Connection: keep-alive\r\n")
        case .closing: append("Connection: close\r\n")
        }
        switch head.status {
        case .methodNotAllowed: append("Allow: GET, HEAD\r\n")
        case .tooManyRequests, .serviceUnavailable:
            append("Retry-After: ")
            append(decimal: head.retryAfterSeconds)
            append("\r\n")
        // RFC 7617 section 2.1: names and passwords beyond ASCII come in UTF-8.
        case .unauthorized: append("WWW-Authenticate: Basic realm=\"pyjoules-exporter\", charset=\"UTF-8\"\r\n")
        default: break
        }
    }
}
