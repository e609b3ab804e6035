import Logging

@testable import Exporter
@testable import Kernel

/// A log whose lines the test reads.
struct LogBench: ~Copyable {
    let log: Logger
    private let pipe: Pipe

    init() throws {
        let pipe = try Pipe()
        let sink = LogSink(writer: try LineWriter(sharing: pipe.writer), format: .logfmt)
        log = Logger(label: "test") { _ in SinkLogHandler(sink: sink) }
        self.pipe = pipe
    }

    /// What was logged since the last time, without time stamps.
    func lines() -> [String] {
        pipe.readAll().split(separator: "\n").map { line in
            line.drop { $0 != " " }.dropFirst().description
        }
    }
}
