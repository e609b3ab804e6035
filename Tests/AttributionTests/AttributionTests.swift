import Glibc
import Kernel
import TestSupport
import Testing

@testable import Attribution

@Suite struct AttributionTests {
    private func oneSlice(_ cgroups: FakeCgroups) throws {
        try cgroups.add("/system.slice")
        try cgroups.add("/system.slice/a.service")
        try cgroups.add("/system.slice/b.service")
    }

    @Test func `energy is shared out by the time that slices ran, and the rest is idle`() throws {
        try withBench(.slices, { $0.idleMicrowatts = [10_000_000] }) { cgroups in
            try oneSlice(cgroups)
            try cgroups.add("/user.slice")
        } _: { cgroups, bench in
            cgroups.run("/system.slice/a.service", 300_000)
            cgroups.run("/system.slice", 100_000)
            cgroups.run("/user.slice", 500_000)
            cgroups.run("", 100_000)
            try bench.second(30_000_000)
            #expect(bench.energy("/system.slice") == 8_000_000)
            #expect(bench.energy("/user.slice") == 10_000_000)
            #expect(bench.energy("") == 2_000_000)
            #expect(bench.idle == 10_000_000)
            #expect(bench.place("/system.slice/a.service") == nil)
        }
    }

    @Test func `what nobody ran for is idle`() throws {
        try withBench(.slices, { $0.idleMicrowatts = [10_000_000] }, oneSlice) { _, bench in
            try bench.second(30_000_000)
            #expect(bench.idle == 30_000_000)
        }
    }

    @Test func `a slice's rest is what its units leave`() throws {
        try withBench(.units, { _ in }, oneSlice) { cgroups, bench in
            cgroups.run("/system.slice/a.service", 300_000)
            cgroups.run("/system.slice/b.service", 100_000)
            cgroups.run("/system.slice", 200_000)
            try bench.second(6_000_000)
            #expect(bench.energy("/system.slice/a.service") == 3_000_000)
            #expect(bench.energy("/system.slice/b.service") == 1_000_000)
            #expect(bench.energy("/system.slice") == 2_000_000)
        }
    }

    @Test func `time before the start is nobody's`() throws {
        try withBench(.units, { _ in }) { cgroups in
            try oneSlice(cgroups)
            cgroups.run("/system.slice/a.service", 5_000_000)
        } _: { cgroups, bench in
            cgroups.run("/system.slice/b.service", 100_000)
            try bench.second(1_000_000)
            #expect(bench.energy("/system.slice/a.service") == 0)
            #expect(bench.energy("/system.slice/b.service") == 1_000_000)
        }
    }

    @Test func `a machine that is started again goes on under its labels, although its path has another number`() throws
    {
        let (first, second) = (
            "/machine.slice/machine-qemu\\x2d1\\x2dweb.scope", "/machine.slice/machine-qemu\\x2d2\\x2dweb.scope"
        )
        try withBench(.units, { _ in }) { cgroups in
            try cgroups.add("/machine.slice")
            try cgroups.add(first)
        } _: { cgroups, bench in
            cgroups.run(first, 100_000)
            try bench.second(1_000_000)
            try cgroups.remove(first)
            try bench.second(0)
            try cgroups.add(second)
            cgroups.run(second, 100_000)
            try bench.second(2_000_000)
            #expect(bench.energy(second) == 3_000_000)
            #expect(bench.energy(first) == nil, "one account of these labels")
        }
    }

    @Test func `of two that would be shown under the same labels one has an account, and the other one is in the rest`()
        throws
    {
        let (first, second) = (
            "/machine.slice/machine-qemu\\x2d1\\x2dweb.scope", "/machine.slice/machine-qemu\\x2d2\\x2dweb.scope"
        )
        try withBench(.units, { _ in }) { cgroups in
            try cgroups.add("/machine.slice")
            try cgroups.add(first)
            try cgroups.add(second)
        } _: { cgroups, bench in
            cgroups.run(first, 100_000)
            cgroups.run(second, 100_000)
            try bench.second(2_000_000)
            let energies = [bench.energy(first), bench.energy(second)].compactMap(\.self)
            #expect(energies == [1_000_000])
            #expect(bench.energy("/machine.slice") == 1_000_000)
            #expect(bench.attribution.withoutSlot == 1)
        }
    }

