import Accounts
import Counters
import TestSupport
import Testing

@testable import Reports

@Suite struct TraceTests {
    @Test(arguments: [
        ("a.csv", TraceFormat.csv), ("/x/y.ndjson", .ndjson), ("a.ndjson.csv", .csv), ("a.csv ", nil), ("a.CSV", nil),
        ("a.json", nil), ("csv", nil), (".csv", nil), ("a", nil), ("", nil),
    ])
    func `the suffix says how it looks`(name: String, format: TraceFormat?) {
        #expect(TraceFormat(fileName: name) == format)
    }

    @Test func `CSV has a row for each domain at each moment`() {
        var machine = Machine([package, dram])
        machine.read([1000, 500], seconds: 1)
        var trace = Trace(format: .csv, domains: [package, dram])
        #expect(trace.header == "run,command,monotonic_seconds,unix_seconds,domain,joules,watts\n")
        let begin = trace.begin(Trace.Run(number: 2, command: "echo \"a\", b"), machine.accounts, at: machine.time)
        #expect(
            begin == """
                2,"echo ""a"", b",1.000000000,1700000001.000000000,package_0,0.000000,
                2,"echo ""a"", b",1.000000000,1700000001.000000000,dram_0,0.000000,

                """)
        machine.read([3000, 500], seconds: 3)
        #expect(
            trace.text(machine.accounts, at: machine.time) == """
                2,"echo ""a"", b",3.000000000,1700000003.000000000,package_0,0.002000,0.001000
                2,"echo ""a"", b",3.000000000,1700000003.000000000,dram_0,0.000000,0.000000

                """)
    }

    @Test func `NDJSON has an object for each moment`() {
        var machine = Machine([package])
        machine.read([1000], seconds: 1)
        var trace = Trace(format: .ndjson, domains: [package])
        #expect(trace.header == "")
        let begin = trace.begin(Trace.Run(number: 1, command: nil), machine.accounts, at: machine.time)
        #expect(
            begin == """
                {"run":1,"command":null,"monotonic_seconds":1.000000000,"unix_seconds":1700000001.000000000,\
                "domains":[{"domain":"package_0","joules":0.000000,"watts":null}]}

                """)
        machine.read([2_500_000], seconds: 2)
        #expect(
            trace.text(machine.accounts, at: machine.time).hasSuffix(
                "\"domains\":[{\"domain\":\"package_0\",\"joules\":2.499000,\"watts\":2.499000}]}\n"))
    }

    /// What a counter does between two moments, and what is told: the whole of it is that of the first and the last.
    @Test(arguments: [
        // It rests, moves, and wraps.
        ([1000, 1000, 2400, 3800, 100], ["0.000000", "0.000000", "0.001400", "0.001400", "0.000300"]),
        // It cannot be read once: the next one tells both.
        ([1000, nil, 2000], ["0.000000", "", "0.001000"]),
        // Not at the end: what is left is unknown, as it is in the report.
        ([1000, 1500, nil], ["0.000000", "0.000500", ""]),
        // Not at the beginning: it is unknown when the first one began.
        ([nil, 2000, 2500], ["", "", "0.000500"]),
    ])
    func `what is not known at one moment is told at the next`(readings: [UInt64?], expected: [String]) {
        var machine = Machine([package], modulus: 4000, boundMicrowatts: 1500)
        machine.read([0], seconds: 0)
        var trace = Trace(format: .csv, domains: [package])
        var joules: [String] = []
        for (index, reading) in readings.enumerated() {
            machine.read([reading], seconds: UInt64(index + 1))
            let text =
                index == 0
                ? trace.begin(Trace.Run(number: 1, command: nil), machine.accounts, at: machine.time)
                : trace.text(machine.accounts, at: machine.time)
            joules.append(String(text.split(separator: ",", omittingEmptySubsequences: false)[5]))
        }
        #expect(joules == expected)
    }

    @Test func `what a counter lost when it was set anew is unknown, and it goes on after that`() {
        var machine = Machine([package], modulus: 1 << 40)
        machine.read([1_000_000], seconds: 1)
        var trace = Trace(format: .csv, domains: [package])
        _ = trace.begin(Trace.Run(number: 1, command: nil), machine.accounts, at: machine.time)
        // Back by so much that no wrap explains it, until that is believed.
        var texts: [String] = []
        for second in 2...12 as ClosedRange<UInt64> {
            machine.read([second * 100], seconds: second)
            texts.append(trace.text(machine.accounts, at: machine.time))
        }
        #expect(machine.accounts[0].accountant.resets == 1)
        #expect(texts[0].hasSuffix(",package_0,,\n"))
        #expect(texts.last?.hasSuffix(",package_0,0.000100,0.000100\n") == true)
    }

    @Test func `where the counter was not read since there are no watts`() {
        var machine = Machine([package])
        machine.read([1000], seconds: 1)
        var trace = Trace(format: .csv, domains: [package])
        _ = trace.begin(Trace.Run(number: 1, command: nil), machine.accounts, at: machine.time)
        machine.time = Machine.time(seconds: 2)
        #expect(trace.text(machine.accounts, at: machine.time).hasSuffix(",package_0,0.000000,\n"))
        machine.read([5000], seconds: 3)
        // Since the reading of the first second.
        #expect(trace.text(machine.accounts, at: machine.time).hasSuffix(",package_0,0.004000,0.002000\n"))
    }

    @Test func `a step that proved false is taken back`() {
        var before = CounterAccountant(modulus: 1 << 40, boundMicrowatts: 1_000_000)
        _ = before.take(1000, at: Moment(monotonicNanoseconds: 1_000_000_000, boottimeNanoseconds: 1_000_000_000))
        let now = CounterAccountant(
            modulus: 1 << 40, boundMicrowatts: 1_000_000, totalMicrojoules: UInt64.max - 499, wraps: 0, resets: 0,
            gaps: 0,
            last: .init(
                raw: 0, moment: Moment(monotonicNanoseconds: 2_000_000_000, boottimeNanoseconds: 2_000_000_000)))
        #expect(Trace.step(from: before, to: now) == Trace.Step(microjoules: -500, microwatts: -500))
    }

    @Test func `a domain without an account is unknown`() {
        var machine = Machine([])
        machine.read([], seconds: 1)
        var trace = Trace(format: .csv, domains: [package])
        let begin = trace.begin(Trace.Run(number: 1, command: nil), machine.accounts, at: machine.time)
        #expect(begin.hasSuffix(",package_0,,\n"))
        #expect(trace.text(machine.accounts, at: machine.time).hasSuffix(",package_0,,\n"))
    }

    private let package = Domain(kind: .package, socket: 0)
    private let dram = Domain(kind: .dram, socket: 0)
}

/// Accounts that are told what to read.
private struct Machine {
    var accounts: [DomainAccount]
    var time = Machine.time(seconds: 0)

    init(_ domains: [Domain], modulus: UInt64 = 1 << 40, boundMicrowatts: UInt64 = 10_000_000) {
        accounts = domains.map { DomainAccount(.of($0, modulus: modulus, boundMicrowatts: boundMicrowatts)) }
    }

    static func time(seconds: UInt64) -> Trace.Time {
        Trace.Time(
            monotonicNanoseconds: seconds * 1_000_000_000, unixNanoseconds: (1_700_000_000 + seconds) * 1_000_000_000)
    }

    /// Nil for a reading that fails.
    mutating func read(_ readings: [UInt64?], seconds: UInt64) {
        time = Machine.time(seconds: seconds)
        let moment = Moment(
            monotonicNanoseconds: time.monotonicNanoseconds, boottimeNanoseconds: time.monotonicNanoseconds)
        for (index, reading) in readings.enumerated() {
            accounts[index].take(reading.map { .counter($0) } ?? .failure(.garbage), at: moment)
        }
    }
}
