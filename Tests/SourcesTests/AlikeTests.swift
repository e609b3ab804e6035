import Counters
import Kernel
import TestSupport
import Testing

@testable import Sources

/// Counters that only their order tells apart, of which one goes: the other must not be taken for it, and counted twice.
@Suite struct AlikeTests {
    @Test(
        arguments: [
            ("foo", "z"), ("intel-rapl", "psys"), ("intel-rapl", "psys-1"), ("intel-rapl", "package-3"),
            ("intel-rapl-tpmi", "package-0-die-1"),
        ])
    func `a zone that stays is what it was when one of the same name goes`(controlType: String, name: String) throws {
        try withPowercapTree { tree in
            for number in ["0", "1", "2"] { try tree.add(number, name, controlType: controlType) }
            var sources = open(tree.root)
            let before = sources.counters
            #expect(Set(before.map(\.identity)).count == 3 && Set(before.map(\.domain.tag)).count == 3)
            try tree.unregister("0", controlType: controlType)
            var result = sources.find([0], among: SourceKinds(.powercap))
            #expect(result.added == [] && result.reopened == [])
            // The kernel gives the number to the next one that comes, which is taken for the one that went.
            try tree.add("0", name, controlType: controlType)
            result = sources.find([0], among: SourceKinds(.powercap))
            #expect(result.added == [] && result.reopened == [0])
            #expect(sources.counters == before)
        }
    }

    /// A part is where its zone is.
    @Test func `the parts of a zone that stays are what they were, too`() throws {
        try withPowercapTree { tree in
            for number in ["0", "0:0", "1", "1:0"] { try tree.add(number, "z", controlType: "dtpm") }
            var sources = open(tree.root)
            #expect(sources.counters.count == 4)
            for number in ["0:0", "0"] { try tree.unregister(number, controlType: "dtpm") }
            let result = sources.find([0, 1], among: SourceKinds(.powercap))
            #expect(result.added == [] && result.reopened == [])
        }
    }

    /// All were lost, so their numbers say nothing: a driver that is loaded again gives them out anew.
    @Test func `when all are new their order tells them apart`() throws {
        try withPowercapTree(["0": "psys", "1": "psys"]) { tree in
            var sources = open(tree.root)
            for number in ["0", "1"] { try tree.unregister(number) }
            for number in ["2", "3"] { try tree.add(number, "psys") }
            let result = sources.find([0, 1], among: SourceKinds(.powercap))
            #expect(result.reopened == [0, 1] && result.renamed == [0, 1])
            #expect(sources.counters.map(\.name) == ["intel-rapl:2", "intel-rapl:3"])
        }
    }

    @Test(arguments: ["energy1_input", "power1_input"], ["", "0000:03:00.0"])
    func `a chip that stays is what it was when one like it goes`(attribute: String, device: String) throws {
        try withHwmonTree { tree in
            func add(_ number: Int) throws {
                let files = [attribute: "1000000\n"]
                try device.isEmpty ? tree.add(number, "acme", files) : tree.add(number, "acme", of: device, files)
            }
            for number in [0, 1, 2] { try add(number) }
            var sources = open(tree.root)
            let before = sources.counters
            #expect(Set(before.map(\.identity)).count == 3)
            try tree.removeChip(0)
            var result = sources.find([0], among: SourceKinds(.hwmon))
            #expect(result.added == [] && result.reopened == [])
            try add(7)
            result = sources.find([0], among: SourceKinds(.hwmon))
            #expect(result.added == [] && result.reopened == [0])
            #expect(sources.counters[0].name == "hwmon7/\(attribute)")
            #expect(Array(sources.counters[1...]) == Array(before[1...]))
        }
    }

    /// One that is too slow is not read, and is there all the same.
    @Test func `a slow sensor does not take the place of one like it that goes`() throws {
        try withHwmonTree { tree in
            for number in [0, 1] { try tree.add(number, "acme", ["power1_input": "1000000\n"]) }
            let first = HwmonDiscovery(sysfs: tree.root)
            var memory = first.memory
            memory.keep(first.sensors[0])
            memory.slow[first.sensors[1].identity] = .init(
                appearance: first.sensors[1].appearance, nanoseconds: 1_000_000_000)
            try tree.removeChip(0)
            let next = HwmonDiscovery(sysfs: tree.root, remembering: memory)
            #expect(next.sensors == [] && next.refused.map(\.reason) == [.slow(nanoseconds: 1_000_000_000)])
        }
    }

    private func open(_ root: String) -> Sources {
        Sources(opening: .these([.powercap, .hwmon]), SystemRoots(sysfs: root, procfs: root, vendor: .intel))
    }
}
