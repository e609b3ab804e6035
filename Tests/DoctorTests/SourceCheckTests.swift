import Counters
import Glibc
import Sampling
import TestSupport
import Testing

@testable import Doctor
@testable import Kernel
@testable import Sources

/// What `doctor` says of the source that is chosen and of its counters.
@Suite struct SourceCheckTests {
    @Test func `each counter tells its power, and when it starts again`() throws {
        try withPowercapTree(["0": "package-0", "0:0": "core"]) { tree in
            try tree.setLimit(0, of: "intel-rapl:0", name: "long_term", microwatts: 125_000_000)
            let findings = try watch(tree) { try tree.setCounter("intel-rapl:0", 1_000_000) }
            #expect(findings.count == 2)
            #expect(findings.allSatisfy { $0.status == .ok && $0.topic == .domain })
            #expect(findings[0].sentence.hasPrefix("package_0 (intel-rapl:0): "))
            #expect(
                findings[0].sentence.hasSuffix(
                    " W now; it starts again after 262143 J, which takes 34 min at 125 W, its limit."))
            #expect(
                findings[1].sentence
                    == "core_0 (intel-rapl:0:0): 0.0 W now; it starts again after 262143 J, which takes 17 min at 250 W, "
                    + "the most that is believed of it.")
        }
    }

    @Test func `a package that stands still is suspicious`() throws {
        try withPowercapTree(["0": "package-0"]) { tree in
            let findings = try watch(tree) {}
            #expect(findings.map(\.status) == [.note, .problem])
            #expect(findings[0].sentence.contains("stood still for 1000 ms"))
            #expect(findings[1].sentence.contains("No counter of powercap has moved while doctor looked, for 1000 ms"))
        }
    }

    @Test func `a machine that lacks a part is a problem`() throws {
        try withPowercapTree(["0": "package-0", "0:0": "dram"]) { tree in
            try tree.set("energy_uj", of: "intel-rapl:0:0", to: "")
            var counter: UInt64 = 0
            let findings = try watch(tree) {
                counter += 1_000
                try tree.setCounter("intel-rapl:0", counter)
            }
            let problems = findings.filter { $0.status == .problem }.map(\.sentence)
            #expect(problems.count == 2)
            #expect(problems[0] == "dram_0 (intel-rapl:0:0) cannot be read: empty.")
            #expect(problems[1].contains("is not shown, since dram_0 is not counted and the sum would lack a part."))
        }
    }

    @Test func `a platform that stands still beside a package that moves is a note`() throws {
        try withPowercapTree(["0": "package-0", "1": "psys"]) { tree in
            var counter: UInt64 = 0
            let findings = try watch(tree) {
                counter += 1_000
                try tree.setCounter("intel-rapl:0", counter)
            }
            #expect(findings.allSatisfy { $0.status != .problem })
            #expect(findings.contains { $0.sentence.hasPrefix("psys has not moved while doctor looked") })
        }
    }

    @Test func `a counter that cannot be read any more is a problem`() throws {
        try withPowercapTree(["0": "package-0"]) { tree in
            let findings = try watch(tree) { try tree.set("energy_uj", of: "intel-rapl:0", to: "garbage\n") }
            #expect(findings.map(\.status) == [.problem])
            #expect(findings[0].sentence == "package_0 (intel-rapl:0) cannot be read: garbage.")
        }
    }

    @Test func `a counter that goes back is told`() throws {
        try withPowercapTree(["0": "package-0"]) { tree in
            try tree.setCounter("intel-rapl:0", 200_000_000_000)
            let findings = try watch(tree) { try tree.setCounter("intel-rapl:0", 1) }
            #expect(findings.map(\.sentence) == ["package_0 (intel-rapl:0) was set anew while it was watched."])
        }
    }

    @Test func `dies that show one counter are counted once`() throws {
        try withPowercapTree(["0": "package-0-die-0", "1": "package-0-die-1"]) { tree in
            for entry in ["intel-rapl:0", "intel-rapl:1"] { try tree.setCounter(entry, 5_000_000) }
            let findings = try watch(tree) {
                for entry in ["intel-rapl:0", "intel-rapl:1"] { try tree.setCounter(entry, 6_000_000) }
            }
            #expect(findings.map(\.status) == [.ok, .note])
            #expect(findings[1].sentence.contains("shows the counter of package_0_die_0, which is counted once"))
        }
    }

    @Test func `what a number is not is said beside it`() throws {
        try withPowercapTree(["0": "package-0", "0:0": "core", "0:1": "dram", "1": "psys"]) { tree in
            let onClient = try watch(tree, cpuinfo: "vendor_id\t: GenuineIntel\nmodel name\t: Core i7\n") {}
            let notes = onClient.filter { $0.status == .note }.map(\.sentence)
            #expect(notes.contains { $0.hasPrefix("dram_0 is computed by a model") })
            #expect(notes.contains { $0.hasPrefix("psys_0 covers") })
            let onAMD = try watch(tree, cpuinfo: "vendor_id\t: AuthenticAMD\n") {}.map(\.sentence)
            #expect(onAMD.contains { $0.hasPrefix("core_0 is one single core") })
            #expect(!onAMD.contains { $0.contains("model") })
        }
    }

    @Test(arguments: [SourceChoice.auto, .these([.hwmon])])
    func `a source that is missing is a problem`(choice: SourceChoice) throws {
        try withTemporaryDirectory { directory in
            let findings = try examine(choice, directory)
            #expect(findings.map(\.status) == [.problem])
            #expect(findings[0].remedy?.contains("--source simulated") == true)
            #expect(
                findings[0].sentence.contains(
                    choice == .auto ? "no source can be read" : "hwmon shows nothing that can be counted"))
        }
    }

    /// A battery is read, and is nothing to count.
    @Test func `a source that is there is told from one that cannot be read`() throws {
        try withHwmonTree { tree in
            try tree.add(0, "BAT0", of: "PNP0C0A:00/power_supply/BAT0", ["power1_input": "30000000\n"])
            var sentence = try examine(.these([.hwmon]), tree.root)[0].sentence
            #expect(sentence.contains("hwmon shows nothing that can be counted"))
            try tree.add(1, "ina", ["power1_input": "1000\n"])
            try checked("chmod", chmod(tree.root + "/class/hwmon/hwmon1/power1_input", 0))
            try withoutPrivileges { sentence = try examine(.these([.hwmon]), tree.root)[0].sentence }
            #expect(sentence.contains("hwmon cannot be read"))
        }
    }

    @Test func `a source that stands in for others is a note`() throws {
        try withHwmonTree { tree in
            try tree.add(0, "ina", ["power1_input": "1000\n"])
            #expect(try examine(.auto, tree.root).map(\.status) == [.note])
            #expect(try examine(.these([.hwmon]), tree.root) == [Finding(.ok, .source, "Energy is read from hwmon.")])
        }
    }

    @Test func `what is simulated says so`() throws {
        let findings = try examine(.simulated, "/nowhere")
        #expect(findings.map(\.status) == [.note])
        #expect(findings[0].sentence.hasPrefix("SIMULATED"))
    }

    private func examine(_ choice: SourceChoice, _ root: String) throws -> [Finding] {
        let sources = Sources(opening: choice, SystemRoots(sysfs: root, procfs: root))
        return SourceCheck(machine: Machine(sysfs: root, procfs: root), report: sources.report).findings
    }

    /// The findings of a tree whose counters are moved while they are watched.
    private func watch(
        _ tree: PowercapTree, cpuinfo: String = "vendor_id\t: GenuineIntel\n", _ move: () throws -> Void
    ) throws -> [Finding] {
        try writeFile(tree.root + "/cpuinfo", cpuinfo)
        let machine = Machine(sysfs: tree.root, procfs: tree.root)
        var sampling = Sampling(Sources(opening: .these([.powercap]), SystemRoots(sysfs: tree.root, procfs: tree.root)))
        let report = sampling.report
        var failure: (any Error)?
        let findings = try SourceCheck(machine: machine, report: report).watch(&sampling) { () throws(SystemError) in
            // So much power as a second would see is believed of the moved counters.
            var batch = EventBatch(capacity: 1)
            try Epoll().wait(into: &batch, timeoutMilliseconds: 20)
            do {
                try move()
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return findings
    }
}
