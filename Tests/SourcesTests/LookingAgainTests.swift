import Counters
import Glibc
import Kernel
import TestSupport
import Testing

@testable import Sources

/// What comes, goes and comes back, for every kind of source.
@Suite struct LookingAgainTests {
    private let joule: UInt64 = 1 << 32

    @Test func `a group of events that the kernel gave up is opened anew`() throws {
        try withPerfTree(cpumask: "0,18") { tree in
            let kernel = FakeKernel(in: tree.root)
            kernel.record([2, 1_000, joule, joule], processor: 0)
            kernel.record([2, 1_000, joule, joule] + [2, 2_000, 2 * joule, 2 * joule], processor: 18)
            var sources = open(.these([.perf]), tree.root, kernel)
            let first = readings(&sources)
            #expect(first.allSatisfy { $0 == .counter(1_000_000) })
            let second = readings(&sources)
            #expect(second.prefix(2).allSatisfy { $0 == .failure(.unregistered) })
            #expect(second.suffix(2).allSatisfy { $0 == .counter(2_000_000) })
            kernel.record([2, 10, 0, joule], processor: 0)
            kernel.record([2, 3_000, 3 * joule, 3 * joule], processor: 18)
            let result = sources.find([0, 1], among: SourceKinds(.perf))
            #expect(result == SearchResult(reopened: [0, 1]))
            let third = readings(&sources)
            #expect(third.prefix(2) == [.counter(0), .counter(1_000_000)])
            #expect(kernel.opened.count == 6, "the other package's group stays open")
        }
    }

    /// rapl.c shows `energy-psys` for every processor of some models and answers EINVAL where there is none.
    @Test(arguments: [2, 3, 5] as [UInt64])
    func `an event that the kernel refuses takes nothing from its group, and is tried again`(config: UInt64) throws {
        try withPerfTree(cpumask: "0,18", events: ["energy-pkg", "energy-ram", "energy-psys"]) { tree in
            let kernel = FakeKernel(in: tree.root)
            kernel.refused = [config]
            var sources = open(.these([.perf]), tree.root, kernel)
            let refused = sources.report.refused(.perf).filter { $0.reason != .duplicate }
            #expect(refused.count == (config == 5 ? 1 : 2))
            #expect(refused.allSatisfy { $0.reason == .failed(.invalidArgument) && $0.domain != nil })
            #expect(sources.report.opened == [.perf])
            #expect(sources.counters.count + refused.count == 5)
            let before = sources.counters
            kernel.refused = []
            let result = sources.find([], among: SourceKinds(.perf))
            #expect(result.added.count == refused.count && result.reopened == [])
            #expect(Array(sources.counters.prefix(before.count)) == before)
            #expect(sources.report.refused(.perf).allSatisfy { $0.reason == .duplicate })
        }
    }

    @Test func `of a group that the kernel gave up those are opened that can be`() throws {
        try withPerfTree(events: ["energy-pkg", "energy-ram"]) { tree in
            let kernel = FakeKernel(in: tree.root)
            kernel.record([2, 1_000, joule, joule], processor: 0)
            var sources = open(.these([.perf]), tree.root, kernel)
            kernel.record([1, 1_000, 5 * joule], processor: 0)
            kernel.refused = [2]
            let result = sources.find([0, 1], among: SourceKinds(.perf))
            #expect(result.reopened == [1])
            #expect(readings(&sources) == [.failure(.unregistered), .counter(5_000_000)])
        }
    }

    /// The processors that read for the packages are others when some were switched off.
    @Test func `a package that another processor reads for is the same package`() throws {
        try withPerfTree(cpumask: "0,18") { tree in
            let kernel = FakeKernel(in: tree.root)
            var sources = open(.these([.perf]), tree.root, kernel)
            try tree.set("cpumask", to: "0,19\n")
            try tree.addProcessor(19, package: 1)
            let due = sources.searchesDue(at: moment(0), lost: SourceKinds(.perf))
            #expect(due == SourceKinds(.perf))
            let result = sources.find([2, 3], among: due)
            #expect(result.reopened == [2, 3] && result.renamed == [2, 3] && result.added == [])
            #expect(sources.counters[2].name == "power/energy-pkg/cpu19")
            #expect(sources.counters.count == 4)
        }
    }

