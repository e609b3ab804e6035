/// How a trace looks, told by the suffix of its file.
public enum TraceFormat: String, CaseIterable, Sendable {
    /// Comma-separated values under a header: a row for each domain at each moment.
    case csv
    /// A JSON object for each moment on a line of its own.
    case ndjson

    /// Nil if a file's name ends in no suffix of these.
    public init?(fileName: String) {
        let format = TraceFormat.allCases.first { format in
            fileName.hasSuffix("." + format.rawValue) && fileName.utf8.count > format.rawValue.utf8.count + 1
        }
        guard let format else { return nil }
        self = format
    }
}
