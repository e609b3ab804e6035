import Counters
import Kernel
import TestSupport
import Testing

@testable import Sources

/// Several kinds of sources side by side, and what counters say of themselves.
@Suite struct SourcesTests {
    @Test func `what was asked for is read side by side, each domain under a name of its own`() throws {
        try withBoard { root in
            var sources = open(.these([.powercap, .hwmon]), root)
            let tags = sources.counters.map(\.domain.tag)
            #expect(tags == ["package_0", "dram_0", "package_0_2", "ina_power1"])
            #expect(sources.counters.map(\.source) == [.powercap, .powercap, .hwmon, .hwmon])
            let moment = Moment(monotonicNanoseconds: 5_000_000_000, boottimeNanoseconds: 6_000_000_000)
            sources.beginPass()
            let readings = sources.counters.indices.map { sources.read($0, at: moment) }
            #expect(readings.map(\.reading) == [.counter(11), .counter(22), .counter(7), .counter(0)])
            #expect(readings.allSatisfy { $0.moment == moment })
            #expect(sources.report.name == "powercap+hwmon")
            #expect(sources.report.states.map(\.kind) == [.powercap, .hwmon])
            #expect(sources.report.states.allSatisfy { $0.isUp })
            #expect(sources.zones.map(\.zone).prefix(2) == ["intel-rapl:0", "intel-rapl:0:0"])
            #expect(sources.zones.map(\.domain?.tag) == tags)
        }
    }

    @Test func `the automatic choice reads everything that can be read`() throws {
        try withBoard { root in
            let sources = open(.auto, root)
            #expect(sources.report.opened == [.powercap, .hwmon])
            #expect(sources.report.states.map { "\($0.kind.rawValue) \($0.isUp)" } == ["powercap true", "hwmon true"])
        }
    }

    @Test func `powercap and perf are the same registers, so that the first that can be read is read`() throws {
        try withBoard { root in
            let first = open(.these([.perf, .hwmon, .powercap]), root)
            #expect(first.report.attempts.map(\.kind) == [.perf, .powercap, .hwmon])
            #expect(first.report.opened == [.powercap, .hwmon])
            #expect(first.report.states.map(\.kind) == [.powercap, .hwmon], "perf has somebody in its place")
        }
    }

    @Test func `a source that was asked for beside another and is not there is down`() throws {
        try withPowercapTree(["0": "package-0"]) { tree in
            let sources = open(.these([.powercap, .hwmon]), tree.root)
            #expect(sources.report.states.map { "\($0.kind.rawValue) \($0.isUp)" } == ["powercap true", "hwmon false"])
            #expect(sources.report.name == "powercap")
        }
    }

    @Test func `a source that is there and cannot be read is down, where another stands in for it`() throws {
        try withBoard { root in
            let tree = try PowercapTree(existingAt: root)
            try tree.forbid("intel-rapl:0")
            try tree.forbid("intel-rapl:0:0")
            let report = try withoutPrivileges { open(.auto, root).report }
            #expect(report.states.map { "\($0.kind.rawValue) \($0.isUp)" } == ["powercap false", "hwmon true"])
        }
    }

    @Test func `with nothing to read there is one source, which is down`() throws {
        try withTemporaryDirectory { directory in
            let sources = open(.auto, directory)
            #expect(sources.report.states.map { "\($0.kind.rawValue) \($0.isUp)" } == ["powercap false"])
            #expect(sources.counters.isEmpty == true)
            #expect(sources.report.isUp == false)
        }
    }

    @Test func `whether a counter outlives the process is its own matter`() throws {
        try withBoard { root in
            let board = open(.these([.powercap, .hwmon]), root).counters
            #expect(board.map(\.outlivesProcess) == [true, true, true, false])
            #expect(board.map(\.isEstimate) == [false, false, false, true])
        }
        #expect(open(.simulated, "/").counters.allSatisfy { $0.outlivesProcess })
    }

    @Test func `a sensor is known by its device and channel, whatever its number is`() throws {
        func identities(_ number: Int) throws -> [String] {
            var found: [String] = []
            try withHwmonTree { tree in
                if number > 0 { try tree.add(0, "other", ["power1_input": "1\n"]) }
                try tree.add(number, "ina", ["energy1_input": "1\n", "power2_input": "1\n", "power2_label": "VDD\n"])
                found = open(.these([.hwmon]), tree.root).counters.map(\.identity)
            }
            return found
        }
        #expect(try identities(0) == ["hwmon/devices/ina/energy1", "hwmon/devices/ina/power2=VDD"])
        #expect(try identities(3).suffix(2) == ["hwmon/devices/ina/energy1", "hwmon/devices/ina/power2=VDD"])
    }

    @Test func `how often a chip brings its readings up to date is what it states`() throws {
        try withHwmonTree { tree in
            try tree.add(0, "ina", ["power1_input": "1\n", "update_interval": "35\n"])
            try tree.add(1, "other", ["power1_input": "1\n"])
            let periods = open(.these([.hwmon]), tree.root).counters.map(\.updatePeriodNanoseconds)
            #expect(periods == [35_000_000, 976_563])
        }
    }

    @Test func `a survey looks at what nobody has looked at yet`() throws {
        try withBoard { root in
            let roots = SystemRoots(sysfs: root, procfs: root, vendor: .intel)
            var report = open(.these([.powercap]), root).report
            #expect(report.hwmon == nil)
            report.completeSurvey(roots)
            #expect(report.hwmon?.sensors.count == 2)
            #expect(report.perf?.groups.isEmpty == true)
            #expect(report.opened == [.powercap])
        }
    }

    @Test(
        arguments: [
            ([.powercap, .perf], [[.powercap, .perf]]), ([.hwmon], [[.hwmon]]),
            ([.hwmon, .perf, .hwmon, .powercap], [[.hwmon], [.perf, .powercap]]),
        ] as [([SourceKind], [[SourceKind]])])
    func `those that read the same registers stand in for one another`(kinds: [SourceKind], rows: [[SourceKind]]) {
        #expect(SourceChoice.these(kinds).alternatives == rows)
    }

    private func open(_ choice: SourceChoice, _ root: String) -> Sources {
        Sources(opening: choice, SystemRoots(sysfs: root, procfs: root, vendor: .intel), time: .replay)
    }

    /// A board with RAPL and two chips, one of which calls its sensor as RAPL calls a package.
    private func withBoard(_ body: (String) throws -> Void) throws {
        try withPowercapTree(["0": "package-0", "0:0": "dram"]) { tree in
            try tree.setCounter("intel-rapl:0", 11)
            try tree.setCounter("intel-rapl:0:0", 22)
            let chips = try HwmonTree(beside: tree.root)
            try chips.add(0, "package", ["energy1_input": "7\n", "energy1_label": "0\n"])
            try chips.add(1, "ina", ["power1_input": "1000\n"])
            try body(tree.root)
        }
    }
}
