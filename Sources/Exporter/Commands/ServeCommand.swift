import ArgumentParser
import Kernel

/// `serve`: the exporter itself.
struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        // Read by itself it would otherwise be tried first whether completions are asked for, which costs as much as reading it.
        _superCommandName: "pyjoules-exporter",
        abstract: "Sample the energy counters and serve them to Prometheus."
    )

    @Option(
        name: .customLong("web.listen-address"),
        help: ArgumentHelp(
            "Where to listen: :9091, 127.0.0.1:9091, [::1]:9091, unix:/path, unix:/path?mode=0660 or vsock://:9091; may be repeated. EXPORTER_PORT sets the default's port. (default: :9091)",
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
        name: .customLong("web.config.file"),
        help: ArgumentHelp(
            "The web configuration file of the Prometheus exporters: TLS, basic authentication, headers, rate limit. Read again on SIGHUP and when it changes.",
            valueName: "path"))
    var webConfigurationFile: String?

    @Flag(
        name: .customLong("web.openmetrics-created"),
        help: "Show in OpenMetrics since when each counter counts; Prometheus stores it as further series.")
    var showsCreated = false

    @Option(
        name: .customLong("web.resolution"),
        help: ArgumentHelp(
            "Show newer values at most so often, however often somebody asks: 0.1, 100ms or 1s; from 1ms to 60s. What is below the sampling interval means the interval. EXPORTER_RESOLUTION_SECONDS sets the default. (default: 1s)",
            valueName: "duration"),
        transform: Resolution.init(parsing:))
    var resolution: Resolution?

    @Flag(
        name: .customLong("web.enable-stream"),
        help:
            "Serve every sample as it comes at /api/v1/stream, whatever --web.resolution says; what that tells a stranger is in docs/security.md."
    )
    var servesStream = false

    @OptionGroup var source: SourceOptions

    @OptionGroup var attribution: AttributionOptions

    @Flag(
        name: .customLong("classic-histogram"),
        help:
            "Show pyjoules_power_watts, the histogram of every sample, with classic buckets in every format, four to a doubling; without it only protobuf has it, as a native histogram."
    )
    var hasClassicHistogram = false

    @Flag(
        name: .customLong("no-histogram"),
        help:
            "Leave out pyjoules_power_watts, the histogram of every sample, in protobuf too; quantiles and extremes stay."
    )
    var hasNoHistogram = false

    @Option(
        name: .customLong("state-file"),
        help: ArgumentHelp(
            "Keep the totals in this file, so that a restart continues them; systemd's fd store does the same without a file.",
            valueName: "path"),
        completion: .file(),
        transform: Parsing.file)
    var stateFile: String?

    @OptionGroup var process: ProcessOptions

    func validate() throws {
        guard hasClassicHistogram && hasNoHistogram else { return }
        throw ValidationError("'--classic-histogram' makes no sense beside '--no-histogram': allowed is one of them")
    }

    func run() throws {
        throw ExitCode(Service.run(try configuration(environment: Process.environment)))
    }

    /// The options over the environment over the defaults.
    func configuration(environment lookup: @escaping (String) -> String?) throws(WrongValue) -> Configuration {
        let environment = Environment(lookup)
        var result = Configuration()
        if listenAddresses.isEmpty {
            let port = try environment.port()
            result.defaultPort = port.number ?? result.defaultPort
            result.addressSetting = port.number.map { "EXPORTER_PORT=\($0)" }
            result.warnings += port.warning.map { [$0] } ?? []
        } else {
            result.addressSetting = "--web.listen-address"
        }
        try environment.set(&result.resolution, to: resolution, or: "EXPORTER_RESOLUTION_SECONDS")
        try source.apply(to: &result, environment: environment)
        attribution.apply(to: &result)
        result.listenAddresses = listenAddresses
        result.requiresInheritedSockets = requiresInheritedSockets
        result.telemetryPath = telemetryPath ?? result.telemetryPath
        result.maximumConnections = maximumConnections ?? result.maximumConnections
        // Those who start exporters by templates pass an empty name where there is no file.
        result.webConfigurationFile = webConfigurationFile.flatMap { $0.isEmpty ? nil : $0 }
        result.showsCreated = showsCreated
        result.servesStream = servesStream
        result.hasHistograms = !hasNoHistogram
        result.hasClassicBuckets = hasClassicHistogram
        result.stateFile = stateFile
        result.entersSandbox = !process.hasNoSandbox
        result.logLevel = process.logLevel ?? result.logLevel
        result.logFormat = process.logFormat?.format
        return result
    }
}
