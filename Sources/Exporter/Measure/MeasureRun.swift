import Attribution
import Counters
import Kernel
import Reports
import Sampling
import Sources

/// What came of an attempt to run a command.
enum RunOutcome {
    case ended(CommandRun)
    /// The program could not be executed.
    case notExecuted(ErrorCode)
    /// A signal asked to end before there was anything to pass it on to.
    case stopped(SignalNumber)
}

/// The loop of `measure`: samples the counters on a timer until a time is over or a command has ended, and takes signals.
///
/// Between the two passes over the counters at the ends of an interval, ticks see peaks and wraps.
struct MeasureRun: ~Copyable {
    /// When the machine is looked at, and when an interval ends.
    struct Schedule: ~Copyable {
        fileprivate let samples: Timer
        fileprivate let ends: Timer
    }

    private var events: MeasureEvents
    private var sampling: Sampling
    private let sampleNanoseconds: UInt64
    private var progress: Progress
    /// Nil if who used the energy is not asked.
    private var sharing: CommandSharing?
    /// Nil if no trace is asked for.
    private var tracer: Tracer?
    private var isTraced = false

    init(
        sampling: consuming Sampling, sampleNanoseconds: UInt64, signals: consuming SignalReceiver,
        progress: consuming Progress, sharing: consuming CommandSharing?, tracer: consuming Tracer?
    ) throws(SystemError) {
        events = try MeasureEvents(signals)
        self.sampleNanoseconds = min(sampleNanoseconds, sampling.longestIntervalNanoseconds)
        self.sampling = sampling
        self.sampling.isInsistent = true
        self.progress = progress
        self.sharing = sharing
        self.tracer = tracer
    }

    /// The signal that asked to end; nothing is begun after it.
    var stop: SignalNumber? { events.stop }

    /// Makes the first pass. After it, each call of `measure` goes on where the one before ended, so that nothing is lost
    /// between two.
    mutating func begin(every nanoseconds: UInt64) throws(SystemError) -> Schedule {
        let schedule = Schedule(
            samples: try events.timer(min(sampleNanoseconds, nanoseconds), .samples),
            ends: try events.timer(nanoseconds, .end))
        sampling.tick(at: .now())
        return schedule
    }

    /// Measures the machine until the next end of an interval, or until a signal asks to end.
    ///
    /// - Parameter traced: where the interval belongs in the trace; nil if it is none of it.
    mutating func measure(
        _ schedule: borrowing Schedule, _ activity: String, traced: Trace.Run? = nil
    ) throws(SystemError) -> EnergyInterval {
        var meter = beginInterval(traced)
        progress.begin(activity, meter.startNanoseconds)
        var wakeup = try wait()
        while !wakeup.isTimeOver && stop == nil {
            if wakeup.isSampleDue { try takeSample(schedule.samples, &meter) }
            wakeup = try wait()
        }
        _ = try schedule.ends.takeExpirations()
        makePass(every: schedule.samples.intervalNanoseconds, &meter)
        try settle(&meter)
        _ = try schedule.ends.takeExpirations()
        return endInterval(meter, isFragment: !wakeup.isTimeOver)
    }

    /// Runs a command and measures the machine from right before its start until right after its end is known. Signals are
    /// passed on to it, and it alone decides what they do to it.
    ///
    /// - Parameters:
    ///   - idleMicrowatts: what each account's domain takes when the machine is left alone, where that was measured.
    ///   - traced: where the run belongs in the trace; nil if it is none of it.
    mutating func run(
        _ command: borrowing ArgumentVector, _ activity: String, idleMicrowatts: [UInt64?], traced: Trace.Run?
    ) throws(SystemError) -> RunOutcome {
        let samples = try events.timer(sampleNanoseconds, .samples)
        var wakeup = MeasureEvents.Wakeup()
        try events.takeSignals(&wakeup)
        if let stop { return .stopped(stop) }
        sampling.tick(at: .now())
        var meter = beginInterval(traced)
        sharing?.begin(sampling, idleMicrowatts: idleMicrowatts)
        let child: ChildProcess
        do throws(SystemError) {
            child = try start(command)
        } catch {
            if error.isOfJoining { throw error }
            return .notExecuted(error.code)
        }
        progress.begin(activity, meter.startNanoseconds)
        while true {
            wakeup = try wait()
            for signal in wakeup.signals { forward(signal, to: child) }
            if wakeup.hasChildChanged {
                // Before asking for its status: from here on the machine does not work for the command any more.
                makePass(every: sampleNanoseconds, &meter)
                if let end = try child.takeEnd() {
                    try settle(&meter)
                    let attribution = sharing?.end(sampling)
                    let interval = endInterval(meter, isFragment: stop != nil)
                    return .ended(CommandRun(interval: interval, end: end, attribution: attribution))
                }
            } else if wakeup.isSampleDue {
                try takeSample(samples, &meter)
                sharing?.takeIfDue(sampling)
            }
        }
    }

