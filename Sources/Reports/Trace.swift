public import Accounts
import Bytes
import Counters

/// What each domain used between the moments at which its counter was read, as lines of text.
///
/// The joules of one run, from its first moment to its last, add up to those of its report: what a counter does not show at one
/// moment is told at the next one that does. They are negative where an earlier step of a counter proved false, so that it is taken
/// back.
public struct Trace: Sendable {
    /// Where the lines of a run belong.
    public struct Run: Sendable {
        var number: Int
        var command: String?

        /// - Parameters:
        ///   - number: which run of the command, or which measurement, counted from 1.
        ///   - command: nil where the machine is measured alone.
        public init(number: Int, command: String?) {
            self.number = number
            self.command = command
        }
    }

    /// When a pass over the counters began.
    public struct Time: Sendable {
        var monotonicNanoseconds: UInt64
        var unixNanoseconds: UInt64

        /// A moment on the monotonic clock and on the wall clock.
        public init(monotonicNanoseconds: UInt64, unixNanoseconds: UInt64) {
            self.monotonicNanoseconds = monotonicNanoseconds
            self.unixNanoseconds = unixNanoseconds
        }
    }

    /// What was used since an earlier moment, and the mean power from the reading then to the one now.
    struct Step: Equatable {
        /// Nil where that is not known now.
        var microjoules: Int64?
        var microwatts: Int64?
    }

    private let format: TraceFormat
    private let domains: [Domain]
    private let isMeasured: Bool
    private var run = Run(number: 0, command: nil)
    /// Each account as it was last told; nil where there is none, or where it could not be read since the first moment.
    private var told: [DomainAccount?] = []

    /// A trace of the domains of a report.
    public init(format: TraceFormat, _ facts: ReportFacts) {
        self.init(format: format, domains: facts.domains, isMeasured: facts.isMeasured)
    }

    /// - Parameters:
    ///   - domains: in the order of the accounts.
    ///   - isMeasured: false where nothing can be read, so that whatever appears later is none of these domains.
    init(format: TraceFormat, domains: [Domain], isMeasured: Bool = true) {
        self.format = format
        self.domains = domains
        self.isMeasured = isMeasured
    }

    /// What comes before everything else.
    public var header: String {
        format == .csv ? "run,command,monotonic_seconds,unix_seconds,domain,joules,watts\n" : ""
    }

    /// The first moment of a run: nothing is used yet.
    public mutating func begin(_ run: Run, _ accounts: [DomainAccount], at time: Time) -> String {
        self.run = run
        told = domains.indices.map { index in
            guard index < accounts.count else { return nil }
            return Trace.isKnown(accounts[index]) ? accounts[index] : nil
        }
        return text(accounts, at: time)
    }

    /// A later moment.
    public mutating func text(_ accounts: [DomainAccount], at time: Time) -> String {
        let steps = domains.indices.map { index in
            isMeasured && index < accounts.count ? step(index, to: accounts[index]) : Step()
        }
        let times = (decimal(time.monotonicNanoseconds, digits: 9), decimal(time.unixNanoseconds, digits: 9))
        switch format {
        case .csv: return rows(steps, times)
        case .ndjson: return object(steps, times)
        }
    }

    private mutating func step(_ index: Int, to now: DomainAccount) -> Step {
        guard Trace.isKnown(now), !now.isInDoubt else { return Step() }
        let before = told[index]?.accountant
        told[index] = now
        guard let before, now.accountant.resets == before.resets, now.accountant.gaps == before.gaps else {
            return Step()
        }
        return Trace.step(from: before, to: now.accountant)
    }

    private static func isKnown(_ account: DomainAccount) -> Bool { !account.isMirror && account.failure == nil }

    /// Without watts where the counter was not read since, so that nothing is known to have been used.
    static func step(from before: CounterAccountant, to now: CounterAccountant) -> Step {
        let used = Int64(bitPattern: now.believedMicrojoules &- before.believedMicrojoules)
        guard let end = now.last?.moment.monotonicNanoseconds, let start = before.last?.moment.monotonicNanoseconds,
            end > start
        else { return Step(microjoules: used) }
        let power = microwatts(microjoules: used.magnitude, nanoseconds: end - start)
        return Step(microjoules: used, microwatts: Int64(clamping: power) * (used < 0 ? -1 : 1))
    }

    private func rows(_ steps: [Step], _ times: (monotonic: String, unix: String)) -> String {
        let first = [String(run.number), CSVReport.cell(run.command ?? ""), times.monotonic, times.unix]
            .joined(separator: ",")
        return zip(domains, steps).map { domain, step in
            let numbers = [step.microjoules, step.microwatts].map { $0.map { decimal($0, digits: 6) } ?? "" }
            return "\(first),\(domain.tag),\(numbers[0]),\(numbers[1])\n"
        }.joined()
    }

    private func object(_ steps: [Step], _ times: (monotonic: String, unix: String)) -> String {
        var object = JSONObject()
        object.add("run", String(run.number))
        object.add("command", run.command.map(JSONObject.quoted))
        object.add("monotonic_seconds", times.monotonic)
        object.add("unix_seconds", times.unix)
        let members = zip(domains, steps).map { domain, step in
            var member = JSONObject()
            member.add("domain", JSONObject.quoted(domain.tag))
            member.add("joules", step.microjoules.map { decimal($0, digits: 6) })
            member.add("watts", step.microwatts.map { decimal($0, digits: 6) })
            return member.text
        }
        object.add("domains", JSONObject.array(members))
        return object.text + "\n"
    }
}
