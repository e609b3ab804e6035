/// The formats that a page can be written in.
public enum Exposition: Int, CaseIterable, Sendable {
    /// Prometheus' text format 0.0.4.
    case text
    /// OpenMetrics text; versions 0.0.1 and 1.0.0 have the same body.
    case openMetrics
    /// A stream of `io.prometheus.client.MetricFamily` messages, each after its length.
    case protobuf
}
