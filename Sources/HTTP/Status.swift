/// The statuses that this server gives. See RFC 9110 section 15, RFC 6585.
public enum Status: Int, CaseIterable, Sendable {
    case ok = 200
    case movedPermanently = 301
    case notModified = 304
    case badRequest = 400
    case unauthorized = 401
    case notFound = 404
    case methodNotAllowed = 405
    case requestTimeout = 408
    case contentTooLarge = 413
    case uriTooLong = 414
    case expectationFailed = 417
    case tooManyRequests = 429
    case requestHeaderFieldsTooLarge = 431
    case notImplemented = 501
    case serviceUnavailable = 503
    case versionNotSupported = 505

    /// The status line without HTTP version: code, space, reason.
    public var line: StaticString {
        switch self {
        case .ok: "200 OK"
        case .movedPermanently: "301 Moved Permanently"
        case .notModified: "304 Not Modified"
        case .badRequest: "400 Bad Request"
        case .unauthorized: "401 Unauthorized"
        case .notFound: "404 Not Found"
        case .methodNotAllowed: "405 Method Not Allowed"
        case .requestTimeout: "408 Request Timeout"
        case .contentTooLarge: "413 Content Too Large"
        case .uriTooLong: "414 URI Too Long"
        case .expectationFailed: "417 Expectation Failed"
        case .tooManyRequests: "429 Too Many Requests"
        case .requestHeaderFieldsTooLarge: "431 Request Header Fields Too Large"
        case .notImplemented: "501 Not Implemented"
        case .serviceUnavailable: "503 Service Unavailable"
        case .versionNotSupported: "505 HTTP Version Not Supported"
        }
    }

    /// One sentence for a person who sees the response.
    public var explanation: StaticString {
        switch self {
        case .ok: "OK."
        case .movedPermanently: "This is served under the path that Location names."
        case .notModified: "It is as it was when it was asked for last."
        case .badRequest: "The request is not well-formed HTTP/1.1."
        case .unauthorized: "A user name and password that are known here are needed."
        case .notFound: "There is nothing here; / lists what there is."
        case .methodNotAllowed: "Only GET and HEAD are answered here."
        case .requestTimeout: "The request did not arrive in time."
        case .contentTooLarge: "The request has a body that is too long; none is needed."
        case .uriTooLong: "The request target is too long."
        case .expectationFailed: "Only the expectation 100-continue is understood."
        case .tooManyRequests: "There are too many requests; try again in a second."
        case .requestHeaderFieldsTooLarge: "The request's headers are too long or too many."
        case .notImplemented: "The method or transfer coding is not known here."
        case .serviceUnavailable: "All connections are in use; try again in a second."
        case .versionNotSupported: "Only HTTP/1.1 and HTTP/1.0 are spoken here."
        }
    }
}
