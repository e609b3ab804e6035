import Counters
import TestSupport
import Testing

@testable import Accounts

/// The machine's energy: when it begins, and what becomes of it when parts come and go.
@Suite struct HostTotalTests {
    @Test func `packages and memory are added up, and what lies in them is not`() {
        var machine = HostMachine([.package(0), .core(0), .dram(0), .package(1)])
        machine.pass([0, 0, 0, 0])
        #expect(machine.host.basis == .packagesAndDram)
        #expect(machine.host.hasBegun)
        machine.pass([100, 70, 10, 1])
        #expect(machine.host.totalMicrojoules == 111)
        #expect(machine.host.missingParts == 0)
    }

    /// The usual advice opens the first package only: half a machine was once called the machine.
    @Test func `a part that was refused keeps it unknown until it is counted`() {
        var machine = HostMachine([.package(0)], refused: [.package(1)])
        machine.pass([0])
        machine.pass([100])
        #expect(!machine.host.hasBegun)
        #expect(machine.host.totalMicrojoules == 0)
        #expect(machine.host.missingParts == 1)
        #expect(machine.host.missingDomains(machine.accounts) == [.package(1)])
        machine.add(.package(1))
        machine.pass([10, 0])
        #expect(machine.host.hasBegun)
        #expect(machine.host.totalMicrojoules == 110)
        machine.pass([10, 5])
        #expect(machine.host.totalMicrojoules == 125)
        #expect(machine.host.missingParts == 0)
    }

    @Test func `a part whose readings fail keeps it unknown at the start`() {
        var machine = HostMachine([.package(0), .dram(0)])
        machine.pass([0, nil])
        #expect(!machine.host.hasBegun)
        #expect(machine.host.missingDomains(machine.accounts) == [.dram(0)])
        machine.pass([7, 0])
        #expect(machine.host.hasBegun)
        #expect(machine.host.totalMicrojoules == 7)
    }

    @Test func `once it has begun it goes on while a part is missing, and says so`() {
        var machine = HostMachine([.package(0), .package(1)])
        machine.pass([0, 0])
        machine.pass([10, 20])
        machine.move(1, by: 1_000)
        machine.pass([10, nil])
        #expect(machine.host.totalMicrojoules == 40)
        #expect(machine.host.missingParts == 1)
        machine.pass([10, 5])
        #expect(machine.host.totalMicrojoules == 40 + 10 + 1_005)
        #expect(machine.host.missingParts == 0)
        machine.refuse(.package(2))
        machine.pass([1, 0])
        #expect(machine.host.totalMicrojoules == 1_056)
        #expect(machine.host.missingParts == 1)
    }

    @Test func `a part that is found later joins by what it counts from then on`() {
        var machine = HostMachine([.package(0)])
        machine.pass([0])
        machine.pass([100])
        machine.add(.dram(0))
        machine.pass([1, 0])
        #expect(machine.host.totalMicrojoules == 101)
        machine.pass([1, 30])
        #expect(machine.host.totalMicrojoules == 132)
    }

    @Test func `what the ledger keeps of a part that is not there belongs to it, and stays when the part comes`() {
        var kept = HostTotal.Kept()
        kept.partsMicrojoules = 5_000
        var machine = HostMachine([.package(0)], kept: kept)
        machine.pass([0])
        machine.pass([100])
        #expect(machine.host.totalMicrojoules == 5_100)
        machine.add(.package(1), continuing: 5_000)
        machine.pass([1, 0])
        #expect(machine.host.totalMicrojoules == 5_101)
        machine.pass([1, 2])
        #expect(machine.host.totalMicrojoules == 5_104)
    }

    @Test func `it never falls, even if the ledger gives up a record`() {
        var kept = HostTotal.Kept()
        kept.partsMicrojoules = 5_000
        var machine = HostMachine([.package(0)], kept: kept)
        machine.pass([0])
        machine.pass([100])
        machine.dropKept()
        machine.pass([1])
        #expect(machine.host.totalMicrojoules == 5_101)
    }

    @Test func `without a package there is no machine`() {
        var machine = HostMachine([.dram(0), .core(0)])
        machine.pass([1, 1])
        #expect(machine.host.basis == nil)
        #expect(machine.host.missingParts == nil)
        var refused = HostMachine([.core(0)], refused: [.package(0)])
        refused.pass([1])
        #expect(refused.host.basis == nil)
        #expect(refused.host.missingParts == 1)
    }

    /// A source that was taken back once lost its platform, which moved a moment later than the package.
    @Test func `a platform is not judged by the time in which its source was given up`() {
        var machine = HostMachine([.package(0), .psys(0)])
        for _ in 0..<5 { machine.pass([0, 0]) }
        machine.setCounted(false)
        for _ in 0..<20 { machine.pass([0, 0]) }
        machine.pass([1_000, 0])
        machine.setCounted(true)
        machine.pass([0, 0])
        machine.pass([0, 3_000])
        #expect(machine.host.platformFault == nil)
        #expect(machine.host.basis == .psys)
        #expect(machine.host.totalMicrojoules == 3_000)
    }
}
