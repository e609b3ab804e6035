import Bytes

/// The kinds of metric that the exposition formats know and this program uses.
public enum MetricType: Sendable {
    case counter
    case gauge
    case summary
    case histogram

    /// What the text formats call it.
    var name: StaticString {
        switch self {
        case .counter: "counter"
        case .gauge: "gauge"
        case .summary: "summary"
        case .histogram: "histogram"
        }
    }

    /// The number of the same name in `MetricType` of Prometheus' metrics.proto.
    var protobufNumber: UInt64 {
        switch self {
        case .counter: 0
        case .gauge: 1
        case .summary: 2
        case .histogram: 4
        }
    }

    /// Whether a series of this kind can be called what its family's stem and `suffix` make, or the family itself can.
    func canBeNamed(withSuffix suffix: Span<UInt8>) -> Bool {
        switch self {
        case .gauge:
            suffix.isEmpty
        case .counter:
            suffix.isEmpty || suffix.equals("_total") || suffix.equals("_created")
        case .summary:
            suffix.isEmpty || suffix.equals("_sum") || suffix.equals("_count") || suffix.equals("_created")
        case .histogram:
            suffix.isEmpty || suffix.equals("_bucket") || suffix.equals("_sum") || suffix.equals("_count")
                || suffix.equals("_created")
        }
    }
}
