import Counters
import Sources
import TestSupport
import Testing

@testable import Accounts
@testable import Sampling

/// One counter under several names, some of which go, come late or come back.
@Suite struct MirrorLossTests {
    private static let joule: UInt64 = 1_000_000
    private static let dies: KeyValuePairs = ["0": "package-0-die-0", "1": "package-0-die-1", "2": "package-0-die-2"]

    @Test func `where the die that is counted cannot be read another one takes its place, and nothing is lost`() throws
    {
        try withPowercapMachine(Self.dies) { tree, machine in
            machine.vendor = .amd
            try machine.open()
            for _ in 0..<5 { try machine.pass(Self.moves) }
            #expect(machine.sampling.accounts.map(\.isMirror) == [false, true, true])
            for _ in 0..<6 {
                try machine.move(Self.moves)
                try tree.set("energy_uj", of: "intel-rapl:0", to: "")
                machine.tick()
            }
            #expect(machine.sampling.accounts.map(\.isMirror) == [true, false, true])
            #expect(machine.sampling.hostMicrojoules == 10 * Self.joule)
            // It can be read again, and is a mirror now.
            for _ in 0..<150 { try machine.pass(Self.moves) }
            #expect(machine.sampling.accounts.map(\.isMirror) == [true, false, true])
            #expect(machine.sampling.accounts[0].failure == nil)
            #expect(machine.sampling.hostMicrojoules == 160 * Self.joule)
            // Should it turn out to be one of its own, that is seen.
            for _ in 0..<200 {
                try machine.pass(["intel-rapl:0": 7, "intel-rapl:1": Self.joule, "intel-rapl:2": Self.joule])
            }
            #expect(machine.sampling.accounts.map(\.isMirror) == [false, false, true])
        }
    }

    @Test func `a die that comes late is compared before it is counted`() throws {
        try withPowercapMachine(["0": "package-0-die-0", "5": "package-0-die-1"]) { tree, machine in
            machine.vendor = .amd
            try tree.unregister("5")
            try machine.open()
            for _ in 0..<5 { try machine.pass(["intel-rapl:0": Self.joule]) }
            try tree.add("1", "package-0-die-1")
            try tree.setCounter("intel-rapl:1", 5 * Self.joule)
            machine.setCounter("intel-rapl:1", 5 * Self.joule)
            for _ in 0..<20 {
                try machine.move(["intel-rapl:0": Self.joule, "intel-rapl:1": Self.joule])
                machine.refresh()
                machine.tick()
            }
            #expect(machine.sampling.accounts.map(\.isMirror) == [false, true])
            #expect(machine.sampling.hostMicrojoules == 24 * Self.joule)
        }
    }

    @Test func `a die that was away for one run counts nothing that its mirror counted meanwhile`() throws {
        try withPowercapMachine(Self.dies) { tree, machine in
            machine.vendor = .amd
            let store = try Store()
            try machine.open(store)
            for _ in 0..<5 { try machine.pass(Self.moves) }
            try tree.unregister("0")
            try machine.open(store)
            let others = Self.moves.filter { $0.key != "intel-rapl:0" }
            for _ in 0..<5 { try machine.pass(others) }
            machine.setCounter("intel-rapl:0", 10 * Self.joule)
            try tree.add("0", "package-0-die-0")
            try tree.setCounter("intel-rapl:0", 10 * Self.joule)
            try machine.open(store)
            for _ in 0..<5 { try machine.pass(Self.moves) }
            #expect(machine.sampling.accounts.count(where: \.isMirror) == 2)
            // One step is lost in the second run, of which nothing had been counted before.
            #expect(machine.sampling.hostMicrojoules == 13 * Self.joule)
        }
    }

    @Test func `one register that runs read through different zones is in the machine once`() throws {
        try withPowercapMachine(["0": "package-0"]) { tree, machine in
            let store = try Store()
            try machine.open(store)
            for _ in 0..<4 { try machine.pass(["intel-rapl:0": Self.joule]) }
            try tree.unregister("0")
            try tree.add("0", "package-0", controlType: "intel-rapl-mmio")
            machine.setCounter("intel-rapl-mmio:0", 4 * Self.joule)
            try machine.open(store)
            for _ in 0..<4 { try machine.pass(["intel-rapl-mmio:0": Self.joule]) }
            #expect(machine.sampling.hostMicrojoules == 3 * Self.joule)
            try tree.add("0", "package-0")
            try machine.open(store)
            for _ in 0..<4 { try machine.pass(["intel-rapl:0": Self.joule, "intel-rapl-mmio:0": Self.joule]) }
            #expect(machine.sampling.hostMicrojoules == 7 * Self.joule)
        }
    }

    @Test func `what a simulation counted into the same ledger is in no machine`() throws {
        try withPowercapMachine(["0": "package-0"]) { _, machine in
            let store = try Store()
            try machine.open(store)
            for _ in 0..<4 { try machine.pass(["intel-rapl:0": Self.joule]) }
            try machine.open(.simulated(), store)
            for _ in 0..<4 { machine.tick() }
            #expect(machine.sampling.hostMicrojoules > 0, "the simulated machine's own")
            try machine.open(store)
            for _ in 0..<4 { try machine.pass(["intel-rapl:0": Self.joule]) }
            #expect(machine.sampling.hostMicrojoules == 7 * Self.joule)
        }
    }

    private static let moves = ["intel-rapl:0": joule, "intel-rapl:1": joule, "intel-rapl:2": joule]
}