    @Test func `a unit that begins has all that it ran`() throws {
        try withBench(.units, { _ in }, oneSlice) { cgroups, bench in
            try cgroups.add("/system.slice/c.service")
            cgroups.run("/system.slice/c.service", 200_000)
            cgroups.run("/system.slice/a.service", 200_000)
            try bench.second(4_000_000)
            #expect(bench.energy("/system.slice/c.service") == 2_000_000)
            #expect(bench.attribution.births == 4)
        }
    }

    @Test func `a unit that alone has ended has what it ran last`() throws {
        try withBench(.units, { _ in }, oneSlice) { cgroups, bench in
            cgroups.run("/system.slice/b.service", 200_000)
            cgroups.run("/system.slice/a.service", 200_000)
            try cgroups.remove("/system.slice/b.service")
            try bench.second(4_000_000)
            #expect(bench.energy("/system.slice/b.service") == 2_000_000)
            #expect(bench.energy("/system.slice") == 0)
            #expect(bench.attribution.deaths == 1)
        }
    }

    /// It had what others had run of whom nothing was seen but that they went.
    @Test func `a unit that has ended has nothing of what came and went beside it`() throws {
        try withBench(.units, { _ in }, oneSlice) { cgroups, bench in
            cgroups.run("/system.slice/a.service", 200_000)
            try cgroups.remove("/system.slice/b.service")
            try cgroups.add("/system.slice/run-1.service")
            cgroups.run("/system.slice/run-1.service", 200_000)
            try cgroups.remove("/system.slice/run-1.service")
            try bench.second(4_000_000)
            #expect(bench.energy("/system.slice/b.service") == 0)
            #expect(bench.energy("/system.slice") == 2_000_000)
            // Of the next one nothing else is in the way.
            cgroups.run("/system.slice/a.service", 200_000)
            try cgroups.remove("/system.slice/a.service")
            try bench.second(1_000_000)
            #expect(bench.energy("/system.slice/a.service") == 3_000_000)
        }
    }

    @Test func `what several ran that have ended is in the rest`() throws {
        try withBench(.units, { _ in }, oneSlice) { cgroups, bench in
            cgroups.run("/system.slice/b.service", 200_000)
            cgroups.run("/system.slice/a.service", 200_000)
            try cgroups.remove("/system.slice/a.service")
            try cgroups.remove("/system.slice/b.service")
            try bench.second(4_000_000)
            #expect(bench.energy("/system.slice/a.service") == 0)
            #expect(bench.energy("/system.slice/b.service") == 0)
            #expect(bench.energy("/system.slice") == 4_000_000)
        }
    }

    @Test func `what came and went between two looks is in the rest`() throws {
        try withBench(.units, { _ in }, oneSlice) { cgroups, bench in
            try cgroups.add("/system.slice/run-1.service")
            cgroups.run("/system.slice/run-1.service", 300_000)
            cgroups.run("/system.slice/a.service", 100_000)
            try cgroups.remove("/system.slice/run-1.service")
            try bench.second(4_000_000)
            #expect(bench.energy("/system.slice") == 3_000_000)
            #expect(bench.energy("/system.slice/a.service") == 1_000_000)
        }
    }

