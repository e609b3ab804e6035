import Kernel
import Log
import Logging
import Sampling
import Serving
import Sources
import Systemd

/// One run of the program: opens everything, serves until it is told to stop.
enum Service {
    /// - Returns: the exit status.
    static func run(_ configuration: Configuration) -> Int32 {
        // Before anything is opened, which would get the number of one that was announced and is not there.
        let inherited = InheritedDescriptors()
        let sink = LogSink(format: configuration.logFormat)
        var log = Logger(label: "pyjoules-exporter") { _ in SinkLogHandler(sink: sink) }
        log.logLevel = configuration.logLevel
        do {
            var server = try open(configuration, inherited, sink, log)
            server.enterSandbox(configuration)
            do throws(SystemError) {
                try server.start()
                Process.releaseStart()
                try server.run()
                return 0
            } catch {
                // By the connection to systemd that is open: another cannot be made any more.
                server.tellManager(failure: "cannot go on: \(error)")
                log.report(.failed, .critical, "cannot go on: \(error)")
            }
        } catch let error as StartFailure {
            fail(error.message, log)
        } catch let error as WebFailure {
            fail(error.message, log)
        } catch {
            fail("cannot go on: \(error)", log)
        }
        return 1
    }

    private static func fail(_ reason: String, _ log: Logger) {
        ManagerMessages.tell(failure: reason)
        log.report(.failed, .critical, reason)
    }

    /// Opens everything that the server needs, while it still has the rights for that.
    private static func open(
        _ configuration: Configuration, _ inherited: consuming InheritedDescriptors, _ sink: LogSink, _ log: Logger
    ) throws -> Server {
        for warning in configuration.warnings { log.report(.settingIgnored, .warning, warning) }
        try configuration.checkDirectories()
        let signals = try SignalReceiver()
        let notifier = try Notifier()
        var listeners = Listeners()
        var storedLedger: FileDescriptor?
        for complaint in inherited.complaints { log.report(.socketRefused, .error, complaint) }
        try inherited.handOver { (name, descriptor) throws(SystemError) in
            if name == LedgerKeeper.storeName {
                storedLedger = consume descriptor
            } else {
                try listeners.adopt(descriptor, name: name, log)
            }
        }
        var policy = WebPolicy()
        var webFile: WebFile?
        if let path = configuration.webConfigurationFile {
            webFile = try WebFile(
                path, credentialsDirectory: Process.environment("CREDENTIALS_DIRECTORY"), &policy, log)
        }
        try listeners.open(
            configuration.listenAddresses, defaultPort: configuration.defaultPort,
            setting: configuration.addressSetting, requiresInherited: configuration.requiresInheritedSockets,
            scheme: policy.scheme, log)
        var sampling = Sampling(Sources(configuration))
        SourceMessages.report(sampling.report, log)
        try LedgerKeeper.keep(&sampling, configuration, stored: storedLedger.take(), notifier, log)
        let cgroups = AttributionOpening.open(&sampling, configuration, log)
        var configuration = configuration
        ConnectionLimit.lower(&configuration, cgroups: cgroups, log)
        return try Server(configuration, sampling, listeners, policy, webFile, signals, notifier, log, sink)
    }
}
