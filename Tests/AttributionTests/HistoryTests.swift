import Glibc
import TestSupport
import Testing

@testable import Attribution

/// Random histories of a machine, of which each pass is held against the reference.
@Suite struct HistoryTests {
    private static let idleMicrowatts: UInt64 = 3_000_000
    private static let slices = ["/system.slice", "/user.slice", "/system.slice/system-x.slice"]

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `every pass gives each account its quota, and loses nothing`(_ seed: UInt64) throws {
        try withTemporaryDirectory { directory in
            var history = try History(seed, FakeCgroups(in: directory))
            for _ in 0..<40 { try history.step() }
        }
    }

    /// The reference of this file is told which accounts there are, and allows for a microjoule. The other one, which the tests in
    /// Python have, is told nothing but what the files show.
    @Test func `a second implementation gives the same on all pages, to the microjoule`() throws {
        try withTemporaryDirectory { directory in
            var stories: [String] = []
            for seed in 100..<112 as Range<UInt64> {
                let place = "\(directory)/\(seed)"
                try checked("mkdir", mkdir(place, 0o755))
                var history = try History(seed, FakeCgroups(in: place), newPerMinute: 1000)
                try history.tell(energy: 0)
                for _ in 0..<60 { try history.step() }
                stories += history.story
            }
            try writeFile(directory + "/stories", stories.joined(separator: "\n") + "\n")
            let own = "AttributionTests/HistoryTests.swift"
            let program = "\(#filePath.dropLast(own.count))EndToEnd/support/attribution_replay.py"
            try #require(stories.count == 12 * 62)
            #expect(system("python3 '\(program)' '\(directory)/stories'") == 0)
        }
    }

    struct History: ~Copyable {
        /// What the files showed in each pass and what it gave, a line of JSON each, behind one that says within which bounds.
        private(set) var story: [String] = []
        private var numbers: SplitMix64
        private let cgroups: FakeCgroups
        private var bench: Bench
        private var reference = Reference()
        private let isReferred: Bool
        private var isRestart = false
        private var before: [String: UInt64] = [:]

        init(_ seed: UInt64, _ cgroups: FakeCgroups, newPerMinute: Int? = nil) throws {
            var numbers = SplitMix64(seed: seed)
            try cgroups.add("/system.slice")
            try cgroups.add("/user.slice")
            try cgroups.pass(10_000_000)
            var settings = AttributionSettings()
            settings.level = .units
            settings.readsAll = true
            settings.idleMicrowatts = [HistoryTests.idleMicrowatts]
            settings.mostUnits = Int.random(in: 3...24, using: &numbers)
            let most = [2, 1000].randomElement(using: &numbers) ?? 2
            settings.mostNewPerMinute = newPerMinute ?? most
            settings.keepNanoseconds = UInt64.random(in: 1...8, using: &numbers) * 1_000_000_000
            // The reference of this file knows no idle power that is measured.
            if newPerMinute != nil, Bool.random(using: &numbers) { settings.idleMicrowatts = [nil] }
            let bench = try Bench(cgroups, settings)
            reference.weigh(cgroups, live: bench.livePaths, isRestart: false)
            before = bench.energies
            self.numbers = numbers
            self.cgroups = cgroups
            self.bench = bench
            isReferred = newPerMinute == nil
            story.append(
                """
                {"most_units": \(settings.mostUnits), "most_new_per_minute": \(settings.mostNewPerMinute), \
                "keep": \(settings.keepNanoseconds / 1000), \
                "idle_microwatts": \(settings.idleMicrowatts[0].map(String.init) ?? "null")}
                """)
        }

        mutating func tell(energy: UInt64) throws {
            let groups = try cgroups.listed().map { path in
                "[\"\(path)\", \(cgroups.identifiers[path] ?? 0), \(cgroups.shown[path] ?? 0)]"
            }
            let rows = bench.energies.map { "\"\($0)\": \($1)" }
            story.append(
                """
                {"is_restart": \(isRestart), "awake": \(bench.seconds * 1_000_000), "energy": \(energy), \
                "rested": \(cgroups.restMicroseconds), "processors": \(FakeCgroups.processors), \
                "groups": [\(groups.joined(separator: ", "))], "rows": {\(rows.joined(separator: ", "))}, \
                "removed": {\(reference.removals.map { "\"\($0)\": \($1)" }.joined(separator: ", "))}, \
                "idle": \(bench.idle), "retired": \(bench.retired)}
                """)
        }

