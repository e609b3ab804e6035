import Attribution
import Bytes
import Kernel
import Log
import Logging
import Serving
import Sources

/// Everything that the options and the environment decide, checked.
struct Configuration {
    /// Nil where systemd's sockets are used if there are any, and `defaultPort` on every address if not.
    var listenAddresses: [SocketAddress] = []
    var defaultPort: UInt16 = 9091
    /// What names another address or port than the usual one, as it was written; nil if nothing does.
    var addressSetting: String?
    /// Sockets must come from systemd.
    var requiresInheritedSockets = false
    var telemetryPath = "/metrics"
    var maximumConnections = 256
    /// The file with TLS, passwords and headers.
    var webConfigurationFile: String?
    /// OpenMetrics pages have a `_created` series for each counter and histogram.
    var showsCreated = false
    var sampleInterval = SampleInterval(nanoseconds: 100_000_000)
    /// Pages show newer values at most so often.
    var resolution = Resolution(nanoseconds: 1_000_000_000)
    /// Every sample is told to whoever asks for the stream.
    var servesStream = false
    var source = SourceChoice.auto
    /// `pyjoules_power_watts` is shown, which only protobuf can without classic buckets.
    var hasHistograms = true
    var hasClassicBuckets = false
    /// Where the ledger is kept without systemd.
    var stateFile: String?
    var sysfs = "/sys"
    var procfs = "/proc"
    var feeds = SystemRoots.usualFeeds
    /// Who used the energy; nil if nobody asks.
    var attribution: AttributionChoice? = AttributionChoice()
    /// The directory of the cgroups, where it is not the usual one below `sysfs`.
    var cgroupfs: String?
    /// Directories that were named by the user; one that is missing is a mistake, while a machine may well lack the defaults.
    var mustExist: [String] = []
    /// Settings that are not used, each in words for people.
    var warnings: [String] = []
    /// Everything is given up once it is open.
    var entersSandbox = true
    var logLevel = Logger.Level.info
    var logFormat: LineFormat?
}

/// A value that is wrong, and what is allowed instead. The option's name is added by whoever asked for it.
struct WrongValue: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// Checks of single values, which options and environment share.
enum Parsing {
    static func port(_ text: String) throws(WrongValue) -> UInt16 {
        guard let port = UInt16(text), port > 0, text.utf8.allSatisfy(\.isASCIIDigit) else {
            throw WrongValue("allowed are the ports 1 to 65535")
        }
        return port
    }

    static func address(_ text: String) throws(WrongValue) -> SocketAddress {
        guard let address = SocketAddress(text) else {
            throw WrongValue(
                "allowed are :PORT, IPv4:PORT, [IPv6]:PORT, localhost:PORT, unix:/PATH, unix:/PATH?mode=MODE and vsock://:PORT, such as "
                    + ":9091, 127.0.0.1:9091, [::1]:9091, unix:/run/pyjoules.sock?mode=0660 or vsock://:9091")
        }
        return address
    }

    /// Where JSON is served.
    static let jsonPath = "/api/v1/power"
    /// Where every sample is, as it comes.
    static let streamPath = "/api/v1/stream"

    static func telemetryPath(_ text: String) throws(WrongValue) -> String {
        let reserved = ["/", "/-/healthy", "/-/ready", jsonPath, streamPath]
        let isPath =
            text.hasPrefix("/") && text.utf8.count <= 256
            && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"\"<>#?&'".utf8.contains($0) }
        guard isPath, !reserved.contains(text) else {
            throw WrongValue(
                "allowed is a path like /metrics, of printable ASCII without quotation marks and any of <>#?&, other than /, /-/... and /api/v1/..."
            )
        }
        return text
    }

    static func maximumConnections(_ text: String) throws(WrongValue) -> Int {
        guard let count = Int(text), count >= 1, count <= Serving.mostConnections else {
            throw WrongValue("allowed are 1 to \(Serving.mostConnections)")
        }
        return count
    }

    static func file(_ text: String) throws(WrongValue) -> String {
        guard text.hasPrefix("/"), !text.hasSuffix("/") else { throw WrongValue("allowed is a file's absolute path") }
        return text
    }

    static func directory(_ text: String) throws(WrongValue) -> String {
        guard text.hasPrefix("/") else { throw WrongValue("allowed is an absolute path") }
        return text
    }

    static func oneOf<Choice: CaseIterable & RawRepresentable<String>>(_ text: String) throws(WrongValue) -> Choice {
        guard let choice = Choice(rawValue: text) else {
            throw WrongValue("allowed are \(Choice.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return choice
    }

    /// A level by its own name, or as the exporters of Prometheus call warnings.
    static func logLevel(_ text: String) throws(WrongValue) -> Logger.Level {
        text == "warn" ? .warning : try oneOf(text)
    }

    static func logFormat(_ text: String) throws(WrongValue) -> LineFormat? {
        if text == "auto" { return nil }
        guard let format = LineFormat(rawValue: text) else { throw WrongValue("allowed are auto, logfmt, json") }
        return format
    }
}
