import Energy
import Kernel
import Log
import Logging

/// One run of `measure`: opens the source, measures, writes the report.
struct MeasureSession: ~Copyable {
    private enum Status {
        static let failure: Int32 = 1
        /// As shells say that a command could not be executed, or is not there.
        static let cannotExecute: Int32 = 126
        static let notFound: Int32 = 127
    }

    private let options: MeasureCommand
    private let output: TextWriter
    private var report: MeasureReport
    private var run: MeasureRun

    /// - Returns: the exit status: the command's, or that of a failure of our own, or that of the signal that ended it early.
    static func run(_ options: MeasureCommand, _ configuration: Configuration) -> Int32 {
        do {
            var session = try MeasureSession(options, configuration)
            return options.command.isEmpty ? try session.measureMachine() : try session.measureCommand()
        } catch let error as StartFailure {
            complain(error.message)
        } catch {
            complain("cannot go on: \(error)")
        }
        return Status.failure
    }

    /// Whatever can fail does so here, before anything is run.
    private init(_ options: MeasureCommand, _ configuration: Configuration) throws {
        for directory in configuration.mustExist { try Service.check(directory) }
        let signals = try MeasureRun.receiveSignals()
        let messages = MessageList()
        let measurement = Measurement.open(configuration, messages.logger)
        guard measurement.isUp else {
            throw StartFailure(message: messages.texts(of: .noSource).joined(separator: "; "))
        }
        let output = try MeasureSession.open(options)
        let facts = ReportFacts(
            measurement, sampleNanoseconds: configuration.sampleInterval.nanoseconds, notes: messages.notes)
        run = try MeasureRun(
            sampler: measurement.sampler, sampleNanoseconds: configuration.sampleInterval.nanoseconds,
            signals: signals, progress: Progress.beside(output))
        self.options = options
        self.output = output
        report = MeasureReport(facts: facts, format: options.format ?? .table)
    }

    private static func open(_ options: MeasureCommand) throws(StartFailure) -> TextWriter {
        do throws(SystemError) {
            if let path = options.output { return try TextWriter(creating: path) }
            return try options.command.isEmpty ? .standardOutput() : .standardError()
        } catch {
            throw StartFailure(message: "the report cannot be written to \(MeasureSession.name(options)): \(error)")
        }
    }

    private static func name(_ options: MeasureCommand) -> String {
        options.output.map { "'\($0)'" } ?? (options.command.isEmpty ? "standard output" : "standard error")
    }

    /// Tells each measurement when it ends.
    private mutating func measureMachine() throws -> Int32 {
        let count = options.count ?? 1
        try write(report.opening)
        let schedule = try run.begin(every: options.interval?.nanoseconds ?? 1_000_000_000)
        for number in 1...count where run.stop == nil {
            let interval = try run.measure(schedule, "measuring")
            try write(report.machine(interval, number: number, count: count))
        }
        return run.stop?.exitStatus ?? 0
    }

    /// Tells everything at the end.
    private mutating func measureCommand() throws -> Int32 {
        if let baseline = options.baseline {
            let schedule = try run.begin(every: baseline.nanoseconds)
            report.baseline = Baseline(interval: try run.measure(schedule, "measuring the idle machine"))
        }
        let command = ArgumentVector(lastOfCommandLine: options.command.count)
        var runs: [CommandRun] = []
        var failure: Int32?
        let repetitions = options.repetitions ?? 1
        while runs.count < repetitions, failure == nil {
            let activity = repetitions > 1 ? "run \(runs.count + 1) of \(repetitions)" : "running"
            switch try run.run(command, activity) {
            case .ended(let run): runs.append(run)
            case .stopped(let signal): failure = signal.exitStatus
            case .notExecuted(let code):
                MeasureSession.complain("cannot run '\(options.command[0])': \(code)")
                failure = code == .notFound ? Status.notFound : Status.cannotExecute
            }
        }
        return try tell(runs, failure: failure)
    }

    private func tell(_ runs: [CommandRun], failure: Int32?) throws -> Int32 {
        guard !runs.isEmpty else { return failure ?? 0 }
        let status = runs.exitStatus != 0 ? runs.exitStatus : failure ?? 0
        do {
            try write(report.command(options.command, runs))
        } catch {
            MeasureSession.complain(error.message)
            return status != 0 ? status : Status.failure
        }
        return status
    }

    private func write(_ text: String) throws(StartFailure) {
        do throws(SystemError) {
            try output.write(text)
        } catch {
            throw StartFailure(message: "the report cannot be written to \(MeasureSession.name(options)): \(error)")
        }
    }

    private static func complain(_ message: String) {
        Process.print("pyjoules-exporter measure: \(message)\n", toError: true)
    }
}

extension ReportFacts {
    init(_ measurement: borrowing Measurement, sampleNanoseconds: UInt64, notes: [String]) {
        sourceName = measurement.sourceName
        isSimulated = measurement.isSimulated
        self.sampleNanoseconds = sampleNanoseconds
        domains = measurement.sampler.accounts.map(\.domain)
        self.notes = notes
    }
}
