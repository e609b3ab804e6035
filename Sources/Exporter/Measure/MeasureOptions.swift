import Kernel
import Reports

/// What `measure` is asked to do.
struct MeasureOptions {
    /// Without a command: how long each measurement takes.
    var intervalNanoseconds: UInt64 = 1_000_000_000
    /// Without a command: how many measurements there are.
    var count = 1
    /// How often each command is run; nil for as often as that is done where nothing is said.
    var repetitions: Int?
    /// How often each command is run before, without being measured.
    var warmups = 0
    /// What the shell runs before each run.
    var preparation: String?
    /// How long the idle machine is measured before; nil if it is not.
    var baselineNanoseconds: UInt64?
    /// Who used the energy is told too.
    var attributes = false
    /// Where no counter can be read, the command runs all the same.
    var allowsUnmeasured = false
    /// Where power over time is written; nil if it is not.
    var trace: TraceFile?
    /// The file that the report goes to, `-` for standard output; nil for standard output, or with a command standard error.
    var output: String?
    var format = ReportFormat.table
    /// What is run, with its arguments.
    var command: [String] = []
    /// Instead of that, what the shell runs, to be compared.
    var compared: [String] = []
    /// What those are called in the report, from the first one on.
    var names: [String] = []

    /// The machine is measured for a time, and not while something runs.
    var isOfMachine: Bool { command.isEmpty && compared.isEmpty }
}

/// The commands that are run in turn: a single one, or those that are compared.
extension MeasureOptions {
    private static let runsOfCompared = 10

    var commandCount: Int { max(1, compared.count) }

    var runsOfEach: Int { repetitions ?? (compared.isEmpty ? 1 : MeasureOptions.runsOfCompared) }

    /// Only what is run once can have our standard input: whatever runs first would leave nothing for the others.
    var hasInput: Bool { commandCount * (warmups + runsOfEach) == 1 && preparation == nil }

    /// What a command is called.
    func name(_ index: Int) -> String {
        guard !compared.isEmpty else { return command.joined(separator: " ") }
        return index < names.count ? names[index] : compared[index]
    }

    func words(_ index: Int) -> ArgumentVector {
        compared.isEmpty ? ArgumentVector(lastOfCommandLine: command.count) : MeasureOptions.shell(compared[index])
    }

    static func shell(_ text: String) -> ArgumentVector { ArgumentVector(["sh", "-c", text]) }

    /// What is executed, for messages.
    func program(_ index: Int) -> String { compared.isEmpty ? command[0] : "sh" }
}

/// Where a trace goes.
struct TraceFile {
    let path: String
    let format: TraceFormat
}
