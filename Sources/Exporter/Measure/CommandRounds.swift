import Bytes
import Kernel
import Reports

/// Runs each command as often as was asked for, one after the other in each round, so that what changes meanwhile concerns all of them.
struct CommandRounds {
    private enum Status {
        /// As shells say that a command could not be executed, or is not there.
        static let cannotExecute: Int32 = 126
        static let notFound: Int32 = 127
    }

    private let options: MeasureOptions
    private let idleMicrowatts: [UInt64?]
    /// Those of each command, warmups aside.
    private(set) var runs: [[CommandRun]]

    /// - Parameter idleMicrowatts: what each account's domain takes when the machine is left alone, where that was measured.
    init(_ options: MeasureOptions, idleMicrowatts: [UInt64?]) {
        self.options = options
        self.idleMicrowatts = idleMicrowatts
        runs = Array(repeating: [], count: options.commandCount)
    }

    /// - Returns: the exit status of what kept it from going on; nil if everything was run.
    mutating func run(_ loop: inout MeasureRun) throws(SystemError) -> Int32? {
        for round in 0..<(options.warmups + options.runsOfEach) {
            for index in runs.indices {
                if let status = try prepare(&loop) { return status }
                if let status = try run(index, number: round - options.warmups + 1, &loop) { return status }
            }
        }
        return nil
    }

    /// - Parameter number: below 1 for a warmup.
    private mutating func run(
        _ index: Int, number: Int, _ loop: inout MeasureRun
    ) throws(SystemError) -> Int32? {
        let isWarmup = number < 1
        let traced = isWarmup ? nil : Trace.Run(number: number, command: options.name(index))
        let outcome = try loop.run(
            options.words(index), activity(index, number), idleMicrowatts: idleMicrowatts, traced: traced)
        switch outcome {
        case .ended(let run):
            if !isWarmup { runs[index].append(run) }
            return nil
        case .stopped(let signal): return signal.exitStatus
        case .notExecuted(let code): return CommandRounds.complain(options.program(index), code)
        }
    }

    /// Runs what comes before a run, if there is such.
    private func prepare(_ loop: inout MeasureRun) throws(SystemError) -> Int32? {
        guard let text = options.preparation else { return nil }
        let outcome = try loop.run(MeasureOptions.shell(text), "preparing", idleMicrowatts: [], traced: nil)
        switch outcome {
        case .ended(let run):
            if let stop = loop.stop { return stop.exitStatus }
            let status = [run].exitStatus
            guard status != 0 else { return nil }
            MeasureSession.complain(
                "'--prepare \(printable(text))' failed with exit status \(status), so nothing more is run")
            return status
        case .stopped(let signal): return signal.exitStatus
        case .notExecuted(let code): return CommandRounds.complain("sh", code)
        }
    }

    private func activity(_ index: Int, _ number: Int) -> String {
        let ordinal = options.runsOfEach > 1 ? "run \(number) of \(options.runsOfEach)" : "running"
        let activity = number < 1 ? "warming up" : ordinal
        return options.compared.isEmpty ? activity : "command \(index + 1), \(activity)"
    }

    private static func complain(_ program: String, _ code: ErrorCode) -> Int32 {
        MeasureSession.complain("cannot run '\(printable(program))': \(code)")
        return code == .notFound ? Status.notFound : Status.cannotExecute
    }
}
