import Kernel
import Reports
import Sampling

/// Writes a trace while something is measured.
struct Tracer: ~Copyable {
    private let writer: TextWriter
    private var trace: Trace
    /// The moment of the latest line, on the monotonic clock.
    private var toldNanoseconds: UInt64 = 0
    /// Nothing more is written: the file takes nothing, or its reader has gone.
    private var isOver = false
    /// Why not all of it could be written; nil if it was, or if nobody wanted to read on.
    private(set) var failure: SystemError?

    /// Makes the file, or empties the one that is there.
    init(_ path: String, _ format: TraceFormat, _ facts: ReportFacts) throws(SystemError) {
        let writer = try TextWriter(creating: path)
        let trace = Trace(format: format, facts)
        try writer.write(trace.header)
        self.writer = writer
        self.trace = trace
    }

    /// Begins a run with the pass that the sampling has just made.
    mutating func begin(_ sampling: borrowing Sampling, _ run: Trace.Run) {
        toldNanoseconds = sampling.lastPassNanoseconds
        write(trace.begin(run, sampling.accounts, at: Tracer.time(of: sampling)))
    }

    /// Goes on with the pass that the sampling has just made, unless that was told already.
    mutating func take(_ sampling: borrowing Sampling) {
        guard !isOver, sampling.lastPassNanoseconds > toldNanoseconds else { return }
        toldNanoseconds = sampling.lastPassNanoseconds
        write(trace.text(sampling.accounts, at: Tracer.time(of: sampling)))
    }

    private static func time(of sampling: borrowing Sampling) -> Trace.Time {
        let ago = Clock.monotonicNanoseconds() &- sampling.lastPassNanoseconds
        return Trace.Time(
            monotonicNanoseconds: sampling.lastPassNanoseconds,
            unixNanoseconds: Clock.realtimeNanoseconds() &- ago)
    }

    private mutating func write(_ text: String) {
        guard !isOver else { return }
        do throws(SystemError) {
            try writer.write(text)
        } catch {
            isOver = true
            failure = error.code == .brokenPipe ? nil : error
        }
    }
}
