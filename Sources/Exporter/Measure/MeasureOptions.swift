import Reports

/// What `measure` is asked to do.
struct MeasureOptions {
    /// Without a command: how long each measurement takes.
    var intervalNanoseconds: UInt64 = 1_000_000_000
    /// Without a command: how many measurements there are.
    var count = 1
    /// How often the command is run.
    var repetitions = 1
    /// How long the idle machine is measured before; nil if it is not.
    var baselineNanoseconds: UInt64?
    /// Who used the energy is told too.
    var attributes = false
    /// Where power over time is written; nil if it is not.
    var trace: TraceFile?
    /// The file that the report goes to, `-` for standard output; nil for standard output, or with a command standard error.
    var output: String?
    var format = ReportFormat.table
    /// What is run, with its arguments; empty to measure the machine alone.
    var command: [String] = []
}

/// Where a trace goes.
struct TraceFile {
    let path: String
    let format: TraceFormat
}
