import Kernel
import TestSupport
import Testing

@testable import Attribution

/// An attribution of a fake tree, a pass each second.
struct Bench: ~Copyable {
    let cgroups: FakeCgroups
    var attribution: Attribution
    private var seconds: UInt64 = 100

    init(_ cgroups: FakeCgroups, _ settings: AttributionSettings) throws {
        self.cgroups = cgroups
        attribution = try Attribution(
            cgroups.root, procfs: cgroups.procfs, ticksPerSecond: 100, unixMicroseconds: 1_000_000, settings)
        pass(0)
    }

    /// Lets a second pass in which so much energy of one kind was used.
    mutating func second(_ microjoules: UInt64) throws {
        try cgroups.pass(1_000_000)
        seconds += 1
        pass(microjoules)
    }

    mutating func pass(_ microjoules: UInt64) {
        attribution.begin([microjoules], at: seconds * 1_000_000_000, unixMicroseconds: seconds * 1_000_000)
        while !attribution.proceed() {}
    }

    /// What the account of a path has; nil if there is none. The root's is that of the empty path.
    func energy(_ path: String) -> UInt64? {
        for index in attribution.accountIndices {
            if let account = attribution.account(at: index), account.path == Array(path.utf8) {
                return attribution.microjoules(index, kind: 0)
            }
        }
        return nil
    }

    var idle: UInt64 { attribution.idleMicrojoules(kind: 0) }
    var retired: UInt64 { attribution.retiredMicrojoules(kind: 0) }
    var total: UInt64 { attribution.totalMicrojoules(kind: 0) }

    /// What all accounts have together, with idle energy and what was retired.
    var sum: UInt64 {
        attribution.accountIndices.reduce(idle + retired) { sum, index in
            sum + (attribution.account(at: index) == nil ? 0 : attribution.microjoules(index, kind: 0))
        }
    }
}

@Suite struct SlicesTests {
    @Test func `energy is shared out by the time that slices ran, and the rest is idle`() throws {
        try withTemporaryDirectory { directory in
            let cgroups = try FakeCgroups(in: directory)
            try cgroups.add("/system.slice")
            try cgroups.add("/system.slice/a.service")
            try cgroups.add("/user.slice")
            var settings = AttributionSettings()
            settings.idleMicrowatts = [10_000_000]
            var bench = try Bench(cgroups, settings)
            cgroups.run("/system.slice/a.service", 300_000)
            cgroups.run("/system.slice", 100_000)
            cgroups.run("/user.slice", 500_000)
            cgroups.runKernel(100_000)
            try bench.second(30_000_000)
            #expect(bench.energy("/system.slice") == 8_000_000)
            #expect(bench.energy("/user.slice") == 10_000_000)
            #expect(bench.energy("") == 2_000_000)
            #expect(bench.idle == 10_000_000)
            #expect(bench.total == 30_000_000 && bench.sum == 30_000_000)
        }
    }
}
