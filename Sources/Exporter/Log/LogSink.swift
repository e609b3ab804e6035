import HTTP
import Kernel
import Logging
import Synchronization
import Systemd

/// How lines on stderr look.
enum LineFormat: String, CaseIterable {
    case logfmt
    case json
}

/// Where log records go: the journal, if stderr is the journal, otherwise lines on stderr. It never waits for a reader; what
/// is not taken at once is dropped and counted.
final class LogSink: Sendable {
    private enum Destination: ~Copyable {
        case journal(Journal)
        case lines(LineWriter)
        /// Stderr is closed.
        case nowhere
    }

    private let destination: Destination
    private let format: LineFormat
    private let dropped = Atomic<UInt64>(0)

    /// Lines longer than a pipe takes at once are cut.
    static let longestLine = LineWriter.longestLine

    /// - Parameter format: lines on stderr in this format, even where stderr is the journal; nil chooses the journal there.
    init(format: LineFormat?) {
        destination = LogSink.open(format: format)
        self.format = format ?? .logfmt
    }

    /// For tests: lines to a descriptor of the test's own.
    init(writer: consuming LineWriter, format: LineFormat) {
        destination = .lines(writer)
        self.format = format
    }

    /// For tests: records to a journal socket of the test's own.
    init(journal: consuming Journal) {
        destination = .journal(journal)
        format = .logfmt
    }

    private static func open(format: LineFormat?) -> Destination {
        do {
            if format == nil, Journal.isStandardError(journalStream: Process.environment("JOURNAL_STREAM")) {
                return .journal(try Journal())
            }
            return .lines(try LineWriter.standardError())
        } catch {
            // A log that cannot be opened is no reason not to measure, and there is nowhere to say it.
            return .nowhere
        }
    }

    /// How many records could not be delivered.
    var droppedCount: UInt64 { dropped.load(ordering: .relaxed) }

    func deliver(_ record: LogRecord) {
        let isDelivered =
            switch destination {
            case .journal(let journal): journal.send(record.journalRecord)
            case .lines(let writer): writer.write(LogSink.cut(record.line(format)).span)
            case .nowhere: true
            }
        if !isDelivered { dropped.add(1, ordering: .relaxed) }
    }

    private static func cut(_ line: String) -> [UInt8] {
        var bytes = Array(line.utf8.prefix(longestLine - 1))
        bytes.append(UInt8(ascii: "\n"))
        return bytes
    }
}

/// Hands swift-log's events to the sink.
struct SinkLogHandler: LogHandler {
    let sink: LogSink
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .info

    init(sink: LogSink) {
        self.sink = sink
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
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
    func report(_ event: Event, _ level: Logger.Level, _ message: String, _ fields: [String: String] = [:]) {
        var metadata: Logger.Metadata = ["event": "\(event.rawValue)"]
        for (key, value) in fields { metadata[key] = "\(value)" }
        log(level: level, "\(message)", metadata: metadata)
    }
}
