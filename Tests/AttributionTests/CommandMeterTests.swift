import Glibc
import Kernel
import TestSupport
import Testing

@testable import Attribution

/// How a command's energy is told from all others'.
@Suite struct CommandSharesTests {
    private func busy(_ microseconds: UInt64) -> BusyTime.Interval {
        BusyTime.Interval(capacityMicroseconds: 2_000_000, busyMicroseconds: microseconds)
    }

    private func energies(_ shares: CommandShares) -> [UInt64] {
        [shares.parts[0].command, shares.parts[0].others, shares.parts[0].idle]
    }

    @Test func `idle power comes first, and the rest is shared by processor time`() {
        var shares = CommandShares(idleMicrowatts: [10_000_000])
        shares.take([50_000_000], microseconds: 1_000_000, ranMicroseconds: 600_000, busy: busy(800_000))
        #expect(energies(shares) == [30_000_000, 10_000_000, 10_000_000])
        #expect(shares.commandMicroseconds == 600_000 && shares.othersMicroseconds == 200_000)
    }

    @Test func `without an idle power, idle has the share of time at rest`() {
        var shares = CommandShares(idleMicrowatts: [nil])
        shares.take([40_000_000], microseconds: 1_000_000, ranMicroseconds: 250_000, busy: busy(500_000))
        #expect(energies(shares) == [5_000_000, 5_000_000, 30_000_000])
        #expect(shares.idleBasis(0) == .share)
    }

    @Test func `what the command ran beyond all busy time is taken from the others' next`() {
        var shares = CommandShares(idleMicrowatts: [0])
        shares.take([1_000_000], microseconds: 1_000_000, ranMicroseconds: 500_000, busy: busy(400_000))
        #expect(energies(shares) == [1_000_000, 0, 0])
        shares.take([1_000_000], microseconds: 1_000_000, ranMicroseconds: 100_000, busy: busy(300_000))
        #expect(shares.othersMicroseconds == 100_000)
        #expect(energies(shares) == [1_500_000, 500_000, 0])
    }

    @Test func `where nobody ran all is idle, and where busy time is not known only the command is known to have run`()
    {
        var shares = CommandShares(idleMicrowatts: [0])
        shares.take([7], microseconds: 1_000_000, ranMicroseconds: 0, busy: busy(0))
        #expect(energies(shares) == [0, 0, 7])
        shares.take([5], microseconds: 1_000_000, ranMicroseconds: 10, busy: nil)
        #expect(energies(shares) == [5, 0, 7])
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `parts always add up to what was counted`(_ seed: UInt64) {
        var numbers = SplitMix64(seed: seed)
        var shares = CommandShares(idleMicrowatts: [nil, 3_000_000])
        var sums: [UInt64] = [0, 0]
        for _ in 0..<50 {
            let energy = (0..<2).map { _ in UInt64.random(in: 0...(1 << 40), using: &numbers) }
            let isKnown = Int.random(in: 0..<8, using: &numbers) > 0
            shares.take(
                energy, microseconds: UInt64.random(in: 0...3_000_000, using: &numbers),
                ranMicroseconds: UInt64.random(in: 0...2_000_000, using: &numbers),
                busy: isKnown ? busy(UInt64.random(in: 0...2_000_000, using: &numbers)) : nil)
            for index in 0..<2 { sums[index] += energy[index] }
            #expect(shares.parts.map(\.total) == sums)
        }
    }
}

@Suite struct OwnCgroupTests {
    @Test(arguments: [
        ("0::/\n", ""), ("0::/user.slice/user-1000.slice/run-1.scope\n", "/user.slice/user-1000.slice/run-1.scope"),
        ("2:cpu:/x\n1:name=systemd:/\n0::/y", "/y"), ("4:memory:/a:0::/\n0::/b c\n", "/b c"),
    ])
    func `the line of version 2 says where it is`(_ text: String, _ path: String) {
        #expect(OwnCgroup.path(Array(text.utf8).span) == path)
    }

    @Test(arguments: [
        "", "\n", "0:", "0::", "1:cpu:/\n", "10::/x\n", "0::/../other\n", "0::/..\n", "0::/x (deleted)\n",
        "0::relative\n",
    ])
    func `one that is not there or not seen is none`(_ text: String) {
        #expect(OwnCgroup.path(Array(text.utf8).span) == nil)
    }
}

/// Where no cgroup can be made. That one can, the tests of the whole program show.
@Suite struct CommandMeterTests {
    private func obstacle(_ make: (String) throws -> Void) throws -> AttributionObstacle? {
        var found: AttributionObstacle?
        try withTemporaryDirectory { directory in
            for path in ["/cgroup", "/proc", "/proc/self"] { try checked("mkdir", mkdir(directory + path, 0o755)) }
            try writeFile(directory + "/cgroup/cgroup.controllers", "\n")
            try writeFile(directory + "/proc/stat", "cpu  0 0 0 1 0 0 0 0\ncpu0 0 0 0 1 0 0 0 0\nintr 0\n")
            try writeFile(directory + "/proc/self/cgroup", "0::/\n")
            try make(directory)
            do throws(AttributionObstacle) {
                _ = try CommandMeter.make(
                    cgroupfs: directory + "/cgroup", sysfs: directory, procfs: directory + "/proc")
            } catch {
                found = error
            }
            let left = try Files.names(in: directory + "/cgroup")
            #expect(left.filter { $0.hasPrefix("pyjoules") } == [], "nothing is left behind")
        }
        return found
    }

    @Test func `what is no tree of cgroups is told, and nothing is left there`() throws {
        #expect(try obstacle { _ in }?.description.contains("no cgroup can be made in") == true)
    }

    @Test func `a directory that is not there says what makes it possible`() throws {
        let found = try obstacle { try writeFile($0 + "/proc/self/cgroup", "0::/gone\n") }
        #expect(found?.remedy.contains("systemd-run --user --scope -p Delegate=yes") == true)
    }

    @Test func `without a cgroup of its own, or without any, it says so`() throws {
        #expect(try obstacle { try writeFile($0 + "/proc/self/cgroup", "1:cpu:/\n") }?.reason == "own cgroup")
        #expect(try obstacle { try checked("unlink", unlink($0 + "/proc/self/cgroup")) }?.reason == "own cgroup")
        #expect(try obstacle { try checked("unlink", unlink($0 + "/cgroup/cgroup.controllers")) }?.reason == "missing")
    }
}
