import Counters
import Kernel
import Sources
import TestSupport
import Testing

@testable import Accounts
@testable import Sampling

/// What of a tree of files is trusted: as the machine, as a counter of its own, as a counter at all.
@Suite struct TrustTests {
    private static let joule: UInt64 = 1_000_000

    @Test func `a package that may not be read keeps the machine unknown until it may`() throws {
        try withPowercapMachine(["0": "package-0", "1": "package-1"]) { tree, machine in
            try tree.forbid("intel-rapl:1")
            try withoutPrivileges { try machine.open() }
            for _ in 0..<3 {
                try machine.move(["intel-rapl:0": 100])
                // It is looked for again, with the same rights.
                try withoutPrivileges { machine.tick() }
            }
            #expect(machine.sampling.isHostKnown == false)
            #expect(machine.sampling.missingHostParts == 1)
            #expect(machine.sampling.missingHostDomains == [Domain(kind: .package, socket: 1)])
            #expect(machine.sampling.accounts[0].totalMicrojoules == 200)
        }
    }

    @Test func `a platform that stands still gives way to the packages, and rows follow`() throws {
        try withPowercapMachine(["0": "package-0", "0:0": "dram", "1": "psys"]) { _, machine in
            try machine.open()
            let layout = machine.sampling.layoutGeneration
            for _ in 0..<10 { try machine.pass(["intel-rapl:0": 45 * Self.joule, "intel-rapl:0:0": 5 * Self.joule]) }
            #expect(machine.sampling.isHostKnown == false)
            #expect(machine.sampling.layoutGeneration == layout)
            try machine.pass(["intel-rapl:0": 45 * Self.joule, "intel-rapl:0:0": 5 * Self.joule])
            #expect(machine.sampling.platformFault == .standsStill)
            #expect(machine.sampling.hostBasis == .packagesAndDram)
            #expect(machine.sampling.hostMicrojoules == 500 * Self.joule)
            #expect(machine.sampling.layoutGeneration == layout + 1)
        }
    }

    @Test func `the machine's total goes on over a restart, also without a part that is not there then`() throws {
        try withPowercapMachine(["0": "package-0", "1": "package-1"]) { tree, machine in
            let store = try Store()
            try machine.open(store)
            for _ in 0..<3 { try machine.pass(["intel-rapl:0": 100, "intel-rapl:1": 10]) }
            #expect(machine.sampling.hostMicrojoules == 220)
            try tree.unregister("1")
            try machine.open(store)
            try machine.pass(["intel-rapl:0": 7])
            #expect(machine.sampling.isHostKnown == true)
            #expect(machine.sampling.hostMicrojoules == 227)
        }
    }

    @Test func `a guest's package under several names is counted once`() throws {
        try withPowercapMachine(["0": "package-0", "1": "package-1", "2": "package-2"]) { tree, machine in
            try writeFile(tree.root + "/cpuinfo", "vendor_id\t: GenuineIntel\nflags\t\t: fpu hypervisor\n")
            try machine.open()
            let entries = (0...2).map { "intel-rapl:\($0)" }
            for _ in 0..<20 {
                try machine.pass(Dictionary(uniqueKeysWithValues: entries.map { ($0, Self.joule) }))
            }
            #expect(machine.sampling.accounts.map(\.isMirror) == [false, true, true])
            #expect(machine.sampling.accounts.map(\.totalMicrojoules) == [19 * Self.joule, 0, 0])
            #expect(machine.sampling.hostMicrojoules == 19 * Self.joule)
            #expect(machine.sampling.isShown(1) == false)
            let suspects = machine.sampling.suspects
            #expect(suspects[1] == Domain(kind: .package, socket: 0))
            // Later they differ: the guess was wrong, and it is undone.
            for _ in 0..<200 { try machine.pass(["intel-rapl:0": 900, "intel-rapl:1": 700, "intel-rapl:2": 900]) }
            #expect(machine.sampling.accounts.map(\.isMirror) == [false, false, true])
            #expect(machine.sampling.isShown(1) == true)
        }
    }

    @Test func `a guest's packages with counters of their own lose nothing by the comparison`() throws {
        try withPowercapMachine(["0": "package-0", "1": "package-1"]) { tree, machine in
            try writeFile(tree.root + "/cpuinfo", "vendor_id\t: GenuineIntel\nflags\t\t: fpu hypervisor\n")
            try machine.open()
            // Equal for two steps, as by chance.
            for step in 0..<9 as Range<UInt64> {
                try machine.pass(["intel-rapl:0": 1_000, "intel-rapl:1": step < 3 ? 1_000 : 1_001])
            }
            #expect(machine.sampling.accounts.map(\.totalMicrojoules) == [8_000, 8_006])
        }
    }

    @Test func `a source that stands still has no series until one of its counters moves`() throws {
        try withPowercapMachine(["0": "package-0", "0:0": "dram"]) { _, machine in
            try machine.open()
            for _ in 0..<11 {
                #expect(machine.sampling.standsStill(.powercap) == false)
                try machine.pass([:])
            }
            #expect(machine.sampling.standsStill(.powercap) == true)
            #expect(machine.sampling.isShown(0) == false)
            #expect(machine.sampling.hostBasis == nil)
            try machine.pass(["intel-rapl:0": 50])
            #expect(machine.sampling.standsStill(.powercap) == false)
            #expect(machine.sampling.isShown(1) == true, "a domain that stands still beside one that moves is shown")
            #expect(machine.sampling.accounts[0].totalMicrojoules == 50)
            #expect(machine.sampling.isHostKnown && machine.sampling.hostMicrojoules == 50, "at the same pass")
            try machine.pass(["intel-rapl:0": 50])
            #expect(machine.sampling.hostMicrojoules == 100)
        }
    }

    /// Nothing is concluded from limits that are not in force, but they are shown, and power beyond them tells that they changed.
    @Test func `limits that are not in force are read again when the power is beyond them`() throws {
        try withPowercapMachine(["0": "package-0"]) { tree, machine in
            try tree.setLimit(0, of: "intel-rapl:0", name: "long_term", microwatts: 65_000_000)
            try tree.set("enabled", of: "intel-rapl:0", to: "0\n")
            try machine.open()
            for _ in 0..<3 { try machine.pass(["intel-rapl:0": 60 * Self.joule]) }
            try tree.setLimit(0, of: "intel-rapl:0", name: "long_term", microwatts: 219_000_000)
            try machine.pass(["intel-rapl:0": 60 * Self.joule])
            #expect(machine.sampling.zones[0].limits.map(\.microwatts) == [65_000_000])
            try machine.pass(["intel-rapl:0": 200 * Self.joule])
            #expect(machine.sampling.zones[0].limits.map(\.microwatts) == [219_000_000])
            #expect(machine.sampling.accounts[0].totalMicrojoules == 380 * Self.joule)
        }
    }
}
