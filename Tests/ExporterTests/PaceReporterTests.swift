import Counters
import Sources
import TestSupport
import Testing

@testable import Exporter
@testable import Sampling

@Suite struct PaceReporterTests {
    private static let second: UInt64 = 1_000_000_000

    @Test func `slow passes are said once, and that they are quick again`() throws {
        try withBench { bench in
            bench.review(seconds: 0, milliseconds: 5)
            #expect(bench.logged.lines().isEmpty == true)
            bench.review(seconds: 1, milliseconds: 30)
            bench.review(seconds: 2, milliseconds: 60)
            let slow = bench.logged.lines()
            #expect(slow.count == 1)
            #expect(slow[0].hasPrefix("level=warning event=sampling_stretched"))
            #expect(slow[0].hasSuffix("interval=300ms"))
            bench.review(seconds: 3, milliseconds: 1)
            let quick = bench.logged.lines()
            #expect(quick.count == 1)
            #expect(quick[0].hasPrefix("level=notice event=sampling_restored"))
            #expect(quick[0].hasSuffix("interval=100ms"))
        }
    }

    @Test func `passes that are slow and quick by turns are said at most once a minute`() throws {
        try withBench { bench in
            for second in 0..<120 as Range<UInt64> {
                bench.review(seconds: second, milliseconds: second % 2 == 0 ? 30 : 1)
            }
            let said = bench.logged.lines()
            #expect(said.count { $0.contains("event=sampling_stretched") } == 2)
            #expect(said.count { $0.contains("event=sampling_restored") } == 2)
        }
    }

    private func withBench(_ body: (inout Bench) throws -> Void) throws {
        var bench = try Bench()
        try body(&bench)
    }

    private struct Bench: ~Copyable {
        let logged: LogBench
        private var sampling = Sampling(.none())
        private var reporter = PaceReporter()

        init() throws {
            logged = try LogBench()
        }

        /// Reviews after so many passes of one length that the pace has followed.
        mutating func review(seconds: UInt64, milliseconds: UInt64) {
            for _ in 0..<10 { sampling.notePace(passNanoseconds: milliseconds * 1_000_000, every: 100_000_000) }
            reporter.review(sampling, every: 100_000_000, at: seconds * PaceReporterTests.second, logged.log)
        }
    }
}
