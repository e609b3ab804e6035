import Counters
import TestSupport
import Testing

@testable import Exporter
@testable import Sampling
@testable import Sources

/// What the log says of the machine's energy, and of sources that stand still.
@Suite struct HostReporterTests {
    @Test func `a platform that stands still is said once`() throws {
        try withMachine(["0": "package-0", "1": "psys"]) { tree, machine in
            for second in 0..<40 as Range<UInt64> {
                try tree.setCounter("intel-rapl:0", second * 1_000_000)
                machine.pass()
            }
            let lines = machine.logged.lines()
            #expect(lines.count == 1)
            #expect(lines[0].hasPrefix("level=warning event=host_basis_changed"))
            #expect(lines[0].contains("it has not moved in 10 s while the packages have"))
            #expect(lines[0].hasSuffix("basis=packages+dram reason=stands_still"))
        }
    }

    /// A zone's rights come a moment after it: that is no news.
    @Test func `a part that is missing is said after ten seconds, and when it is there again`() throws {
        try withMachine(["0": "package-0", "0:0": "dram"]) { tree, machine in
            try tree.set("energy_uj", of: "intel-rapl:0:0", to: "")
            for second in 0..<30 as Range<UInt64> {
                try tree.setCounter("intel-rapl:0", second * 1_000_000)
                machine.pass()
                if second == 9 { #expect(machine.logged.lines().isEmpty == true) }
            }
            let lines = machine.logged.lines()
            #expect(lines.count == 1)
            #expect(lines[0].hasPrefix("level=warning event=host_incomplete"))
            #expect(lines[0].contains("the machine's energy is not shown, because dram_0 is not counted"))
            #expect(lines[0].hasSuffix("domains=dram_0"))
            try tree.setCounter("intel-rapl:0:0", 5)
            for _ in 0..<3 { machine.pass() }
            let later = machine.logged.lines()
            #expect(later.count == 1)
            #expect(later[0].hasPrefix("level=notice event=host_complete"))
            try tree.set("energy_uj", of: "intel-rapl:0:0", to: "")
            for _ in 0..<20 { machine.pass() }
            #expect(machine.logged.lines()[0].contains("the machine's energy lacks a part for now") == true)
        }
    }

    @Test func `a source that stands still is said, and that it moves after all`() throws {
        try withMachine(["0": "package-0"]) { tree, machine in
            for _ in 0..<30 { machine.pass() }
            let lines = machine.logged.lines()
            #expect(lines.count == 1)
            #expect(lines[0].hasPrefix("level=error event=source_stands_still"))
            #expect(lines[0].hasSuffix("reason=never_moves source=powercap"))
            try tree.setCounter("intel-rapl:0", 5)
            for _ in 0..<3 { machine.pass() }
            let later = machine.logged.lines()
            #expect(later.count == 1)
            #expect(later[0].hasPrefix("level=notice event=source_up"))
        }
    }

    /// A sampling of a tree with a pass each second, and what is said of it.
    private struct Machine: ~Copyable {
        let logged: LogBench
        private var sampling: Sampling
        private var host = HostReporter()
        private var search: SearchReporter
        private var seconds: UInt64 = 300

        init(_ tree: PowercapTree) throws {
            let logged = try LogBench()
            let roots = SystemRoots(sysfs: tree.root, procfs: tree.root, vendor: .intel)
            sampling = Sampling(Sources(opening: .these([.powercap]), roots, time: .replay))
            search = SearchReporter(sampling)
            self.logged = logged
        }

        mutating func pass() {
            seconds += 1
            let now = seconds * 1_000_000_000
            sampling.tick(at: Moment(monotonicNanoseconds: now, boottimeNanoseconds: now))
            host.review(sampling, at: now, logged.log)
            search.review(sampling, at: now, logged.log)
        }
    }

    private func withMachine(
        _ zones: KeyValuePairs<String, String>, _ body: (PowercapTree, inout Machine) throws -> Void
    ) throws {
        try withPowercapTree(zones) { tree in
            var machine = try Machine(tree)
            try body(tree, &machine)
        }
    }
}
