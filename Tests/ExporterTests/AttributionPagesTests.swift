import Attribution
import Bytes
import Counters
import Glibc
import HTTP
import Metrics
import Serving
import TestSupport
import Testing

@testable import Exporter
@testable import Kernel

/// Who used the energy, on pages as they are served, over hours of a machine's life of which everything is known.
@Suite struct AttributionPagesTests {
    private static let pages = 2_500

    /// Work costs the same wherever it is done. So what a row has is what its unit ran, but for a microjoule each time that energy is
    /// shared out, in which shares are rounded; and what a row lacks that went is in what was retired.
    @Test(arguments: 0..<4 as Range<UInt64>)
    func `on each of 10,000 pages the rows add up, and each has what its unit ran`(_ seed: UInt64) throws {
        try withTemporaryDirectory { directory in
            var life = try Life(seed, readsAll: true, in: directory)
            for number in 0..<AttributionPagesTests.pages { try expectSum(on: life.goOnToPage(), number, life) }
            #expect(life.births > 200 && life.returns > 50 && life.retirements > 50)
        }
    }

    /// What those ran that are not read at each pass is given out when they are: then the rows add up all the same, and no row has less
    /// than before.
    @Test func `the rows add up where only those that run are read`() throws {
        try withTemporaryDirectory { directory in
            var life = try Life(4, readsAll: false, in: directory)
            for number in 0..<500 { try expectSum(on: life.goOnToPage(), number, life) }
            #expect(life.births > 40 && life.returns > 10 && life.retirements > 10)
        }
    }

    private func expectSum(on page: AttributionPage, _ number: Int, _ life: borrowing Life) throws {
        let rows = page.rows.values.reduce(0, +)
        #expect(rows + page.retired == page.total, "page \(number)")
        let moved = life.moved
        #expect(page.total == page.measured && page.measured == moved)
    }
}

/// What a page says, in microjoules.
private struct AttributionPage {
    /// By the labels as they are written, without the kind.
    private(set) var rows: [String: UInt64] = [:]
    private(set) var total: UInt64 = 0
    private(set) var retired: UInt64 = 0
    private(set) var measured: UInt64 = 0

    init(_ bytes: [UInt8]) throws {
        for line in bytes.split(separator: UInt8(ascii: "\n")) where line.first != UInt8(ascii: "#") {
            let blank = try #require(line.lastIndex(of: UInt8(ascii: " ")))
            let series = String(decoding: line[..<blank], as: UTF8.self)
            let value = try AttributionPage.microjoules(line[(blank + 1)...])
            let brace = try #require(series.firstIndex(of: "{"))
            switch series[..<brace] {
            case "pyjoules_attributed_energy_joules_total":
                #expect(rows.updateValue(value, forKey: String(series[brace...])) == nil, "\(series) twice")
            case "pyjoules_attribution_energy_joules_total": total = value
            case "pyjoules_attribution_retired_joules_total": retired = value
            default: measured = value
            }
        }
    }

    /// Joules with six digits behind the point, which is all that a page ever has; by their digits and by nothing else.
    private static func microjoules(_ text: ArraySlice<UInt8>) throws -> UInt64 {
        let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        let fraction = parts.count == 2 ? Array(parts[1]) : []
        #expect(parts.count <= 2 && fraction.count <= 6)
        let digits = Array(parts[0]) + fraction + Array(repeating: UInt8(ascii: "0"), count: 6 - fraction.count)
        return try #require(UInt64(String(decoding: digits, as: UTF8.self)))
    }
}

/// The life of a machine with two slices, whose units begin, run, end and return.
private struct Life: ~Copyable {
    /// Of a microsecond of work, in microjoules.
    private static let price: UInt64 = 7
    private static let idleWatts: UInt64 = 3
    private static let keptSeconds: UInt64 = 40 * stepSeconds
    /// Passes that take long come less often than each second, on a machine that has much to do: so much time is enough for one of a quarter of a second.
    private static let stepSeconds: UInt64 = 200
    private static let idleMicrojoules = idleWatts * stepSeconds * 1_000_000
    private static let names = 60
    private static let families = [
        "pyjoules_attributed_energy_joules_total", "pyjoules_attribution_energy_joules_total",
        "pyjoules_attribution_retired_joules_total", "pyjoules_energy_joules_total",
    ]

    private let cgroups: FakeCgroups
    private let counters: PowercapTree
    private var publication: Publication
    private var numbers: SplitMix64
    private var seconds: UInt64 = 1000
    /// What the counter moved.
    private(set) var moved: UInt64 = 0
    /// What each row should have, by the unit's path, and in how many passes it may have been rounded.
    private var truth: [String: UInt64] = [:]
    private var shown: [String: UInt64] = [:]
    private var passes: UInt64 = 0
    private(set) var (births, returns, retirements) = (0, 0, 0)

    /// Then each row has what its unit ran after each pass.
    private let readsAll: Bool

