import Kernel
import Logging
import Sampling
import Sources
import Systemd

/// One run of the program: opens everything, serves until it is told to stop.
enum Service {
    /// - Returns: the exit status.
    static func run(_ configuration: Configuration) -> Int32 {
        let sink = LogSink(format: configuration.logFormat)
        var log = Logger(label: "pyjoules-exporter") { _ in SinkLogHandler(sink: sink) }
        log.logLevel = configuration.logLevel
        do {
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
            var web = WebPolicy()
            let webFile = try WebFile.open(configuration, &web, log)
            try listeners.open(configuration, scheme: web.scheme, log)
            var sampling = Sampling(Sources(configuration))
            SourceMessages.report(sampling.report, log)
            try LedgerKeeper.keep(&sampling, configuration, stored: storedLedger.take(), notifier, log)
            var server = try Server(
                configuration: configuration, sampling: sampling, listeners: listeners, web: web, webFile: webFile,
                signals: signals, notifier: notifier, log: log, sink: sink)
            server.enterSandbox(configuration)
            try server.start()
            try server.run()
            return 0
        } catch let error as StartFailure {
            log.report(.failed, .critical, error.message)
        } catch {
            log.report(.failed, .critical, "cannot go on: \(error)")
        }
        return 1
    }

    /// One that is there and may not be listed can still hold files that may be read.
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
