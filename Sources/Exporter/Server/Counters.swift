import HTTP

/// Why a connection or a request was turned away or ended by us, as the label `reason` tells it.
enum Rejection: String, CaseIterable {
    /// All connections are in use.
    case full
    /// Given up for a new one.
    case evicted
    /// Out of time.
    case timeout
    /// No file descriptor was left.
    case noDescriptors = "no_descriptors"
    /// No agreement on TLS.
    case tls
    /// A request beyond the rate that is allowed, answered 429.
    case rate

    var index: Int {
        switch self {
        case .full: 0
        case .evicted: 1
        case .timeout: 2
        case .noDescriptors: 3
        case .tls: 4
        case .rate: 5
        }
    }
}

extension Status {
    /// Its position among all cases, for tables.
    var index: Int {
        switch self {
        case .ok: 0
        case .badRequest: 1
        case .unauthorized: 2
        case .notFound: 3
        case .methodNotAllowed: 4
        case .requestTimeout: 5
        case .contentTooLarge: 6
        case .uriTooLong: 7
        case .expectationFailed: 8
        case .tooManyRequests: 9
        case .requestHeaderFieldsTooLarge: 10
        case .notImplemented: 11
        case .serviceUnavailable: 12
        case .versionNotSupported: 13
        }
    }
}

/// What the server counts about itself.
struct ServerCounters {
    private var responses = InlineArray<14, UInt64>(repeating: 0)
    private var rejections = InlineArray<6, UInt64>(repeating: 0)
    var missedTicks: UInt64 = 0
    /// When /metrics was last answered, on the wall clock; nil before.
    var lastScrapeUnixSeconds: UInt64?

    mutating func count(_ status: Status) { responses[status.index] += 1 }
    mutating func count(_ rejection: Rejection) { rejections[rejection.index] += 1 }
    func responses(_ status: Status) -> UInt64 { responses[status.index] }
    func rejections(_ rejection: Rejection) -> UInt64 { rejections[rejection.index] }
}
