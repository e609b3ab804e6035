public import Kernel
import Synchronization
public import Systemd

/// How lines on stderr look.
public enum LineFormat: String, CaseIterable, Sendable {
    case logfmt
    case json
}

/// Where log records go: the journal, if stderr is the journal and its socket for records is there, otherwise lines on stderr,
/// which a journal behind stderr takes all the same. It never waits for a reader; what
/// is not taken at once is dropped and counted.
public final class LogSink: Sendable {
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
    public static let longestLine = LineWriter.longestLine

    /// - Parameter format: lines on stderr in this format, even where stderr is the journal; nil chooses the journal there.
    public init(format: LineFormat?) {
        destination = LogSink.open(format: format)
        self.format = format ?? .logfmt
    }

    /// Lines through a writer.
    public init(writer: consuming LineWriter, format: LineFormat) {
        destination = .lines(writer)
        self.format = format
    }

    /// Records to a journal.
    public init(journal: consuming Journal) {
        destination = .journal(journal)
        format = .logfmt
    }

    private static func open(format: LineFormat?) -> Destination {
        do {
            if format == nil, Journal.isStandardError(journalStream: Process.environment("JOURNAL_STREAM")),
                Journal.isReachable()
            {
                return .journal(try Journal())
            }
            return .lines(try LineWriter.standardError())
        } catch {
            // A log that cannot be opened is no reason not to measure, and there is nowhere to say it.
            return .nowhere
        }
    }

    /// How many records could not be delivered.
    public var droppedCount: UInt64 { dropped.load(ordering: .relaxed) }

    /// Writes a record, or counts it as dropped; never waits.
    public func deliver(_ record: LogRecord) {
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