    init(_ seed: UInt64, readsAll: Bool, in directory: String) throws {
        let cgroups = try FakeCgroups(in: directory)
        for path in ["/system.slice", "/user.slice"] { try cgroups.add(path) }
        try cgroups.pass(10_000_000)
        try checked("mkdir", mkdir(directory + "/sys", 0o755))
        let counters = try PowercapTree(in: directory + "/sys", ["0": "package-0"])
        try counters.setLimit(0, of: "intel-rapl:0", name: "long_term", microwatts: 500_000_000)
        let idle = try IdleWatts(parsing: "\(Life.idleWatts)")
        publication = try Harness.publication(
            intervalMilliseconds: 1000, resolutionMilliseconds: 1, sysfs: counters.root
        ) { configuration in
            var choice = AttributionChoice()
            choice.settings.level = .units
            choice.settings.readsAll = readsAll
            choice.settings.mostNewPerMinute = 100_000
            choice.settings.keepNanoseconds = Life.keptSeconds * 1_000_000_000
            choice.idlePowers = [idle]
            configuration.attribution = choice
            configuration.cgroupfs = cgroups.root
            configuration.procfs = cgroups.procfs
        }
        numbers = SplitMix64(seed: seed)
        self.readsAll = readsAll
        self.cgroups = cgroups
        self.counters = counters
        tick()
    }

    /// As the timer would.
    private mutating func tick() {
        let now = seconds * 1_000_000_000
        publication.measuring.start(at: Moment(monotonicNanoseconds: now, boottimeNanoseconds: now))
        _ = publication.take(.endedInterval)
    }

    /// A step, and the page after it, whose rows are held against what the units ran.
    mutating func goOnToPage() throws -> AttributionPage {
        try goOn()
        let page = try page()
        compare(page)
        return page
    }

    private mutating func goOn() throws {
        var ran: UInt64 = 0
        let left = try change(&ran)
        for path in cgroups.paths where path != left && Int.random(in: 0..<3, using: &numbers) == 0 {
            let time = UInt64.random(in: 0...40_000, using: &numbers)
            cgroups.run(path, time)
            truth[path, default: 0] += time * Life.price
            ran += time
        }
        // The time at rest is shown in whole ticks: what the kernel runs fills up the last one.
        let kernel = FakeCgroups.tickMicroseconds - ran % FakeCgroups.tickMicroseconds
        cgroups.run("", kernel)
        truth["", default: 0] += kernel * Life.price
        try cgroups.pass(Life.stepSeconds * 1_000_000)
        moved += Life.idleMicrojoules + (ran + kernel) * Life.price
        try counters.setCounter("intel-rapl:0", moved % UInt64(PowercapTree.realRange + 61))
        seconds += Life.stepSeconds
        tick()
        passes += 1
    }

    /// A unit ends, begins, or returns; one that begins runs at once.
    ///
    /// - Returns: the slice in which one ended. What that runs by itself cannot be told from what the unit ran last: here it runs nothing.
    private mutating func change(_ ran: inout UInt64) throws -> String? {
        guard Bool.random(using: &numbers) else { return nil }
        let path = path()
        guard cgroups.shown[path] == nil else {
            try cgroups.remove(path)
            return FakeCgroups.parent(path)
        }
        try cgroups.add(path)
        let time = UInt64.random(in: 0...30_000, using: &numbers)
        cgroups.run(path, time)
        if shown[path] == nil { births += 1 } else { returns += 1 }
        truth[path, default: 0] += time * Life.price
        ran += time
        return nil
    }

    private mutating func path() -> String {
        let number = Int.random(in: 0..<Life.names, using: &numbers)
        return "/\(number % 3 == 0 ? "user" : "system").slice/u\(number).service"
    }

    private mutating func page() throws -> AttributionPage {
        _ = publication.refresh(ServingFacts(), at: seconds * 1_000_000_000)
        var selection: FamilySelection?
        for name in Life.families { publication.select(Array(name.utf8).span, into: &selection) }
        var page = ByteBuffer(capacity: publication.pageBytes(.metrics(.text)))
        publication.write(.metrics(.text), selecting: selection, into: &page)
        return try AttributionPage(page.content())
    }

    /// Holds each row against what its unit ran.
    private mutating func compare(_ page: AttributionPage) {
        let before = shown
        shown = [:]
        var idle: UInt64 = 0
        for (labels, value) in page.rows {
            guard let path = Life.path(labels) else {
                idle = value
                continue
            }
            shown[path] = value
            let truth = truth[path] ?? 0
            if readsAll { #expect(max(value, truth) - min(value, truth) <= passes, "\(path) \(value) \(truth)") }
            #expect(value >= before[path] ?? 0)
        }
        #expect(idle == passes * Life.idleMicrojoules)
        for path in before.keys where shown[path] == nil {
            truth[path] = nil
            retirements += 1
        }
    }

    /// Which unit a row is of; nil for the idle one's.
    private static func path(_ labels: String) -> String? {
        func value(_ label: String) -> String? {
            guard let start = labels.firstRange(of: "\(label)=\"")?.upperBound else { return nil }
            return String(labels[start...].prefix { $0 != "\"" })
        }
        switch value("type") {
        case "idle": return nil
        case "system": return ""
        default: return "/" + [value("slice"), value("name")].compactMap(\.self).joined(separator: "/")
        }
    }
}
