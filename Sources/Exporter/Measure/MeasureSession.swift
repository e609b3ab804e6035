import Accounts
import Attribution
import Counters
import Kernel
import Log
import Logging
import Reports
import Sampling
import Sources

/// One run of `measure`: opens the source, measures, writes the report.
struct MeasureSession: ~Copyable {
    private enum Status {
        static let failure: Int32 = 1
        /// As shells say that a command could not be executed, or is not there.
        static let cannotExecute: Int32 = 126
        static let notFound: Int32 = 127
    }

    private let options: MeasureOptions
    private let output: TextWriter
    private var report: MeasureReport
    private var run: MeasureRun

    /// - Returns: the exit status: the command's, or that of a failure of our own, or that of the signal that ended it early.
    static func run(_ options: MeasureOptions, _ configuration: Configuration) -> Int32 {
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
    private init(_ options: MeasureOptions, _ configuration: Configuration) throws {
        try configuration.checkDirectories()
        let signals = try MeasureRun.receiveSignals()
        let messages = MessageList()
        let sampling = Sampling(Sources(configuration))
        SourceMessages.report(sampling.report, messages.logger)
        guard sampling.report.isUp else {
            throw StartFailure(message: messages.texts(of: .noSource).joined(separator: "; "))
        }
        let sharing = try MeasureSession.share(options, configuration)
        let output = try MeasureSession.open(options)
        let facts = ReportFacts(
            sampling, sampleNanoseconds: configuration.sampleInterval.nanoseconds, notes: messages.notes)
        run = try MeasureRun(
            sampling: sampling, sampleNanoseconds: configuration.sampleInterval.nanoseconds,
            signals: signals, progress: Progress.beside(output), sharing: sharing)
        self.options = options
        self.output = output
        report = MeasureReport(facts: facts, format: options.format)
    }

    /// Makes a cgroup for the command, if who used the energy is asked.
    private static func share(
        _ options: MeasureOptions, _ configuration: Configuration
    ) throws(StartFailure) -> CommandSharing? {
        guard options.attributes else { return nil }
        do throws(AttributionObstacle) {
            return CommandSharing(
                try CommandMeter.make(
                    cgroupfs: configuration.cgroupfs, sysfs: configuration.sysfs, procfs: configuration.procfs))
        } catch {
            throw StartFailure(
                message: "what the command uses cannot be told: \(error.description). To mend it: \(error.remedy)")
        }
    }

    private static func open(_ options: MeasureOptions) throws(StartFailure) -> TextWriter {
        do throws(SystemError) {
            if let path = options.output { return try TextWriter(creating: path) }
            return try options.command.isEmpty ? .standardOutput() : .standardError()
        } catch  where error.code == .noDeviceOrReader {
            throw StartFailure(
                message:
                    "the report cannot be written to \(MeasureSession.name(options)): it is a pipe that nobody reads from, or a "
                    + "socket: start what reads it first, or name a file")
        } catch {
            throw StartFailure(message: "the report cannot be written to \(MeasureSession.name(options)): \(error)")
        }
    }

    private static func name(_ options: MeasureOptions) -> String {
        options.output.map { "'\($0)'" } ?? (options.command.isEmpty ? "standard output" : "standard error")
    }

    /// Tells each measurement when it ends.
    private mutating func measureMachine() throws -> Int32 {
        try write(report.opening)
        let schedule = try run.begin(every: options.intervalNanoseconds)
        for number in 1...options.count where run.stop == nil {
            let interval = try run.measure(schedule, "measuring")
            try write(report.machine(interval, number: number, count: options.count))
        }
        return run.stop?.exitStatus ?? 0
    }

    /// Tells everything at the end.
    private mutating func measureCommand() throws -> Int32 {
        if let baseline = options.baselineNanoseconds {
            let schedule = try run.begin(every: baseline)
            report.baseline = Baseline(interval: try run.measure(schedule, "measuring the idle machine"))
        }
        let command = ArgumentVector(lastOfCommandLine: options.command.count)
        var runs: [CommandRun] = []
        var failure: Int32?
        while runs.count < options.repetitions, failure == nil {
            let activity = options.repetitions > 1 ? "run \(runs.count + 1) of \(options.repetitions)" : "running"
            switch try run.run(command, activity, idleMicrowatts: report.baseline?.microwatts ?? []) {
            case .ended(let run): runs.append(run)
            case .stopped(let signal): failure = signal.exitStatus
            case .notExecuted(let code):
                MeasureSession.complain("cannot run '\(options.command[0])': \(code)")
                failure = code == .notFound ? Status.notFound : Status.cannotExecute
            }
        }
        if let path = run.removeGroup() {
            MeasureSession.complain(
                "the command left processes behind: \(path) stays until they end; then 'rmdir' removes it")
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
    init(_ sampling: borrowing Sampling, sampleNanoseconds: UInt64, notes: [String]) {
        self.init(
            sourceName: sampling.report.name, isSimulated: sampling.report.isSimulated,
            sampleNanoseconds: sampleNanoseconds, domains: sampling.accounts.map(\.domain), notes: notes)
    }
}
