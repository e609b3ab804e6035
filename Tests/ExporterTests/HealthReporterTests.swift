import Counters
import Sampling
import Sources
import TestSupport
import Testing

@testable import Exporter

@Suite struct HealthReporterTests {
    @Test func `a zone that fails is said once, and its recovery once, however often it is read`() throws {
        try withBench { bench in
            try bench.review(seconds: 0..<5)
            #expect(bench.logged.lines().isEmpty == true)
            try bench.set("garbage")
            try bench.review(seconds: 100..<200)
            let failing = bench.logged.lines()
            #expect(failing.count == 1)
            #expect(failing[0].hasPrefix("level=warning event=zone_failing"))
            #expect(failing[0].contains("domain=package_0 reason=garbage"))
            try bench.set("12")
            try bench.review(seconds: 200..<300)
            let recovered = bench.logged.lines()
            #expect(recovered.count == 1)
            #expect(recovered[0].contains("event=zone_recovered"))
        }
    }

    @Test func `a zone that flaps is said at most once a minute`() throws {
        try withBench { bench in
            for second in 0..<120 {
                try bench.set(second % 2 == 0 ? "" : "5")
                try bench.review(seconds: second..<(second + 1))
            }
            let said = bench.logged.lines()
            #expect(said.count { $0.contains("event=zone_failing") } == 2)
            #expect(said.count { $0.contains("event=zone_recovered") } == 2)
        }
    }

    /// A zone of its own, its sampler, and a log that can be read.
    private struct Bench: ~Copyable {
        let logged: LogBench
        private let tree: PowercapTree
        private var sampler: Sampling
        private var reporter = HealthReporter()

        init(_ tree: PowercapTree) throws {
            let logged = try LogBench()
            sampler = Sampling(.reading(.powercap, tree.root))
            self.logged = logged
            self.tree = tree
        }

        func set(_ content: String) throws {
            try tree.set("energy_uj", of: "intel-rapl:0", to: content)
        }

        mutating func review(seconds: Range<Int>) throws {
            for second in seconds {
                sampler.tick()
                reporter.review(sampler, at: UInt64(second) * 1_000_000_000, logged.log)
            }
        }
    }

    private func withBench(_ body: (inout Bench) throws -> Void) throws {
        try withPowercapTree(["0": "package-0"]) { tree in
            var bench = try Bench(tree)
            try body(&bench)
        }
    }
}
