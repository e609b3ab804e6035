import TestSupport
import Testing

@testable import Attribution

/// What is read, where not everything is: what runs, and all else as soon as its slice's own time tells that it ran.
@Suite struct ProofTests {
    private static let tolerance = FakeCgroups.tickMicroseconds * FakeCgroups.processors

    /// Ten of two hundred units in six slices run.
    private func withTwoHundred(_ body: (FakeCgroups, inout Bench) throws -> Void) throws {
        try withBench(.units, { $0.readsAll = false }) { cgroups in
            for number in 0..<6 { try cgroups.add("/s\(number).slice") }
            for number in 0..<200 { try cgroups.add(unit(number)) }
        } _: { cgroups, bench in
            for _ in 0..<12 { try busySecond(cgroups, &bench) }
            try body(cgroups, &bench)
        }
    }

    private func unit(_ number: Int) -> String { "/s\(number % 6).slice/u\(number).service" }

    private func busySecond(_ cgroups: FakeCgroups, _ bench: inout Bench) throws {
        for number in 0..<10 { cgroups.run(unit(number), 50_000) }
        try bench.second(1_000_000)
    }

    private func expect(exactly count: UInt64, _ bench: inout Bench, _ body: (inout Bench) throws -> Void) throws {
        let found = try reads(&bench, body)
        #expect(found == count)
    }

    private func expect(atMost count: UInt64, _ bench: inout Bench, _ body: (inout Bench) throws -> Void) throws {
        let found = try reads(&bench, body)
        #expect(found <= count)
    }

    private func reads(_ bench: inout Bench, _ body: (inout Bench) throws -> Void) throws -> UInt64 {
        let before = bench.attribution.reads
        try body(&bench)
        return bench.attribution.reads - before
    }

    @Test func `of two hundred units of which ten run, ten and the slices are read`() throws {
        try withTwoHundred { cgroups, bench in
            try expect(exactly: 16, &bench) { try busySecond(cgroups, &$0) }
        }
    }

    @Test func `where nothing runs only the slices are read`() throws {
        try withTwoHundred { _, bench in
            for _ in 0..<Attribution.patience { try bench.second(0) }
            try expect(exactly: 6, &bench) { try $0.second(0) }
        }
    }

    @Test func `everything is read each minute`() throws {
        try withTwoHundred { cgroups, bench in
            let counts = try (0..<120).map { _ in try reads(&bench) { try busySecond(cgroups, &$0) } }
            #expect(counts.filter { $0 == 206 }.count == 2 && counts.filter { $0 == 16 }.count == 118)
        }
    }

    @Test func `one that begins to run after long is found at once, and has all that it ran`() throws {
        try withTwoHundred { cgroups, bench in
            cgroups.run(unit(100), 100_000)
            // Its slice has 33 others or 32, and is read once more after them.
            try expect(atMost: 16 + 34, &bench) { try busySecond(cgroups, &$0) }
            #expect(bench.ran[unit(100)] == 100_000)
            cgroups.run(unit(100), 100_000)
            try expect(exactly: 17, &bench) { try busySecond(cgroups, &$0) }
        }
    }

    @Test func `little of many is found when it has become much, and nothing is lost`() throws {
        try withTwoHundred { cgroups, bench in
            // Each time less than the tolerance, and of another unit.
            for number in 0..<5 {
                cgroups.run(unit(60 + 6 * number), Self.tolerance / 4)
                try bench.second(0)
            }
            let ran = bench.ran
            for number in 0..<5 { #expect(ran[unit(60 + 6 * number)] == Self.tolerance / 4) }
            #expect(ran["/s0.slice"] == nil)
        }
    }

    @Test func `one that alone has ended has what it ran since it was read last`() throws {
        try withTwoHundred { cgroups, bench in
            for _ in 0..<3 {
                cgroups.run(unit(100), Self.tolerance / 4)
                try bench.second(0)
            }
            cgroups.run(unit(100), 10)
            try cgroups.remove(unit(100))
            try bench.second(0)
            #expect(bench.ran[unit(100)] == Self.tolerance / 4 * 3 + 10)
        }
    }

    @Test func `what a slice held back is not lost with it`() throws {
        try withTwoHundred { cgroups, bench in
            cgroups.run(unit(100), Self.tolerance / 2)
            try bench.second(0)
            try cgroups.remove("/s4.slice")
            let before = bench.ran.values.reduce(0, +)
            try bench.second(0)
            #expect(bench.ran.values.reduce(0, +) - before == Self.tolerance / 2)
        }
    }

    @Test func `what was held back is given once across a restart`() throws {
        try withTwoHundred { cgroups, bench in
            cgroups.run(unit(100), Self.tolerance / 2)
            try bench.second(0)
            try bench.restart()
            bench.ran = [:]
            cgroups.run("/s4.slice", 1000)
            try bench.second(1_000_000)
            #expect(bench.ran[unit(100)] == Self.tolerance / 2)
            #expect(bench.ran["/s4.slice"] == 1000)
        }
    }

    /// Pods are slices themselves, and have containers.
    @Test func `a slice that rests is not read, nor what is in it, until the one above tells that it ran`() throws {
        func pod(_ number: Int) -> String { "/system.slice/system-p\(number).slice" }
        try withBench(.units, { $0.readsAll = false }) { cgroups in
            try cgroups.add("/system.slice")
            for number in 0..<10 {
                try cgroups.add(pod(number))
                for unit in 0..<3 { try cgroups.add("\(pod(number))/c\(unit).service") }
            }
        } _: { cgroups, bench in
            try bench.second(0)
            try expect(exactly: 1, &bench) { try $0.second(0) }
            cgroups.run("\(pod(3))/c1.service", 100_000)
            // The slice twice, its ten, and of one of them what is in it and itself again.
            try expect(exactly: 2 + 10 + 3 + 1, &bench) { try $0.second(1_000_000) }
            #expect(bench.energy("\(pod(3))/c1.service") == 1_000_000)
            cgroups.run("\(pod(3))/c1.service", 100_000)
            try expect(exactly: 3, &bench) { try $0.second(1_000_000) }
        }
    }

    @Test func `a pass that looks through many reads no more in a step than allowed`() throws {
        try withBench(.units, { $0.readsAll = false }) { cgroups in
            try cgroups.add("/system.slice")
            for number in 0..<150 { try cgroups.add("/system.slice/u\(number).service") }
        } _: { cgroups, bench in
            try bench.second(0)
            cgroups.run("/system.slice/u149.service", 100_000)
            try cgroups.pass(1_000_000)
            bench.begin(1_000_000)
            var steps: [UInt64] = []
            var isFinished = false
            while !isFinished {
                let before = bench.attribution.reads
                isFinished = bench.proceed()
                steps.append(bench.attribution.reads - before)
            }
            #expect(steps == [64, 64, 24])
            #expect(bench.energy("/system.slice/u149.service") == 1_000_000)
        }
    }
}

/// Random histories, of which one attribution reads all and another one what it has to.
@Suite struct ProofHistoryTests {
    private static let slices = ["/system.slice", "/user.slice", "/system.slice/system-x.slice"]
    private static let tolerance = FakeCgroups.tickMicroseconds * FakeCgroups.processors

