import Energy
import Kernel
import Log
import Logging
import Serving
import Systemd

/// One run of the program: opens everything, serves until it is told to stop.
enum Service {
    /// - Returns: the exit status.
    static func run(_ configuration: Configuration) -> Int32 {
        let sink = LogSink(format: configuration.logFormat)
        var log = Logger(label: "pyjoules-exporter") { _ in SinkLogHandler(sink: sink) }
        log.logLevel = configuration.logLevel
        do {
            var server = try open(configuration, sink, log)
            server.enterSandbox(configuration)
            try server.start()
            try server.run()
            return 0
        } catch let error as StartFailure {
            log.report(.failed, .critical, error.message)
        } catch let error as WebFailure {
            log.report(.failed, .critical, error.message)
        } catch {
            log.report(.failed, .critical, "cannot go on: \(error)")
        }
        return 1
    }

    /// Opens everything that the server needs, while it still has the rights for that.
    private static func open(_ configuration: Configuration, _ sink: LogSink, _ log: Logger) throws -> Server {
        for directory in configuration.mustExist { try check(directory) }
        let signals = try SignalReceiver()
        let notifier = try Notifier()
        var listeners = Listeners()
        var storedLedger: FileDescriptor?
        try SocketActivation.takeDescriptors { (name, descriptor) throws(SystemError) in
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
            requiresInherited: configuration.requiresInheritedSockets, scheme: policy.scheme, log)
        var measurement = Measurement.open(configuration, log)
        let ledger = try LedgerKeeper.open(configuration, stored: storedLedger.take(), &measurement, notifier, log)
        return try Server(configuration, measurement, ledger, listeners, policy, webFile, signals, notifier, log, sink)
    }

    /// A directory that the user named must be there. One that may not be listed can still hold files that may be read.
    static func check(_ directory: String) throws(StartFailure) {
        do throws(SystemError) {
            _ = try Files.names(in: directory)
        } catch  where error.code == .notFound || error.code == .notADirectory {
            throw StartFailure(message: "cannot use the directory \(directory): \(error.code)")
        } catch {
            return
        }
    }
}

/// Why the program cannot start, in words that name the thing and the remedy.
struct StartFailure: Error {
    let message: String
}
