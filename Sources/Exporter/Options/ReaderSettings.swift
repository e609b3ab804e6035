import Log
import Logging

/// What the options of a reader decide.
struct ReaderSettings {
    /// From one publication to the next.
    var intervalNanoseconds: UInt64
    /// The directory of the feeds.
    var feeds = "/run/pyjoules-exporter/feeds"
    var sysfs = "/sys"
    var procfs = "/proc"
    /// The library of NVIDIA's driver, where it is not at one of the usual places.
    var library: String?
    var entersSandbox = true
    var logLevel = Logger.Level.info
    var logFormat: LineFormat?
}

/// The time between two publications of a reader of GPUs: each costs the machine some milliseconds.
struct ReadingInterval: TimeSpan {
    static let shortestNanoseconds: UInt64 = 200_000_000
    static let longestSeconds: UInt64 = 60
    static let examples = "0.5, 500ms or 1s"
    let nanoseconds: UInt64
}

/// The time between two publications of a reader of sensors that take seconds.
struct SensorInterval: TimeSpan {
    static let shortestNanoseconds: UInt64 = 1_000_000_000
    static let longestSeconds: UInt64 = 600
    static let examples = "5 or 30s"
    let nanoseconds: UInt64
}
