import Bytes
import Counters
import Glibc
import HTTP
import Log
import Logging
import Sampling
import Serving
import Sources
import Systemd
import TestSupport

@testable import Exporter
@testable import Kernel

/// A server in this process, stepped by the test: there is no thread to race.
struct Harness: ~Copyable {
    var server: Server
    private let port: UInt16

    init(
        intervalMilliseconds: UInt64 = 60_000, maximumConnections: Int = 8, resolution: Resolution? = nil
    ) throws {
        var configuration = Harness.configuration(intervalMilliseconds)
        configuration.resolution = resolution ?? configuration.resolution
        configuration.maximumConnections = maximumConnections
        let sink = try Harness.sink()
        let log = Logger(label: "test") { _ in SinkLogHandler(sink: sink) }
        var listeners = Listeners()
        let listener = try Listener(on: .ipv4(text: "127.0.0.1", port: 0))
        let port = UInt16(listener.name.split(separator: ":").last ?? "") ?? 0
        listeners.add(listener)
        var server = try Server(
            configuration, Sampling(Sources(configuration)), listeners, WebPolicy(), nil, try SignalReceiver(),
            try Notifier(socket: nil, watchdogMicroseconds: nil), log, sink)
        try server.start()
        self.server = server
        self.port = port
    }

    /// The part that samples, alone, before its first sample.
    static func measuring() throws -> Measuring {
        let configuration = configuration(60_000)
        let sink = try sink()
        let log = Logger(label: "test") { _ in SinkLogHandler(sink: sink) }
        return try Measuring(
            sampling(configuration), intervalNanoseconds: configuration.sampleInterval.nanoseconds, log)
    }

    /// What is measured and shown, alone, before its first sample.
    ///
    /// - Parameters:
    ///   - sysfs: the root of counters; nil means simulated ones.
    ///   - change: the configuration.
    static func publication(
        intervalMilliseconds: UInt64, resolutionMilliseconds: UInt64, sysfs: String? = nil,
        change: (inout Configuration) -> Void = { _ in }
    ) throws -> Publication {
        var configuration = configuration(intervalMilliseconds)
        configuration.resolution = Resolution(nanoseconds: resolutionMilliseconds * 1_000_000)
        if let sysfs {
            configuration.source = .these([.powercap])
            configuration.sysfs = sysfs
        }
        configuration.attribution = nil
        change(&configuration)
        let sink = try sink()
        let log = Logger(label: "test") { _ in SinkLogHandler(sink: sink) }
        var sampling = sampling(configuration)
        _ = AttributionOpening.open(&sampling, configuration, log)
        let measuring = try Measuring(
            sampling, intervalNanoseconds: configuration.sampleInterval.nanoseconds, log)
        return try Publication(measuring, configuration, sink, log)
    }

    /// Connects a client over TCP; the server has not accepted it yet.
    func connect() throws -> Client {
        Client(socket: try connectedSocket(port: port))
    }

    /// Serves what a client has just sent.
    mutating func serve() throws { try server.turn() }

    /// Each reading is made at the moment that its pass is given.
    private static func sampling(_ configuration: Configuration) -> Sampling {
        Sampling(
            Sources(
                opening: configuration.source, SystemRoots(sysfs: configuration.sysfs, procfs: configuration.procfs),
                time: .replay))
    }

    private static func configuration(_ intervalMilliseconds: UInt64) -> Configuration {
        var configuration = Configuration()
        configuration.source = .simulated
        configuration.sampleInterval = SampleInterval(nanoseconds: intervalMilliseconds * 1_000_000)
        return configuration
    }

    private static func sink() throws -> LogSink {
        let null = try FileDescriptor.open("/dev/null", O_WRONLY)
        return LogSink(writer: try LineWriter(sharing: null), format: .logfmt)
    }
}
