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
        /// As shells say that SIGPIPE ended a program.
        static let readerGone: Int32 = 141
    }

    private let options: MeasureOptions
    private var output: ReportOutput
    private var report: MeasureReport
    private var run: MeasureRun

    /// - Returns: the exit status: the command's, or that of a failure of our own, or that of the signal that ended it early.
    static func run(_ options: MeasureOptions, _ configuration: Configuration) -> Int32 {
        do {
            var session = try MeasureSession(options, configuration)
            return options.isOfMachine ? try session.measureMachine() : try session.measureCommands()
        } catch let error as ReportFailure {
            return status(of: error)
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
        let signals = try MeasureEvents.receiveSignals()
        let messages = MessageList()
        let sampling = Sampling(Sources(configuration))
        SourceMessages.report(sampling.report, messages.logger)
        let obstacles = messages.texts(of: .noSource)
        guard sampling.report.isUp || options.allowsUnmeasured else {
            let remedy = options.isOfMachine ? [] : ["'--allow-unmeasured' runs the command all the same"]
            throw StartFailure(message: (obstacles + remedy).joined(separator: "; "))
        }
        let sharing = try MeasureSession.share(options, configuration)
        let facts = ReportFacts(
            sampling, sampleNanoseconds: configuration.sampleInterval.nanoseconds, notes: obstacles + messages.notes)
        let output = try ReportOutput(options)
        let tracer = try MeasureSession.trace(options, facts, beside: output)
        if !facts.isMeasured {
            MeasureSession.complain(
                "NOTHING IS MEASURED, and the report says null: \(obstacles.joined(separator: "; "))")
        }
        run = try MeasureRun(
            sampling: sampling, sampleNanoseconds: configuration.sampleInterval.nanoseconds,
            signals: signals, progress: Progress.beside(output), sharing: sharing, tracer: tracer)
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

    private static func trace(
        _ options: MeasureOptions, _ facts: ReportFacts, beside output: borrowing ReportOutput
    ) throws(StartFailure) -> Tracer? {
        guard let file = options.trace else { return nil }
        return try Tracer(file, facts, beside: output)
    }

    /// Tells each measurement when it ends.
    private mutating func measureMachine() throws -> Int32 {
        try output.write(report.opening)
        let schedule = try run.begin(every: options.intervalNanoseconds)
        for number in 1...options.count where run.stop == nil {
            let traced = Trace.Run(number: number, command: nil)
            let interval = try run.measure(schedule, "measuring", traced: traced)
            try output.write(report.machine(interval, number: number, count: options.count))
        }
        return endTrace(run.stop?.exitStatus ?? 0)
    }

    /// - Returns: the exit status, which is that of a failure where the trace is not whole.
    private mutating func endTrace(_ status: Int32) -> Int32 {
        guard let error = run.endTrace(), let file = options.trace else { return status }
        MeasureSession.complain(StartFailure(unwritable: "all of the trace", "'\(file.path)'", error).message)
        return status != 0 ? status : Status.failure
    }

    /// Tells everything at the end.
    private mutating func measureCommands() throws -> Int32 {
        if let baseline = options.baselineNanoseconds {
            let schedule = try run.begin(every: baseline)
            report.baseline = Baseline(interval: try run.measure(schedule, "measuring the idle machine"))
        }
        if !options.hasInput { try Process.emptyStandardInput() }
        var rounds = CommandRounds(options, idleMicrowatts: report.baseline?.microwatts ?? [])
        let failure = try rounds.run(&run)
        if let path = run.removeGroup() {
            MeasureSession.complain(
                "the command left processes behind: \(path) stays until they end; then 'rmdir' removes it")
        }
        return tell(rounds.runs, failure: failure)
    }

    private mutating func tell(_ runs: [[CommandRun]], failure: Int32?) -> Int32 {
        let all = runs.flatMap(\.self)
        guard !all.isEmpty else { return endTrace(failure ?? 0) }
        let status = all.exitStatus != 0 ? all.exitStatus : failure ?? 0
        do throws(ReportFailure) {
            try output.write(text(runs))
            return endTrace(status)
        } catch {
            let failure = MeasureSession.status(of: error)
            return endTrace(status != 0 ? status : failure)
        }
    }

    private func text(_ runs: [[CommandRun]]) -> String {
        guard !options.compared.isEmpty else { return report.command(options.command, runs[0]) }
        return report.comparison(runs.enumerated().map { ComparedCommand(name: options.name($0), runs: $1) })
    }

    /// Says what went wrong, unless nobody wants to read it.
    private static func status(of failure: ReportFailure) -> Int32 {
        switch failure {
        case .readerGone: return Status.readerGone
        case .unwritable(let failure):
            complain(failure.message)
            return Status.failure
        }
    }

    static func complain(_ message: String) {
        Process.print("pyjoules-exporter measure: \(message)\n", toError: true)
    }
}

extension ReportFacts {
    init(_ sampling: borrowing Sampling, sampleNanoseconds: UInt64, notes: [String]) {
        let isMeasured = sampling.report.isUp
        self.init(
            sourceName: isMeasured ? sampling.report.name : nil, isSimulated: sampling.report.isSimulated,
            sampleNanoseconds: sampleNanoseconds,
            // What nearly every machine has that can be measured.
            domains: isMeasured ? sampling.accounts.map(\.domain) : [Domain(kind: .package, socket: 0)], notes: notes)
    }
}
