/// A request's head, as far as this server needs it. Ranges point into the bytes that were parsed.
public struct Request: Equatable, Sendable {
    /// The methods that are told apart.
    public enum Method: Equatable, Sendable {
        case get
        case head
        /// A registered method that nothing here answers.
        case notAllowed
    }

    /// What the client wants.
    public var method: Method
    /// The path, from its slash to before the question mark; empty for `OPTIONS *` and `CONNECT`.
    public var path: Range<Int>
    /// What follows the question mark; empty if there is none. See `forEachQueryValue`.
    public var query: Range<Int>
    /// HTTP/1.1 or later; otherwise HTTP/1.0.
    public var isHTTP11: Bool
    /// The client wants to send more requests on this connection.
    public var keepsAlive: Bool
    /// The client asked for `Connection: keep-alive` by name, so an HTTP/1.0 client must be told that it is granted.
    public var namesKeepAlive: Bool
    /// The form in which the client wants the metrics.
    public var representation: Representation
    /// The value of Authorization; nil without that header. It is a secret: never to be logged.
    public var authorization: Range<Int>?
    /// The value of If-None-Match: see `EntityTag`. Nil without that header, or if there are several.
    public var ifNoneMatch: Range<Int>?
    /// How long the client waits for the answer, if it says so.
    public var scrapeTimeoutMilliseconds: UInt64?
    /// Bytes of the head, with the empty line.
    public var headLength: Int
    /// Bytes of the body that follow the head and are to be thrown away.
    public var bodyLength: Int
}

/// What the bytes so far amount to.
public enum ParseResult: Equatable, Sendable {
    /// The beginning of a request; more bytes are needed.
    case incomplete
    /// No request can come of it: answer with the status and close.
    case malformed(Status)
    case complete(Request)
}
