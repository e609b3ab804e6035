import Kernel
import Log
import Logging

/// A log whose lines the test reads.
public struct LogBench: ~Copyable {
    /// What the test hands to whoever logs.
    public let log: Logger
    private let pipe: LinePipe

    /// A log that nothing was written to.
    public init() throws {
        let pipe = try LinePipe()
        let sink = LogSink(writer: try LineWriter(sharing: pipe.writer), format: .logfmt)
        log = Logger(label: "test") { _ in SinkLogHandler(sink: sink) }
        self.pipe = pipe
    }

    /// What was logged since the last time, without time stamps.
    public func lines() -> [String] {
        pipe.readAll().split(separator: "\n").map { line in
            line.drop { $0 != " " }.dropFirst().description
        }
    }
}
