/// The formats in which metrics can be written.
public enum ExpositionFormat: CaseIterable, Equatable, Sendable {
    /// Prometheus' text format 0.0.4, which everybody understands: also the answer to a client that accepts none of these.
    case text
    case openMetrics100
    /// The same body as `openMetrics100`, under the version that older clients ask for.
    case openMetrics001
    /// Messages of `io.prometheus.client.MetricFamily`, each after its length: the only one with native histograms.
    case protobuf
}

/// What is done to a body on its way. See RFC 9110 section 8.4.
public enum ContentCoding: CaseIterable, Equatable, Sendable {
    case identity
    case gzip
}

/// The form in which a client wants the metrics.
public struct Representation: Equatable, Sendable {
    /// What the body is written in.
    public var format: ExpositionFormat
    /// The client named a way of escaping names, so the answer names one too: `underscores`, which changes none of the names
    /// here, since all are of the old alphabet.
    public var namesEscaping: Bool
    /// How the body is coded on its way.
    public var coding: ContentCoding

    /// By default the form for a client that asks for nothing.
    public init(format: ExpositionFormat = .text, namesEscaping: Bool = false, coding: ContentCoding = .identity) {
        self.format = format
        self.namesEscaping = namesEscaping
        self.coding = coding
    }

    /// The value of Content-Type, as Prometheus' own libraries write it.
    public var contentType: StaticString {
        switch (format, namesEscaping) {
        case (.text, false): "text/plain; version=0.0.4; charset=utf-8"
        case (.text, true): "text/plain; version=0.0.4; charset=utf-8; escaping=underscores"
        case (.openMetrics100, false): "application/openmetrics-text; version=1.0.0; charset=utf-8"
        case (.openMetrics100, true):
            "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores"
        case (.openMetrics001, false): "application/openmetrics-text; version=0.0.1; charset=utf-8"
        case (.openMetrics001, true):
            "application/openmetrics-text; version=0.0.1; charset=utf-8; escaping=underscores"
        case (.protobuf, false):
            "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
        case (.protobuf, true):
            "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited; escaping=underscores"
        }
    }
}
