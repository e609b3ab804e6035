import Bytes
public import Logging
public import Systemd

/// One log message with its fields, in the three forms that it can be written.
public struct LogRecord: Sendable {
    /// When it happened, on the wall clock.
    public let unixNanoseconds: UInt64
    /// How severe it is.
    public let level: Logger.Level
    /// What happened, for people.
    public let message: String
    /// Sorted by key; `event` among them.
    public let fields: [(key: String, value: String)]

    /// One record; `fields` sorted by key.
    public init(unixNanoseconds: UInt64, level: Logger.Level, message: String, fields: [(key: String, value: String)]) {
        self.unixNanoseconds = unixNanoseconds
        self.level = level
        self.message = message
        self.fields = fields
    }

    /// One line without its end.
    public func line(_ format: LineFormat) -> String {
        switch format {
        case .logfmt: logfmtLine
        case .json: jsonLine
        }
    }

    /// `ts=2026-01-02T03:04:05.678Z level=info event=started msg="..." key=value`
    public var logfmtLine: String {
        var line = "ts=\(timestamp) level=\(level.rawValue)"
        if let event { line += " event=\(event.rawValue)" }
        line += " msg=\(JSONObject.quoted(message))"
        for field in fields where field.key != "event" { line += " \(field.key)=\(LogRecord.logfmtValue(field.value))" }
        return line
    }

    /// The same keys as one JSON object.
    public var jsonLine: String {
        var line = "{\"ts\":\"\(timestamp)\",\"level\":\"\(level.rawValue)\""
        if let event { line += ",\"event\":\"\(event.rawValue)\"" }
        line += ",\"msg\":\(JSONObject.quoted(message))"
        for field in fields where field.key != "event" {
            line += ",\(JSONObject.quoted(field.key)):\(JSONObject.quoted(field.value))"
        }
        return line + "}"
    }

    /// The journal's own fields, then ours under `PYJOULES_`. See systemd.journal-fields(7).
    public var journalRecord: JournalRecord {
        var record = JournalRecord()
        record.add("MESSAGE", message)
        record.add("PRIORITY", String(priority))
        record.add("SYSLOG_IDENTIFIER", "pyjoules-exporter")
        if let event { record.add("MESSAGE_ID", event.messageID) }
        for field in fields { record.add("PYJOULES_\(field.key.uppercased())", field.value) }
        return record
    }

    private var event: Event? {
        fields.first { $0.key == "event" }.flatMap { Event(rawValue: $0.value) }
    }

    /// The severity of syslog(3).
    private var priority: Int {
        switch level {
        case .trace, .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }

    private var timestamp: String {
        let time = CivilTime(unixSeconds: unixNanoseconds / 1_000_000_000)
        var text = ByteBuffer(capacity: 32)
        text.append(date: time)
        text.append("T")
        text.append(clockTime: time)
        text.append(".")
        text.appendDigits(of: unixNanoseconds / 1_000_000 % 1000, atLeast: 3)
        text.append("Z")
        return text.withBytes { bytes in String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self) }
    }

    private static func logfmtValue(_ value: String) -> String {
        let isPlain =
            !value.isEmpty
            && value.unicodeScalars.allSatisfy {
                $0 > " " && !$0.isControlCharacter && $0 != "\"" && $0 != "=" && $0 != "\\"
            }
        return isPlain ? value : JSONObject.quoted(value)
    }
}
