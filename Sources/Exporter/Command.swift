import ArgumentParser
import Kernel
import Logging

/// The command line.
struct Command: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pyjoules-exporter",
        abstract: "Measures the energy this machine uses and serves it to Prometheus.",
        discussion: """
            Without options it reads the RAPL counters under /sys/class/powercap ten times a second and serves \
            http://HOST:9091/metrics. A flag beats the environment (EXPORTER_PORT, SCRAPE_INTERVAL_SECONDS).
            """,
        version: "pyjoules-exporter \(Build.version) (revision \(Build.revision), Swift \(Build.swift))"
    )

    @Option(
        name: .customLong("web.listen-address"),
        help: ArgumentHelp(
            "Where to listen: :9091, 127.0.0.1:9091 or [::1]:9091; may be repeated. EXPORTER_PORT sets the default's port. (default: :9091)",
            valueName: "address"),
        transform: Parsing.address)
    var listenAddresses: [SocketAddress] = []

    @Flag(
        name: .customLong("web.systemd-socket"),
        help:
            "Listen on the sockets that systemd passes, and fail if there are none; without it they are used if there are any."
    )
    var requiresInheritedSockets = false

    @Option(
        name: .customLong("web.telemetry-path"),
        help: ArgumentHelp("Where the metrics are served. (default: /metrics)", valueName: "path"),
        transform: Parsing.telemetryPath)
    var telemetryPath: String?

    @Option(
        name: .customLong("web.max-connections"),
        help: ArgumentHelp("The most connections at a time. (default: 256)", valueName: "count"),
        transform: Parsing.maximumConnections)
    var maximumConnections: Int?

    @Option(
        name: .customLong("sample.interval"),
        help: ArgumentHelp(
            "Time between two samples: 0.1, 100ms or 1s; from 1ms to 60s. SCRAPE_INTERVAL_SECONDS sets the default. (default: 0.1)",
            valueName: "duration"),
        transform: SampleInterval.init(parsing:))
    var sampleInterval: SampleInterval?

    @Option(
        name: .customLong("source"),
        help: ArgumentHelp(
            "Where energy is read: powercap, perf, hwmon, simulated, which measures nothing, or auto, the first of powercap, perf and hwmon that can be read. (default: auto)",
            valueName: "source"),
        transform: Parsing.oneOf)
    var source: SourceChoice?

    @Flag(name: .customLong("no-histogram"), help: "Leave out pyjoules_power_watts, the histogram of every sample.")
    var hasNoHistogram = false

    @Option(
        name: .customLong("state-file"),
        help: ArgumentHelp(
            "Keep the totals in this file, so that a restart continues them; systemd's fd store does the same without a file.",
            valueName: "path"),
        transform: Parsing.file)
    var stateFile: String?

    @Option(
        name: .customLong("path.sysfs"),
        help: ArgumentHelp("The root of sysfs. (default: /sys)", valueName: "directory"),
        transform: Parsing.directory)
    var sysfs: String?

    @Option(
        name: .customLong("path.procfs"),
        help: ArgumentHelp("The root of procfs. (default: /proc)", valueName: "directory"),
        transform: Parsing.directory)
    var procfs: String?

    @Option(
        name: .customLong("log.level"),
        help: ArgumentHelp(
            "The least severe messages to log: trace, debug, info, notice, warning, error, critical. (default: info)",
            valueName: "level"),
        transform: Parsing.oneOf)
    var logLevel: Logger.Level?

    @Option(
        name: .customLong("log.format"),
        help: ArgumentHelp(
            "logfmt or json lines on stderr; auto is the journal where stderr is the journal, otherwise logfmt. (default: auto)",
            valueName: "format"),
        transform: { (text: String) throws(WrongValue) in LogFormatChoice(format: try Parsing.logFormat(text)) })
    var logFormat: LogFormatChoice?

    /// `auto` said on the command line.
    struct LogFormatChoice {
        let format: LineFormat?
    }

    /// The options over the environment over the defaults.
    func configuration(environment: (String) -> String?) throws(WrongValue) -> Configuration {
        var result = Configuration()
        if listenAddresses.isEmpty {
            try Command.apply("EXPORTER_PORT", environment) { (text) throws(WrongValue) in
                result.defaultPort = try Parsing.port(text)
            }
        }
        if sampleInterval == nil {
            try Command.apply("SCRAPE_INTERVAL_SECONDS", environment) { (text) throws(WrongValue) in
                result.sampleInterval = try SampleInterval(parsing: text)
            }
        }
        result.listenAddresses = listenAddresses
        result.requiresInheritedSockets = requiresInheritedSockets
        result.telemetryPath = telemetryPath ?? result.telemetryPath
        result.maximumConnections = maximumConnections ?? result.maximumConnections
        result.sampleInterval = sampleInterval ?? result.sampleInterval
        result.source = source ?? result.source
        result.hasHistograms = !hasNoHistogram
        result.stateFile = stateFile
        result.sysfs = sysfs ?? result.sysfs
        result.procfs = procfs ?? result.procfs
        result.mustExist = [sysfs, procfs].compactMap { $0 }
        result.logLevel = logLevel ?? result.logLevel
        result.logFormat = logFormat?.format
        return result
    }

    /// Reads a variable of the environment; an empty one counts as unset, which is what compose files make of a missing value.
    private static func apply(
        _ name: String, _ environment: (String) -> String?, _ body: (String) throws(WrongValue) -> Void
    ) throws(WrongValue) {
        guard let text = environment(name), !text.isEmpty else { return }
        do throws(WrongValue) {
            try body(text)
        } catch {
            throw WrongValue("the value '\(text)' is invalid for the environment variable \(name): \(error)")
        }
    }
}
