public import HTTP

/// A kind of document that is made of the content. Of each there is one for each generation, and for each coding that is asked for.
public enum Document: Equatable, Sendable {
    /// Metrics, for whoever scrapes.
    case metrics(ExpositionFormat)
    /// JSON, for programs; with what was before, where that is asked for.
    case json(withHistory: Bool)
    /// HTML, for people.
    case page

    /// Those that are the same but for the head of the response are one.
    var body: Document {
        switch self {
        case .metrics(let format): .metrics(format.body)
        case .json, .page: self
        }
    }

    /// The value of Content-Type, where the client has no choice.
    var contentType: StaticString {
        switch self {
        case .metrics(let format): Representation(format: format).contentType
        case .json: "application/json"
        case .page: "text/html; charset=utf-8"
        }
    }

    /// What tells its entity tags from those of other kinds; in upper case where it is compressed.
    func letter(_ coding: ContentCoding) -> UInt8 {
        let letter =
            switch self {
            case .metrics: UInt8(ascii: "m")
            case .json(withHistory: false): UInt8(ascii: "j")
            case .json(withHistory: true): UInt8(ascii: "h")
            case .page: UInt8(ascii: "p")
            }
        return coding == .gzip ? letter & ~0x20 : letter
    }
}

/// Where documents are served.
public struct ServicePaths: Sendable {
    /// Metrics.
    public var telemetry: String
    /// JSON.
    public var json: String
    /// Frames, as they come.
    public var stream: String
    /// Otherwise whoever asks for the stream is told how it is turned on.
    public var servesStream: Bool

    /// The page is at `/` and what tells of the program's health below `/-/`, which these are not.
    public init(telemetry: String, json: String, stream: String, servesStream: Bool) {
        self.telemetry = telemetry
        self.json = json
        self.stream = stream
        self.servesStream = servesStream
    }
}
