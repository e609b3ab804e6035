import ArgumentParser
import Kernel
import Reports

/// `measure`: the machine's energy over some time, or while a command runs, told once.
struct MeasureCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "measure",
        abstract: "Measure the machine for a while, or as long as a command runs.",
        usage: """
            pyjoules-exporter measure [<options>]
            pyjoules-exporter measure [<options>] [--] COMMAND [ARGUMENT ...]
            pyjoules-exporter measure [<options>] --compare COMMAND COMMAND ...
            """,
        discussion: """
            Without a command the report goes to standard output. With one, that is the command's own, and the report goes \
            to standard error. Signals are passed on to the command, and its exit status is passed on too (128 and the \
            signal's number if a signal ended it, 127 if it was not found, 126 if it could not be executed). Options come \
            first: the first word that is none begins the command, and all after it belongs to it, as after two hyphens.

            A joule is counted for the whole machine, whoever used it: --baseline measures the machine left alone before, \
            and tells what is left without that, and --attribution tells what the command's own part was.
            """
    )

    @Option(
        help: ArgumentHelp(
            "Without a command: how long to measure: 0.5, 500ms or 10s; from 1ms to 3600s. (default: 1)",
            valueName: "duration"),
        transform: MeasuringTime.init(parsing:))
    var interval: MeasuringTime?

    @Option(
        help: ArgumentHelp(
            "Without a command: how often to measure, with no gap between. (default: 1)", valueName: "number"),
        transform: Parsing.repetitions)
    var count: Int?

    @OptionGroup var runs: RunOptions

    @Option(
        help: ArgumentHelp(
            "How long to measure the idle machine before the command, whose energy without that is told too.",
            valueName: "duration"),
        transform: MeasuringTime.init(parsing:))
    var baseline: MeasuringTime?

    @Flag(
        name: .customLong("attribution"),
        help:
            "Tell what the command used, what everybody else used meanwhile, and what was idle, by processor time: the command runs in a cgroup of its own, which takes root or a cgroup that is yours (systemd-run --user --scope -p Delegate=yes)."
    )
    var attributes = false

    @Flag(
        name: .customLong("allow-unmeasured"),
        help:
            "Where no counter can be read, run the command all the same, say so on standard error, and report null: for tests on machines without counters."
    )
    var allowsUnmeasured = false

    @Option(
        name: [.customShort("o", allowingJoined: true), .customLong("output")],
        help: ArgumentHelp("Write the report to a file; - is standard output.", valueName: "file"), completion: .file(),
        transform: Parsing.fileName)
    var output: String?

    @Option(
        help: ArgumentHelp(
            "Write what each domain used, at each sample, to a file whose name ends in .csv or .ndjson, which says how it looks.",
            valueName: "file"),
        completion: .file(), transform: Parsing.traceFile)
    var trace: TraceFile?

    @Option(
        help: ArgumentHelp("How the report looks: table, json or csv. (default: table)", valueName: "format"),
        completion: .list(ReportFormat.allCases.map(\.rawValue)),
        transform: Parsing.oneOf)
    var format: ReportFormat?

    @OptionGroup var source: SourceOptions

    @OptionGroup var cgroups: CgroupOptions

    @Argument(
        parsing: .postTerminator,
        help: ArgumentHelp("What to run; after two hyphens if it begins with a hyphen itself.", valueName: "command"))
    var command: [String] = []

    func validate() throws {
        if command.isEmpty && runs.compared.isEmpty {
            try refuseWithoutCommand()
        } else {
            try refuse("--interval", interval, "the command says how long is measured")
            try refuse("--count", count, "'--repeat' runs the command more than once")
        }
        if let first = command.first, !runs.compared.isEmpty {
            throw ValidationError("'\(first)' makes no sense here: what '--compare' runs are lines in quotation marks")
        }
        if let trace, trace.path == output {
            throw ValidationError("'--trace' makes no sense here: the report goes to '\(trace.path)' already")
        }
    }

    private func refuseWithoutCommand() throws {
        let reason = "there is no command to run: put it after the options"
        try refuse("--repeat", runs.repetitions, reason)
        try refuse("--warmup", runs.warmups, reason)
        try refuse("--prepare", runs.preparation, reason)
        try refuse("--baseline", baseline, reason)
        try refuse("--attribution", attributes ? true : nil, reason)
        try refuse("--allow-unmeasured", allowsUnmeasured ? true : nil, reason)
    }

    private func refuse(_ option: String, _ value: Any?, _ reason: String) throws {
        if value != nil { throw ValidationError("'\(option)' makes no sense here: \(reason)") }
    }

    func run() throws {
        var configuration = Configuration()
        try source.apply(to: &configuration, environment: Environment(Process.environment))
        cgroups.apply(to: &configuration)
        throw ExitCode(MeasureSession.run(options, configuration))
    }

    private var options: MeasureOptions {
        var options = MeasureOptions()
        options.intervalNanoseconds = interval?.nanoseconds ?? options.intervalNanoseconds
        options.count = count ?? options.count
        runs.apply(to: &options)
        options.baselineNanoseconds = baseline?.nanoseconds
        options.attributes = attributes
        options.output = output
        options.trace = trace
        options.format = format ?? options.format
        options.command = command
        options.allowsUnmeasured = allowsUnmeasured
        return options
    }
}