        /// A second of the machine's life.
        mutating func step() throws {
            for _ in 0..<Int.random(in: 0...6, using: &numbers) { try change() }
            run()
            try cgroups.pass(1_000_000)
            try skew()
            let idleBefore = bench.idle
            let energy = UInt64.random(in: 0...50_000_000, using: &numbers)
            bench.unchangedSecond(energy)
            reference.weigh(cgroups, live: bench.livePaths, isRestart: isRestart)
            try tell(energy: energy)
            isRestart = false
            if isReferred { compare(energy, idleBefore) }
            before = bench.energies
            if Int.random(in: 0..<15, using: &numbers) == 0 {
                try bench.restart()
                isRestart = true
            }
        }

        /// Something comes, goes, comes back under its name, or does all of it between two looks.
        private mutating func change() throws {
            let parent = HistoryTests.slices.randomElement(using: &numbers) ?? ""
            guard cgroups.shown[parent] != nil else { return try cgroups.add(parent) }
            let path = "\(parent)/u\(Int.random(in: 0..<12, using: &numbers)).service"
            switch Int.random(in: 0..<12, using: &numbers) {
            case 0 where parent.hasSuffix("x.slice"): try cgroups.remove(parent)
            case 0..<6 where cgroups.shown[path] == nil: try cgroups.add(path)
            case 6..<9 where cgroups.shown[path] != nil: try cgroups.remove(path)
            case 9 where cgroups.shown[path] != nil:
                try cgroups.remove(path)
                try cgroups.add(path)
            case 10 where cgroups.shown[path] == nil:
                try cgroups.add(path)
                cgroups.run(path, UInt64.random(in: 0...20_000, using: &numbers))
                try cgroups.remove(path)
            default: break
            }
        }

        private mutating func run() {
            for path in cgroups.paths + [""] where Bool.random(using: &numbers) {
                cgroups.run(path, UInt64.random(in: 0...30_000, using: &numbers))
            }
        }

        /// Units are read before their slices, and all before or after the processors: some show less than their time, some more.
        private mutating func skew() throws {
            for path in cgroups.paths where Int.random(in: 0..<6, using: &numbers) == 0 {
                let time = cgroups.shown[path] ?? 0
                let later = time + UInt64.random(in: 0...5_000, using: &numbers)
                // Never less than was shown before, as no cgroup's time steps back.
                if !path.hasSuffix(".slice") { cgroups.run(path, later - time) }
                if !path.hasSuffix(".slice") { try cgroups.show(path, later) }
            }
        }

        private func compare(_ energy: UInt64, _ idleBefore: UInt64) {
            let weight = reference.weights.values.reduce(0, +)
            let idle = weight == 0 ? energy : min(energy, HistoryTests.idleMicrowatts)
            #expect(bench.idle - idleBefore == idle)
            let after = bench.energies
            for (path, own) in reference.weights where own > 0 {
                let rise = (after[path] ?? 0) - min(before[path] ?? 0, after[path] ?? 0)
                // Less than a microjoule from the quota: |rise * weight - rest * own| < weight.
                let (product, quota) = (UInt128(rise) * UInt128(weight), UInt128(energy - idle) * UInt128(own))
                #expect(max(product, quota) - min(product, quota) < UInt128(weight), "\(path) \(rise) \(own)/\(weight)")
            }
            for (path, energy) in after where reference.weights[path] ?? 0 == 0 {
                #expect(energy == before[path] ?? 0, "\(path) had no weight")
            }
        }
    }
}

extension Bench {
    /// The paths of accounts that follow a cgroup.
    var livePaths: Set<String> {
        Set(attribution.accountIndices.filter { attribution.slots.accounts[$0].isLive }.map { text($0) })
    }

    /// What each account has, by its path.
    var energies: [String: UInt64] {
        let open = attribution.accountIndices.filter { attribution.slots.accounts[$0].state != .free }
        return Dictionary(uniqueKeysWithValues: open.map { (text($0), attribution.microjoules($0, kind: 0)) })
    }

    private func text(_ index: Int) -> String {
        String(decoding: attribution.slots.accounts[index].path, as: UTF8.self)
    }
}
