import Counters
import Sources

/// A source as the user names it: a kind, or whatever is best.
enum SourceName: String, CaseIterable {
    case auto
    case powercap
    case perf
    case hwmon
    case feeds
    case simulated

    /// The kind that is meant; nil for `auto`.
    var kind: SourceKind? {
        switch self {
        case .auto: nil
        case .powercap: .powercap
        case .perf: .perf
        case .hwmon: .hwmon
        case .feeds: .feeds
        case .simulated: .simulated
        }
    }

    /// What several of them mean together; nil if nothing was named.
    static func choice(_ names: [SourceName]) -> SourceChoice? {
        guard let first = names.first else { return nil }
        switch first {
        case .auto: return .auto
        case .simulated: return .simulated
        case .powercap, .perf, .hwmon, .feeds: return .these(names.compactMap(\.kind))
        }
    }
}
