import Bytes
public import HTTP

/// Why a connection or a request was turned away or ended by us, as the label `reason` tells it.
public enum Rejection: String, CaseIterable, Sendable {
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
}

/// What serving counts about itself.
public struct ServingCounters: Sendable {
    private var responses = CaseTable<Status, UInt64>(repeating: 0)
    private var rejections = CaseTable<Rejection, UInt64>(repeating: 0)
    /// When a page of metrics was last asked for, on the wall clock; nil before.
    public private(set) var lastScrapeUnixSeconds: UInt64?

    /// Nothing has happened yet.
    public init() {}

    mutating func count(_ status: Status) { responses[status] += 1 }
    mutating func count(_ rejection: Rejection) { rejections[rejection] += 1 }
    mutating func countScrape(unixSeconds: UInt64) { lastScrapeUnixSeconds = unixSeconds }

    /// How many responses had a status.
    public func responses(_ status: Status) -> UInt64 { responses[status] }
    /// How often something was turned away for a reason.
    public func rejections(_ rejection: Rejection) -> UInt64 { rejections[rejection] }
}

/// What serving tells the pages about itself.
public struct ServingFacts: Sendable {
    /// What was counted since the start.
    public var counters = ServingCounters()
    /// Open connections.
    public var connections = 0
    /// The web configuration file and the certificate.
    public var web = WebFacts()

    /// Nothing is open and nothing was counted.
    public init() {}
}

/// What the pages say about the web configuration file; without one, nothing.
public struct WebFacts: Sendable {
    /// Whether the file as it is now is in force; nil without a file.
    public var isUpToDate: Bool?
    /// The end of the certificate's time, since 1970; nil without TLS.
    public var certificateEndUnixSeconds: UInt64?

    /// Neither file nor certificate.
    public init() {}
}