    private func start(_ command: borrowing ArgumentVector) throws(SystemError) -> ChildProcess {
        switch sharing {
        case .some(let sharing):
            try ChildProcess(starting: command, signals: events.signals, in: sharing.meter.group)
        case .none: try ChildProcess(starting: command, signals: events.signals)
        }
    }

    /// Removes the command's cgroup, if it has one.
    ///
    /// - Returns: its path if something still runs in it.
    mutating func removeGroup() -> String? { sharing?.remove() ?? nil }

    /// Writes what is left of the trace.
    ///
    /// - Returns: why not all of it could be written; nil if it was.
    mutating func endTrace() -> SystemError? {
        tracer?.finish()
        switch tracer {
        case .some(let tracer): return tracer.failure
        case .none: return nil
        }
    }

    /// What a key on the terminal caused reached every process of our group, and must not reach the command twice.
    private func forward(_ signal: ReceivedSignal, to child: borrowing ChildProcess) {
        if signal.isFromKernel && child.sharesProcessGroup { return }
        child.send(signal.number)
    }

    /// Goes on while it is not decided what the latest readings of some counter were, for as long as that takes where readings
    /// succeed, or until a signal.
    private mutating func settle(_ meter: inout IntervalMeter) throws(SystemError) {
        guard sampling.isInDoubt else { return }
        let begin = sampling.lastPassNanoseconds
        var wakeup = MeasureEvents.Wakeup()
        while sampling.isInDoubt, wakeup.signals.isEmpty,
            sampling.lastPassNanoseconds - begin < MeasureRun.longestDoubtNanoseconds
        {
            wakeup = try wait()
            sampling.refresh(at: .now())
        }
        meter.noteDoubt(nanoseconds: sampling.lastPassNanoseconds - begin)
    }

    private static let longestDoubtNanoseconds: UInt64 = 3_000_000_000

    private mutating func wait() throws(SystemError) -> MeasureEvents.Wakeup {
        let isPassNeeded = sampling.needsPassesBetweenTicks(every: sampleNanoseconds)
        let pause = sampling.millisecondsToNextPass(at: Clock.monotonicNanoseconds(), every: sampleNanoseconds)
        let wakeup = try events.wait(milliseconds: isPassNeeded ? pause : nil)
        _ = sampling.refreshIfDue(at: .now(), every: sampleNanoseconds)
        return wakeup
    }

    private mutating func takeSample(_ timer: borrowing Timer, _ meter: inout IntervalMeter) throws(SystemError) {
        _ = try timer.takeExpirations()
        makePass(every: timer.intervalNanoseconds, &meter)
        progress.show(sampling)
    }

    private mutating func makePass(every nanoseconds: UInt64, _ meter: inout IntervalMeter) {
        if sampling.pass(at: .now(), every: nanoseconds) { meter.takeTick(sampling) }
        if isTraced { tracer?.take(sampling) }
    }

    /// Begins with the pass that the sampling has just made.
    private mutating func beginInterval(_ traced: Trace.Run?) -> IntervalMeter {
        isTraced = traced != nil
        if let traced { tracer?.begin(sampling, traced) }
        return IntervalMeter(sampling)
    }

    /// Ends with the pass that the sampling has just made.
    private mutating func endInterval(_ meter: IntervalMeter, isFragment: Bool) -> EnergyInterval {
        if isTraced { tracer?.take(sampling) }
        progress.clear()
        return meter.interval(sampling, isFragment: isFragment)
    }
}