    @Test func `a unit that is started again goes on where it was`() throws {
        try withBench(.units, { _ in }, oneSlice) { cgroups, bench in
            cgroups.run("/system.slice/b.service", 100_000)
            try bench.second(1_000_000)
            let generation = bench.place("/system.slice/b.service").flatMap { bench.attribution.generation(at: $0) }
            try cgroups.remove("/system.slice/b.service")
            try cgroups.add("/system.slice/b.service")
            cgroups.run("/system.slice/b.service", 100_000)
            try bench.second(1_000_000)
            #expect(bench.energy("/system.slice/b.service") == 2_000_000)
            #expect(
                generation == bench.place("/system.slice/b.service").flatMap { bench.attribution.generation(at: $0) })
        }
    }

    @Test func `what has ended long ago is retired and not given to the rest`() throws {
        try withBench(.units, { $0.keepNanoseconds = 3_000_000_000 }, oneSlice) { cgroups, bench in
            cgroups.run("/system.slice/b.service", 100_000)
            try bench.second(1_000_000)
            try cgroups.remove("/system.slice/b.service")
            for _ in 0..<3 { try bench.second(0) }
            #expect(bench.energy("/system.slice/b.service") == 1_000_000 && bench.retired == 0)
            try bench.second(0)
            #expect(bench.energy("/system.slice/b.service") == nil && bench.retired == 1_000_000)
            #expect(bench.energy("/system.slice") == 0)
        }
    }

    @Test func `a unit without a slot is in the rest, and waits for the one that ended`() throws {
        try withBench(.units, { $0.mostUnits = 2 }, oneSlice) { cgroups, bench in
            try cgroups.add("/system.slice/c.service")
            cgroups.run("/system.slice/c.service", 100_000)
            try bench.second(1_000_000)
            #expect(bench.energy("/system.slice/c.service") == nil && bench.attribution.withoutSlot == 1)
            #expect(bench.energy("/system.slice") == 1_000_000)
            try cgroups.remove("/system.slice/b.service")
            try bench.second(0)
            #expect(bench.energy("/system.slice/b.service") == 0, "not in the pass in which it ended")
            try bench.second(0)
            #expect(bench.energy("/system.slice/b.service") == nil)
            // What it ran before it had a slot was in the rest.
            try bench.second(0)
            cgroups.run("/system.slice/c.service", 100_000)
            try bench.second(1_000_000)
            #expect(bench.energy("/system.slice/c.service") == 1_000_000 && bench.attribution.withoutSlot == 0)
        }
    }

    @Test func `no more units than allowed begin within a minute`() throws {
        try withBench(.units, { $0.mostNewPerMinute = 3 }, oneSlice) { cgroups, bench in
            for number in 0..<5 { try cgroups.add("/system.slice/run-\(number).service") }
            try bench.second(0)
            #expect(bench.attribution.withoutSlot == 2)
            for _ in 0..<60 { bench.unchangedSecond(0) }
            #expect(bench.attribution.withoutSlot == 0)
        }
    }

    @Test func `a slice that goes takes its units with it, and returns with them`() throws {
        try withBench(.units, { _ in }, oneSlice) { cgroups, bench in
            try cgroups.add("/system.slice/system-x.slice")
            try cgroups.add("/system.slice/system-x.slice/x@1.service")
            cgroups.run("/system.slice/system-x.slice/x@1.service", 100_000)
            try bench.second(1_000_000)
            #expect(bench.energy("/system.slice/system-x.slice/x@1.service") == 1_000_000)
            try cgroups.remove("/system.slice/system-x.slice")
            try bench.second(0)
            #expect(bench.attribution.deadCount == 2)
            try cgroups.add("/system.slice/system-x.slice")
            try cgroups.add("/system.slice/system-x.slice/x@1.service")
            cgroups.run("/system.slice/system-x.slice/x@1.service", 100_000)
            try bench.second(1_000_000)
            #expect(bench.energy("/system.slice/system-x.slice/x@1.service") == 2_000_000)
            #expect(bench.attribution.deadCount == 0)
        }
    }

    @Test func `time that seems to be missing is taken from the next rests`() throws {
        try withBench(.units, { _ in }, oneSlice) { cgroups, bench in
            // The unit was read before its slice, and ran in between.
            cgroups.run("/system.slice/a.service", 100_000)
            try cgroups.pass(1_000_000)
            try cgroups.show("/system.slice", 0)
            bench.unchangedSecond(1_000_000)
            // What the processors worked beyond the slices' time seems to be the kernel's.
            #expect(bench.energy("/system.slice/a.service") == 500_000 && bench.energy("") == 500_000)
            #expect(bench.energy("/system.slice") == 0)
            cgroups.run("/system.slice", 50_000)
            cgroups.run("/system.slice/b.service", 50_000)
            try bench.second(1_000_000)
            #expect(bench.energy("/system.slice/b.service") == 500_000 && bench.energy("/system.slice") == 500_000)
            #expect(bench.energy("") == 500_000)
        }
    }

    @Test func `what cannot be understood is counted, and its time is in the rest`() throws {
        try withBench(.units, { _ in }, oneSlice) { cgroups, bench in
            cgroups.run("/system.slice/a.service", 100_000)
            try cgroups.pass(1_000_000)
            try writeStat(cgroups, "/system.slice/a.service", "nonsense\n")
            bench.unchangedSecond(1_000_000)
            #expect(bench.attribution.faultCount(.garbage) == 1)
            #expect(bench.energy("/system.slice") == 1_000_000)
        }
    }

    @Test func `a restart goes on, and what went meanwhile is retired`() throws {
        try withBench(.units, { _ in }, oneSlice) { cgroups, bench in
            cgroups.run("/system.slice/a.service", 100_000)
            cgroups.run("/system.slice/b.service", 100_000)
            try bench.second(2_000_000)
            cgroups.run("/system.slice/a.service", 100_000)
            try cgroups.remove("/system.slice/b.service")
            try cgroups.add("/system.slice/c.service")
            cgroups.run("/system.slice/c.service", 100_000)
            try bench.restart()
            try bench.second(2_000_000)
            #expect(bench.energy("/system.slice/a.service") == 2_000_000)
            #expect(bench.energy("/system.slice/c.service") == 1_000_000)
            #expect(bench.retired == 1_000_000 && bench.total == 4_000_000)
        }
    }

    @Test func `what the kernel ran while the program was restarted is the system's`() throws {
        try withBench(.units, { _ in }, oneSlice) { cgroups, bench in
            cgroups.run("/system.slice/a.service", 100_000)
            cgroups.run("", 300_000)
            try bench.restart()
            try bench.second(4_000_000)
            #expect(bench.energy("/system.slice/a.service") == 1_000_000 && bench.energy("") == 3_000_000)
        }
    }

    @Test func `what had no room in the ledger is retired`() throws {
        try withBench(.units, { _ in }, oneSlice) { cgroups, bench in
            cgroups.run("/system.slice/a.service", 100_000)
            cgroups.run("/system.slice/b.service", 100_000)
            try bench.second(2_000_000)
            try bench.restart(room: Attribution.recordBytes(3, kinds: 1))
            try bench.second(0)
            #expect(bench.retired == 1_000_000)
        }
    }

    /// The kernel keeps so many events, and then says that there were more.
    @Test func `what came and went while events were lost is found by looking again`() throws {
        let text = String(decoding: try Files.read("/proc/sys/fs/inotify/max_queued_events"), as: UTF8.self)
        let most = try #require(Int(text.filter { $0 != "\n" }))
        try withBench(.units, { _ in }) { cgroups in
            try oneSlice(cgroups)
            try cgroups.add("/user.slice")
            try cgroups.add("/user.slice/u.service")
        } _: { cgroups, bench in
            // In one slice so many come and go that nothing is told of the other one.
            for number in 0...(most / 2) {
                let path = "\(cgroups.root)/system.slice/\(number % 2).service"
                try checked("mkdir", mkdir(path, 0o755))
                try checked("rmdir", rmdir(path))
            }
            try cgroups.add("/user.slice/v.service")
            cgroups.run("/user.slice/v.service", 100_000)
            cgroups.run("/user.slice/u.service", 100_000)
            try cgroups.remove("/user.slice/u.service")
            try bench.second(2_000_000)
            #expect(bench.energy("/user.slice/v.service") == 1_000_000)
            // Nobody knows whether others went, too.
            #expect(bench.energy("/user.slice/u.service") == 0 && bench.energy("/user.slice") == 1_000_000)
        }
    }

    @Test func `names are chosen as systemd has them`() throws {
        try withBench(.units, { $0.excluded = [Glob("memory.service")].compactMap(\.self) }) { cgroups in
            try oneSlice(cgroups)
            try cgroups.add("/system.slice/_memory.service")
            try cgroups.add("/system.slice/_cpu.service")
        } _: { _, bench in
            #expect(bench.place("/system.slice/_memory.service") == nil)
            #expect(bench.place("/system.slice/_cpu.service") != nil)
        }
    }
}
