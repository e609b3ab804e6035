import Bytes
import Kernel
import TestSupport
import Testing

@testable import Attribution

/// An attribution of a fake tree, a pass each second.
struct Bench: ~Copyable {
    let cgroups: FakeCgroups
    let settings: AttributionSettings
    private(set) var attribution: Attribution
    private(set) var seconds: UInt64 = 100
    /// The time by which energy was shared out, by path, since the beginning.
    var ran: [String: UInt64] = [:]

    init(_ cgroups: FakeCgroups, _ settings: AttributionSettings) throws {
        self.cgroups = cgroups
        self.settings = settings
        attribution = try Bench.open(cgroups, settings)
        pass(0)
    }

    private static func open(_ cgroups: FakeCgroups, _ settings: AttributionSettings) throws -> Attribution {
        try Attribution(
            cgroups.root, procfs: cgroups.procfs, ticksPerSecond: 100, jiffyMicroseconds: FakeCgroups.tickMicroseconds,
            unixMicroseconds: 1_000_000, settings)
    }

    /// Lets a second pass in which so much energy was used.
    mutating func second(_ microjoules: UInt64) throws {
        try cgroups.pass(1_000_000)
        seconds += 1
        pass(microjoules)
    }

    /// The same without the files.
    mutating func unchangedSecond(_ microjoules: UInt64) {
        seconds += 1
        pass(microjoules)
    }

    private mutating func pass(_ microjoules: UInt64) {
        begin(microjoules)
        while !proceed() {}
    }

    /// Begins a pass, which `proceed` ends.
    mutating func begin(_ microjoules: UInt64) {
        attribution.begin([microjoules], at: seconds * 1_000_000_000, unixMicroseconds: seconds * 1_000_000)
    }

    mutating func proceed() -> Bool {
        guard attribution.proceed() else { return false }
        for index in attribution.accountIndices where attribution.weights[index] > 0 {
            let path = String(decoding: attribution.slots.accounts[index].path, as: UTF8.self)
            ran[path, default: 0] += attribution.weights[index]
        }
        #expect(sum == total)
        #expect(attribution.faultCount(.identity) == 0)
        return true
    }

    /// Ends the program and starts another one, that goes on from what the first left.
    mutating func restart(room: Int = .max) throws {
        var bytes = ByteBuffer(capacity: attribution.longestRecordBytes)
        attribution.encode(into: &bytes, room: min(room, bytes.capacity))
        attribution = try Bench.open(cgroups, settings)
        let isRestored = bytes.withBytes { attribution.restore($0, kinds: [0]) }
        #expect(isRestored)
    }

    /// The place of a path's account; nil if there is none. The root's is that of the empty path.
    func place(_ path: String) -> Int? {
        attribution.accountIndices.first { attribution.account(at: $0)?.path == Array(path.utf8) }
    }

    /// What the account of a path has; nil if there is none.
    func energy(_ path: String) -> UInt64? { place(path).map { attribution.microjoules($0, kind: 0) } }

    /// The same in a place and all below it.
    func ran(in place: String) -> UInt64 {
        ran.reduce(0) { $0 + ($1.key == place || $1.key.hasPrefix(place + "/") ? $1.value : 0) }
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

/// Lends a bench of a tree that `make` has filled, with no idle power.
func withBench(
    _ level: AttributionLevel, _ change: (inout AttributionSettings) -> Void = { _ in },
    _ make: (FakeCgroups) throws -> Void, _ body: (FakeCgroups, inout Bench) throws -> Void
) throws {
    try withTemporaryDirectory { directory in
        let cgroups = try FakeCgroups(in: directory)
        try make(cgroups)
        try cgroups.pass(10_000_000)
        var settings = AttributionSettings()
        settings.level = level
        settings.idleMicrowatts = [0]
        settings.readsAll = true
        change(&settings)
        var bench = try Bench(cgroups, settings)
        try body(cgroups, &bench)
    }
}

/// Puts anything where a cgroup's time is read.
func writeStat(_ cgroups: FakeCgroups, _ path: String, _ content: String) throws {
    try writeFile("\(cgroups.root)\(path)/cpu.stat", content)
}
