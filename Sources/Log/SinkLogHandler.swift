import Kernel
public import Logging

/// Hands swift-log's events to the sink.
public struct SinkLogHandler: LogHandler {
    private let sink: LogSink
    /// Fields of every record.
    public var metadata: Logger.Metadata = [:]
    /// The least severe level that is written.
    public var logLevel: Logger.Level = .info

    /// A handler that writes to a sink; any number may share one.
    public init(sink: LogSink) {
        self.sink = sink
    }

    /// One of the fields of every record.
    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Writes one event of swift-log.
    public func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { _, own in own }
        let fields = all.map { (key: $0.key, value: "\($0.value)") }.sorted { $0.key < $1.key }
        sink.deliver(
            LogRecord(
                unixNanoseconds: Clock.realtimeNanoseconds(), level: event.level, message: "\(event.message)",
                fields: fields))
    }
}

extension Logger {
    /// Logs what happened. `event` is the stable name that programs look for; the message is for people.
    public func report(_ event: Event, _ level: Logger.Level, _ message: String, _ fields: [String: String] = [:]) {
        var metadata: Logger.Metadata = ["event": "\(event.rawValue)"]
        for (key, value) in fields { metadata[key] = "\(value)" }
        log(level: level, "\(message)", metadata: metadata)
    }
}
