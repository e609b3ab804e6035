import Log
import Logging
import Synchronization

/// Log messages that are kept instead of written, for a command whose standard error is not its own.
final class MessageList: Sendable {
    private let messages = Mutex<[(event: Event?, text: String)]>([])

    /// Warnings and worse come here.
    var logger: Logger {
        var logger = Logger(label: "pyjoules-exporter") { _ in MessageListHandler(list: self) }
        logger.logLevel = .warning
        return logger
    }

    func texts(of event: Event) -> [String] {
        messages.withLock { $0.filter { $0.event == event }.map(\.text) }
    }

    /// What a report should mention: all but what it says anyhow or what there would be no report with.
    var notes: [String] {
        messages.withLock { $0.filter { $0.event != .simulatedSource && $0.event != .noSource }.map(\.text) }
    }

    fileprivate func add(_ event: Event?, _ text: String) {
        messages.withLock { $0.append((event, text)) }
    }
}

private struct MessageListHandler: LogHandler {
    let list: MessageList
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .warning

    init(list: MessageList) {
        self.list = list
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        list.add(event.metadata?["event"].flatMap { Event(rawValue: "\($0)") }, "\(event.message)")
    }
}
