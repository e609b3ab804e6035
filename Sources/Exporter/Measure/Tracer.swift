import Kernel
import Reports
import Sampling

/// Writes a trace while something is measured.
///
/// Nothing waits for whoever reads it, which would make the measurement late: what is not taken at once is kept, and written with what
/// follows, or when all is measured.
struct Tracer: ~Copyable {
    /// So much is kept for a slow reader. One that is further behind gets no more.
    static let mostKeptBytes = 64 << 20

    private let writer: TextWriter
    /// What was not taken yet.
    private var kept: [UInt8] = []
    private var trace: Trace
    /// The moment of the latest line, on the monotonic clock.
    private var toldNanoseconds: UInt64 = 0
    /// Nothing more is written: the file takes nothing, or its reader has gone.
    private var isOver = false
    /// Why not all of it could be written; nil if it was, or if nobody wanted to read on.
    private(set) var failure: SystemError?

    /// Makes the file, or empties the one that is there, unless the report goes to it.
    init(_ file: TraceFile, _ facts: ReportFacts, beside output: borrowing ReportOutput) throws(StartFailure) {
        let trace = Trace(format: file.format, facts)
        writer = try Tracer.begin(file, trace.header, beside: output)
        self.trace = trace
    }

    private static func begin(
        _ file: TraceFile, _ header: String, beside output: borrowing ReportOutput
    ) throws(StartFailure) -> TextWriter {
        do throws(SystemError) {
            let writer = try TextWriter(creating: file.path)
            if try !writer.isSameFile(as: output.writer) {
                try writer.empty()
                try writer.write(header)
                return writer
            }
        } catch {
            throw StartFailure(unwritable: "the trace", "'\(file.path)'", error)
        }
        throw StartFailure(
            message: "the trace cannot be written to '\(file.path)': it is the file of the report; name another")
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

    /// Writes what its reader has not taken yet, and waits for it: nothing is measured any more.
    mutating func finish() {
        guard !isOver, !kept.isEmpty else { return }
        do throws(SystemError) {
            try writer.write(String(decoding: kept, as: UTF8.self))
            kept = []
        } catch {
            end(error)
        }
    }

    private mutating func write(_ text: String) {
        guard !isOver else { return }
        kept += text.utf8
        do throws(SystemError) {
            let count = try writer.writeAvailable(kept.span)
            kept.removeFirst(count)
            guard kept.count <= Tracer.mostKeptBytes else { throw SystemError(call: "write", code: .wouldBlock) }
        } catch {
            end(error)
        }
    }

    private mutating func end(_ error: SystemError) {
        isOver = true
        kept = []
        failure = error.code == .brokenPipe ? nil : error
    }
}