    @Test func `powercap that comes while perf is read is shown and not counted`() throws {
        try withPerfTree(events: ["energy-pkg"]) { perf in
            let kernel = FakeKernel(in: perf.root)
            for path in ["class", "class/powercap", "devices/virtual", "devices/virtual/powercap"] {
                try checked("mkdir", mkdir("\(perf.root)/\(path)", 0o755))
            }
            var sources = open(.auto, perf.root, kernel)
            #expect(sources.report.opened == [.perf])
            let tree = try PowercapTree(existingAt: perf.root)
            try tree.add("0", "package-0")
            try tree.add("0:0", "dram")
            let due = sources.searchesDue(at: moment(2), lost: SourceKinds())
            #expect(due == SourceKinds(.powercap))
            let result = sources.find([], among: due)
            #expect(result.added == [] && result.hasChanged)
            #expect(
                sources.zones.map { "\($0.zone) \($0.role.rawValue)" } == [
                    "power/energy-pkg/cpu0 counted", "intel-rapl:0 duplicate", "intel-rapl:0:0 duplicate",
                ])
            #expect(sources.zones[1].reason.contains("is read by perf"))
            #expect(sources.report.states.map { "\($0.kind.rawValue) \($0.isUp)" } == ["perf true"])
        }
    }

    @Test func `of what comes together the first in the row is read`() throws {
        try withPerfTree { perf in
            let kernel = FakeKernel(in: perf.root)
            try checked("rename", rename("\(perf.root)/bus", "\(perf.root)/hidden"))
            var sources = open(.auto, perf.root, kernel)
            #expect(sources.counters.isEmpty)
            #expect(sources.mayOpen(.perf) && sources.mayOpen(.powercap) && sources.mayOpen(.hwmon))
            try checked("rename", rename("\(perf.root)/hidden", "\(perf.root)/bus"))
            for path in ["class", "class/powercap", "devices/virtual", "devices/virtual/powercap"] {
                try checked("mkdir", mkdir("\(perf.root)/\(path)", 0o755))
            }
            try PowercapTree(existingAt: perf.root).add("0", "package-0")
            let due = sources.searchesDue(at: moment(2), lost: SourceKinds())
            #expect(due == SourceKinds(.powercap, .perf))
            let result = sources.find([], among: due)
            #expect(result.added == [0])
            #expect(sources.report.opened == [.powercap])
            #expect(kernel.opened.isEmpty)
            #expect(!sources.mayOpen(.perf) && sources.mayOpen(.powercap))
        }
    }

    @Test func `a chip that comes later is read, whatever is read already`() throws {
        try withPowercapTree(["0": "package-0"]) { tree in
            var sources = open(.auto, tree.root, FakeKernel(in: tree.root))
            try HwmonTree(beside: tree.root).add(0, "ina", ["energy1_input": "7\n"])
            let due = sources.searchesDue(at: moment(2), lost: SourceKinds())
            #expect(due == SourceKinds(.hwmon))
            let result = sources.find([], among: due)
            #expect(result.added == [1] && result.hasChanged)
            #expect(readings(&sources) == [.counter(0), .counter(7)])
            #expect(sources.report.name == "powercap+hwmon")
        }
    }

    @Test func `between two listings nothing is looked at`() throws {
        try withPowercapTree { tree in
            var sources = open(.these([.powercap]), tree.root, FakeKernel(in: tree.root))
            var due = sources.searchesDue(at: moment(10), lost: SourceKinds())
            #expect(due.isEmpty)
            try tree.add("0", "package-0")
            due = sources.searchesDue(at: moment(11), lost: SourceKinds())
            #expect(due.isEmpty)
            due = sources.searchesDue(at: moment(12), lost: SourceKinds())
            #expect(due == SourceKinds(.powercap))
            due = sources.searchesDue(at: moment(14), lost: SourceKinds())
            #expect(due.isEmpty, "the change was seen")
        }
    }

    @Test func `a zone of another control type does not take the place of one that is lost`() throws {
        try withPowercapTree(["0": "package-0"]) { tree in
            var sources = open(.these([.powercap]), tree.root, FakeKernel(in: tree.root))
            try tree.unregister("0")
            try tree.add("0", "package-0", controlType: "intel-rapl-mmio")
            let result = sources.find([0], among: SourceKinds(.powercap))
            #expect(result.added == [] && result.reopened == [])
            #expect(sources.zones.map(\.role) == [.gone, .duplicate])
        }
    }

    @Test func `a zone that is gone is told as gone until it is read again`() throws {
        try withPowercapTree(["0": "package-0", "1": "package-1"]) { tree in
            try tree.setLimit(0, of: "intel-rapl:1", name: "long_term", microwatts: 65_000_000)
            var sources = open(.these([.powercap]), tree.root, FakeKernel(in: tree.root))
            let before = sources.zones
            try tree.unregister("1")
            var result = sources.find([1], among: SourceKinds(.powercap))
            #expect(result.hasChanged && sources.zones.map(\.role) == [.counted, .gone])
            #expect(sources.zones[1].limits == [] && sources.zones[1].domain == sources.counters[1].domain)
            result = sources.find([1], among: SourceKinds(.powercap))
            #expect(!result.hasChanged)
            // Something else has its number.
            try tree.add("1", "bogus")
            result = sources.find([1], among: SourceKinds(.powercap))
            #expect(result.hasChanged && sources.zones.map(\.role) == [.counted, .gone, .unreadable])
            try tree.unregister("1")
            try tree.add("1", "package-1")
            try tree.setLimit(0, of: "intel-rapl:1", name: "long_term", microwatts: 65_000_000)
            result = sources.find([1], among: SourceKinds(.powercap))
            #expect(result.hasChanged && result.reopened == [1] && sources.zones == before)
        }
    }

    @Test func `a zone that is back and may not be read is told once, and as that`() throws {
        try withPowercapTree(["0": "package-0", "1": "package-1"]) { tree in
            var sources = open(.these([.powercap]), tree.root, FakeKernel(in: tree.root))
            try tree.forbid("intel-rapl:1")
            try withoutPrivileges {
                _ = sources.find([1], among: SourceKinds(.powercap))
                #expect(sources.zones.map(\.role) == [.counted, .unreadable])
                #expect(sources.zones[1].reason == "permission denied")
            }
        }
    }

    /// A driver may say ENODEV for a moment: the sensor is there, and what has it open may read it again.
    @Test func `a sensor that is listed is not gone, whatever its driver says`() throws {
        try withHwmonTree { tree in
            try tree.add(0, "ina", ["energy1_input": "7\n"])
            var sources = open(.these([.hwmon]), tree.root, FakeKernel(in: tree.root))
            try tree.set("hwmon0/energy1_input", to: "\n")
            _ = sources.find([0], among: SourceKinds(.hwmon))
            #expect(sources.zones.map(\.role) == [.counted, .unreadable])
            try tree.removeChip(0)
            _ = sources.find([0], among: SourceKinds(.hwmon))
            #expect(sources.zones.map(\.role) == [.gone])
        }
    }

    @Test func `where nothing moves the next source of the row is tried, and the first is taken back when it moves`()
        throws
    {
        try withPerfTree(events: ["energy-psys"]) { perf in
            let kernel = FakeKernel(in: perf.root)
            for path in ["class", "class/powercap", "devices/virtual", "devices/virtual/powercap"] {
                try checked("mkdir", mkdir("\(perf.root)/\(path)", 0o755))
            }
            var sources = open(.auto, perf.root, kernel)
            sources.giveUp(.perf)
            #expect(sources.report.isUp == false)
            sources.takeBack(.perf)
            #expect(sources.report.opened == [.perf])
            sources.giveUp(.perf)
            try PowercapTree(existingAt: perf.root).add("0", "package-0")
            let due = sources.searchesDue(at: moment(1), lost: SourceKinds())
            #expect(due.contains(.powercap))
            let result = sources.find([], among: due)
            #expect(result.added == [1])
            sources.takeBack(.perf)
            #expect(sources.report.opened == [.powercap], "one of the row is enough")
        }
    }

    private func moment(_ second: UInt64) -> Moment {
        Moment(monotonicNanoseconds: second * 1_000_000_000, boottimeNanoseconds: second * 1_000_000_000)
    }

    private func readings(_ sources: inout Sources) -> [Reading] {
        sources.beginPass(at: moment(1))
        var readings: [Reading] = []
        for index in sources.counters.indices { readings.append(sources.read(index, at: moment(1)).reading) }
        return readings
    }

    private func open(_ choice: SourceChoice, _ root: String, _ kernel: FakeKernel) -> Sources {
        Sources(
            opening: choice, SystemRoots(sysfs: root, procfs: root, vendor: .intel), time: .replay,
            perfCalls: kernel.calls)
    }
}
