/// How a counter is read, as the label `source` tells it.
public enum SourceKind: String, Sendable, CaseIterable {
    /// The zones of the kernel's powercap framework: RAPL.
    case powercap
    /// The energy events of the kernel's power unit: the same registers as powercap's.
    case perf
    /// The sensors of the kernel's hwmon class.
    case hwmon
    /// What other processes publish: see docs/feeds.md.
    case feeds
    /// A machine that does not exist.
    case simulated
}