    @Test(arguments: 0..<12 as Range<UInt64>)
    func `nobody is ever off by more than a jiffy of each processor, and by nothing when all was read`(
        _ seed: UInt64
    ) throws {
        try withTwin(seed) { twin in
            for second in 1...130 {
                try twin.step(churns: false)
                for (path, time) in twin.all.ran {
                    let other = twin.some.ran[path] ?? 0
                    #expect(max(time, other) - min(time, other) <= Self.tolerance, "\(path) at \(second)")
                }
                if twin.wasFull { #expect(twin.some.ran == twin.all.ran) }
            }
            #expect(twin.fulls >= 2)
            #expect(twin.some.attribution.reads < twin.all.attribution.reads * 3 / 4)
        }
    }

    @Test(arguments: 20..<32 as Range<UInt64>)
    func `whatever comes and goes, no slice loses or gains a microsecond`(_ seed: UInt64) throws {
        try withTwin(seed) { twin in
            for second in 1...130 {
                try twin.step(churns: true)
                for top in ["/system.slice", "/user.slice"] {
                    let (all, some) = (twin.all.ran(in: top), twin.some.ran(in: top))
                    // Two places are held back in one of them.
                    #expect(some <= all && all - some <= 2 * Self.tolerance, "\(top) at \(second)")
                    if twin.wasFull { #expect(some == all) }
                }
            }
            #expect(twin.fulls >= 2)
        }
    }

    private func withTwin(_ seed: UInt64, _ body: (inout Twin) throws -> Void) throws {
        try withTemporaryDirectory { directory in
            var twin = try Twin(seed, FakeCgroups(in: directory))
            try body(&twin)
        }
    }

    struct Twin: ~Copyable {
        private var numbers: SplitMix64
        private let cgroups: FakeCgroups
        private(set) var all: Bench
        private(set) var some: Bench
        /// The latest pass has read everything, and how many did.
        private(set) var wasFull = false
        private(set) var fulls = 0

        init(_ seed: UInt64, _ cgroups: FakeCgroups) throws {
            for slice in ProofHistoryTests.slices {
                try cgroups.add(slice)
                for number in 0..<12 { try cgroups.add("\(slice)/u\(number).service") }
            }
            try cgroups.pass(10_000_000)
            var settings = AttributionSettings()
            settings.level = .units
            settings.mostNewPerMinute = 10_000
            settings.keepNanoseconds = 5_000_000_000
            let some = try Bench(cgroups, settings)
            settings.readsAll = true
            let all = try Bench(cgroups, settings)
            self.some = some
            self.all = all
            numbers = SplitMix64(seed: seed)
            self.cgroups = cgroups
        }

        mutating func step(churns: Bool) throws {
            if churns, Int.random(in: 0..<3, using: &numbers) == 0 { try change() }
            for path in cgroups.paths + [""] {
                // Some run always, some at times and little, and most never.
                let isBusy = path.hasSuffix("u1.service")
                guard isBusy || Int.random(in: 0..<60, using: &numbers) == 0 else { continue }
                cgroups.run(path, UInt64.random(in: 0...(isBusy ? 100_000 : 9_000), using: &numbers))
            }
            try cgroups.pass(1_000_000)
            let energy = UInt64.random(in: 0...50_000_000, using: &numbers)
            all.unchangedSecond(energy)
            let before = some.attribution.fullNanoseconds
            some.unchangedSecond(energy)
            wasFull = some.attribution.fullNanoseconds != before
            fulls += wasFull ? 1 : 0
        }

        private mutating func change() throws {
            let parent = ProofHistoryTests.slices.randomElement(using: &numbers) ?? ""
            guard cgroups.shown[parent] != nil else { return try cgroups.add(parent) }
            let path = "\(parent)/u\(Int.random(in: 0..<12, using: &numbers)).service"
            if parent.hasSuffix("x.slice"), Int.random(in: 0..<6, using: &numbers) == 0 {
                try cgroups.remove(parent)
            } else if cgroups.shown[path] == nil {
                try cgroups.add(path)
            } else {
                cgroups.run(path, 3000)
                try cgroups.remove(path)
            }
        }
    }
}
