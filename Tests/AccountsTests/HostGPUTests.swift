import Counters
import TestSupport
import Testing

@testable import Accounts

/// GPUs in the machine's energy.
@Suite struct HostGPUTests {
    private static let first = Domain(kind: .gpu, socket: 0, label: "nvidia_gpu_0")
    private static let second = Domain(kind: .gpu, socket: 0, label: "nvidia_gpu_1")

    @Test func `GPUs are added to packages and memory, and sensors are not`() {
        let sensor = Domain(kind: .sensor, socket: 0, label: "wall")
        var machine = HostMachine([.package(0), .dram(0), HostGPUTests.first, sensor])
        machine.pass([0, 0, 0, 0])
        machine.pass([100, 10, 1_000, 5_000])
        #expect(machine.host.basis == .packagesDramAndGPUs)
        #expect(machine.host.basis?.rawValue == "packages+dram+gpus")
        #expect(machine.host.totalMicrojoules == 1_110)
    }

    @Test func `where there is nothing else they are the machine`() {
        var machine = HostMachine([HostGPUTests.first, HostGPUTests.second])
        machine.pass([0, 0])
        machine.pass([7, 8])
        #expect(machine.host.basis == .gpus && machine.host.totalMicrojoules == 15)
    }

    /// Its reader is often started after us.
    @Test func `one that comes later joins by what it counts, and is in the name from then on`() {
        var machine = HostMachine([.package(0)])
        machine.pass([0])
        machine.pass([100])
        #expect(machine.host.basis == .packagesAndDram)
        machine.add(HostGPUTests.first)
        machine.pass([0, 0])
        #expect(machine.host.basis == .packagesDramAndGPUs)
        #expect(machine.host.totalMicrojoules == 100)
        machine.pass([1, 50])
        #expect(machine.host.totalMicrojoules == 151)
    }

    @Test func `one that is gone since the last run keeps its part, and its place in the name`() {
        var kept = HostTotal.Kept()
        kept.partsMicrojoules = 500
        kept.hasGPU = true
        var machine = HostMachine([.package(0)], kept: kept)
        machine.pass([0])
        machine.pass([3])
        #expect(machine.host.basis == .packagesDramAndGPUs && machine.host.totalMicrojoules == 503)
        machine.add(HostGPUTests.first, continuing: 500)
        machine.pass([0, 0])
        #expect(machine.host.totalMicrojoules == 503)
    }

    @Test func `psys stays alone, and is not called wrong for a card that is not in it`() {
        var machine = HostMachine([.psys(0), .package(0), HostGPUTests.first])
        for _ in 0..<200 { machine.pass([100, 80, 1_000_000]) }
        #expect(machine.host.basis == .psys && machine.host.platformFault == nil)
        #expect(machine.host.totalMicrojoules == 199 * 100)
    }

    @Test func `where psys is given up, GPUs are among what takes its place`() {
        var machine = HostMachine([.psys(0), .package(0), HostGPUTests.first])
        for _ in 0..<20 { machine.pass([0, 80_000, 1_000]) }
        #expect(machine.host.platformFault == .standsStill)
        #expect(machine.host.basis == .packagesDramAndGPUs)
    }

    @Test func `one that is stale is missed`() {
        var machine = HostMachine([.package(0), HostGPUTests.first])
        machine.pass([0, 0])
        machine.pass([1, nil])
        #expect(machine.host.hasBegun && machine.host.missingParts == 1)
    }
}
