import Counters
import TestSupport
import Testing

@testable import Accounts

/// Whether the platform's counters are taken for the machine.
@Suite struct PlatformTrialTests {
    private static let joule: UInt64 = 1_000_000

    @Test func `a platform that moves is the machine, from its first move on`() {
        var machine = HostMachine([.package(0), .dram(0), .psys(0)])
        machine.pass([0, 0, 0])
        #expect(machine.host.basis == .psys)
        #expect(!machine.host.hasBegun, "it may be one that never moves")
        machine.pass([5, 1, 20])
        #expect(machine.host.hasBegun)
        #expect(machine.host.totalMicrojoules == 20)
    }

    @Test func `the counters of several packages' platforms are added up`() {
        var machine = HostMachine([.package(0), .package(1), .psys(0), .psys(1)])
        machine.pass([0, 0, 0, 0])
        machine.pass([1, 1, 10, 20])
        #expect(machine.host.totalMicrojoules == 30)
    }

    @Test func `one that never moves is given up, and nothing of what the packages used is lost`() {
        var machine = HostMachine([.package(0), .dram(0), .psys(0)])
        for _ in 0...9 { machine.pass([45 * Self.joule, 5 * Self.joule, 0]) }
        #expect(machine.host.basis == .psys)
        #expect(!machine.host.hasBegun)
        machine.pass([45 * Self.joule, 5 * Self.joule, 0])
        #expect(machine.changes == 1)
        #expect(machine.host.basis == .packagesAndDram)
        #expect(machine.host.platformFault == .standsStill)
        #expect(machine.host.hasBegun)
        #expect(machine.host.totalMicrojoules == 500 * Self.joule)
        // For good: it may move now.
        machine.pass([1, 1, 900])
        #expect(machine.host.basis == .packagesAndDram)
        #expect(machine.host.totalMicrojoules == 500 * Self.joule + 2)
    }

    @Test func `where nothing moves nothing is known`() {
        var machine = HostMachine([.package(0), .psys(0)])
        for _ in 0..<100 { machine.pass([0, 0]) }
        #expect(machine.host.basis == .psys)
        #expect(!machine.host.hasBegun)
        // The package may be the first by a moment.
        machine.pass([Self.joule, 0])
        machine.pass([0, 3])
        #expect(machine.host.totalMicrojoules == 3)
    }

    @Test func `one that moved in an earlier run is the machine at once`() {
        var kept = HostTotal.Kept()
        kept.platformMicrojoules = 70
        var machine = HostMachine([.package(0), .psys(0)], kept: kept)
        machine.pass([0, 0])
        #expect(machine.host.hasBegun)
        #expect(machine.host.totalMicrojoules == 70)
    }

    @Test(arguments: [(80, true), (49, false), (51, true)] as [(UInt64, Bool)])
    func `over a minute it is no less than what lies in it`(platform: UInt64, isTheMachine: Bool) {
        var machine = HostMachine([.package(0), .dram(0), .psys(0)])
        for _ in 0...61 { machine.pass([45 * Self.joule, 5 * Self.joule, platform * Self.joule]) }
        #expect(machine.host.basis == (isTheMachine ? .psys : .packagesAndDram))
        #expect(machine.host.platformFault == (isTheMachine ? nil : .lessThanParts))
        // Each has a total of its own, of what was counted since the beginning.
        let watts = isTheMachine ? platform : 50
        #expect(machine.host.totalMicrojoules == 61 * watts * Self.joule)
    }

    @Test func `a platform that stops later is given up within two minutes`() {
        var machine = HostMachine([.package(0), .psys(0)])
        for _ in 0...100 { machine.pass([10 * Self.joule, 30 * Self.joule]) }
        #expect(machine.host.basis == .psys)
        for _ in 0...120 { machine.pass([10 * Self.joule, 0]) }
        #expect(machine.host.platformFault == .lessThanParts)
    }

    @Test func `a platform that was set anew or could not be read is not blamed for it`() {
        var machine = HostMachine([.package(0), .psys(0)])
        for minute in 0..<10 {
            for second in 0..<50 {
                machine.pass([10 * Self.joule, minute % 2 == 0 && second == 25 ? nil : 11 * Self.joule])
            }
            machine.move(1, by: 1 << 39)
        }
        #expect(machine.host.basis == .psys)
    }

    @Test func `one that cannot be read at the start is waited for, and then given up`() {
        var machine = HostMachine([.package(0)], refused: [.psys(0)])
        for _ in 0...9 { machine.pass([Self.joule]) }
        #expect(machine.host.basis == .psys)
        #expect(machine.host.missingParts == 1)
        machine.pass([Self.joule])
        #expect(machine.host.basis == .packagesAndDram)
        #expect(machine.host.platformFault == .unreadable)
        #expect(machine.host.missingParts == 0)
        #expect(machine.host.totalMicrojoules == 10 * Self.joule)
    }

    @Test func `one that is lost later is missing, and stays the machine`() {
        var machine = HostMachine([.package(0), .psys(0)])
        for _ in 0..<5 { machine.pass([Self.joule, 2 * Self.joule]) }
        for _ in 0..<100 {
            machine.pass([Self.joule, nil])
            machine.move(1, by: 2 * Self.joule)
        }
        #expect(machine.host.basis == .psys)
        #expect(machine.host.missingParts == 1)
        machine.pass([Self.joule, 0])
        #expect(machine.host.totalMicrojoules == (4 + 100) * 2 * Self.joule)
    }

    @Test func `without packages there is nothing to take its place`() {
        var machine = HostMachine([.psys(0)])
        for _ in 0..<100 { machine.pass([0]) }
        machine.pass([5])
        #expect(machine.host.basis == .psys)
        #expect(machine.host.totalMicrojoules == 5)
    }
}
