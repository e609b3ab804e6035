import Kernel
import Log
import Logging
import Publishing

/// One run of any reader: what surrounds it, from its log to its end.
enum ReaderRun {
    /// - Parameter body: opens what is read, and reads it until the end.
    static func run(
        _ settings: ReaderSettings, _ name: String, _ body: (consuming FeedWriter, Logger) throws -> ReaderEnd
    ) -> Never {
        let sink = LogSink(format: settings.logFormat)
        var log = Logger(label: "pyjoules-exporter") { _ in SinkLogHandler(sink: sink) }
        log.logLevel = settings.logLevel
        // Whoever reads the feed is another user.
        Process.showNewFiles()
        do {
            let end = try body(try openFeed(settings, name), log)
            log.report(.readerEnded, .notice, "the reader ends: \(end.reason)", ["reader": name])
            Process.leave(status: end.status)
        } catch let error as StartFailure {
            log.report(.failed, .critical, error.message)
        } catch {
            log.report(.failed, .critical, "cannot go on: \(error)")
        }
        Process.leave(status: 1)
    }

    private static func openFeed(_ settings: ReaderSettings, _ name: String) throws(StartFailure) -> FeedWriter {
        do throws(SystemError) {
            return try FeedWriter(in: settings.feeds, name: name)
        } catch  where error.code == .wouldBlock {
            throw StartFailure(
                message:
                    "another process publishes \(settings.feeds)/\(name).feed already: stop that one, or name another directory by "
                    + "--path.feeds")
        } catch {
            throw StartFailure(
                message:
                    "cannot publish in \(settings.feeds): \(error): systemd-tmpfiles --create makes the usual directory, and "
                    + "--path.feeds names another")
        }
    }
}

extension FeedWriter {
    /// Publishes; what is in the way is told with the place.
    mutating func publish(in settings: ReaderSettings) throws(StartFailure) {
        do throws(SystemError) {
            try publish()
        } catch {
            throw StartFailure(message: "cannot publish in \(settings.feeds): \(error)")
        }
    }
}
