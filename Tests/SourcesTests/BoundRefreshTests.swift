import Counters
import Kernel
import TestSupport
import Testing

@testable import Sources

/// Power limits that change while they are in force.
@Suite struct BoundRefreshTests {
    private static let second: UInt64 = 1_000_000_000

    @Test func `a limit that was raised is believed as soon as it is asked for`() throws {
        try withLimit(65_000_000) { tree, sources in
            #expect(sources.counters[0].boundMicrowatts == 130_000_000)
            try raise(tree, to: 219_000_000)
            #expect(bound(&sources, 0) == 438_000_000)
            #expect(sources.counters[0].boundMicrowatts == 438_000_000)
            #expect(sources.zones[0].limits.map(\.microwatts) == [219_000_000])
        }
    }

    @Test func `a part's bound follows the limits of its package`() throws {
        try withLimit(65_000_000) { tree, sources in
            try raise(tree, to: 219_000_000)
            #expect(bound(&sources, 1) == 438_000_000)
            #expect(sources.zones[1].limits == [])
        }
    }

    @Test func `each counter has its turn once a minute`() throws {
        try withLimit(65_000_000) { tree, sources in
            turn(&sources, seconds: 0...10)
            try raise(tree, to: 219_000_000)
            turn(&sources, seconds: 11...59)
            #expect(sources.counters.map(\.boundMicrowatts) == [130_000_000, 130_000_000])
            turn(&sources, seconds: 60...70)
            #expect(sources.counters.map(\.boundMicrowatts) == [438_000_000, 438_000_000])
            #expect(sources.zones[0].limits.map(\.microwatts) == [219_000_000])
        }
    }

    /// What was drawn under the old limit may lie in the interval that is judged next.
    @Test func `a limit that was lowered is shown at once and believed a minute later`() throws {
        try withLimit(219_000_000) { tree, sources in
            turn(&sources, seconds: 0...10)
            try raise(tree, to: 65_000_000)
            #expect(bound(&sources, 0) == 438_000_000)
            #expect(sources.zones[0].limits.map(\.microwatts) == [65_000_000])
            turn(&sources, seconds: 60...70)
            #expect(sources.counters[0].boundMicrowatts == 438_000_000)
            turn(&sources, seconds: 120...130)
            #expect(sources.counters[0].boundMicrowatts == 130_000_000)
        }
    }

    @Test func `a zone that went keeps what was known of it`() throws {
        try withLimit(65_000_000) { tree, sources in
            try tree.unregister("0")
            #expect(bound(&sources, 0) == 130_000_000)
            #expect(sources.zones[0].limits.map(\.microwatts) == [65_000_000])
        }
    }

    @Test func `limits are believed again when they come into force, and not any more when they go out of it`() throws {
        try withLimit(219_000_000) { tree, sources in
            try tree.set("enabled", of: "intel-rapl:0", to: "0\n")
            #expect(bound(&sources, 0) == 1_000_000_000)
            #expect(bound(&sources, 1) == 1_000_000_000)
            try raise(tree, to: 65_000_000)
            turn(&sources, seconds: 0...130)
            #expect(sources.zones[0].limits.map(\.microwatts) == [65_000_000])
            #expect(sources.counters.map(\.boundMicrowatts) == [1_000_000_000, 1_000_000_000])
            try tree.set("enabled", of: "intel-rapl:0", to: "1\n")
            turn(&sources, seconds: 131...260)
            #expect(sources.counters.map(\.boundMicrowatts) == [130_000_000, 130_000_000])
        }
    }

    @Test func `a number that limits nothing is shown and not believed`() throws {
        try withLimit(65_000_000) { tree, sources in
            try raise(tree, to: UInt64.max)
            #expect(bound(&sources, 0) == 1_000_000_000)
            #expect(sources.zones[0].limits.map(\.microwatts) == [UInt64.max])
        }
    }

    /// Firmware that is not ready, and a driver that states one constraint more.
    @Test(arguments: ["unreadable", "maximum", "additional"])
    func `what states nothing at first is read again, too`(what: String) throws {
        try withPowercapTree(["0": "package-0", "0:0": "core"]) { tree in
            let zone = "intel-rapl:0"
            try tree.setLimit(0, of: zone, name: "long_term", microwatts: 65_000_000)
            if what == "unreadable" {
                try tree.setLimit(1, of: zone, name: "short_term", microwatts: 0)
                try tree.set("constraint_1_power_limit_uw", of: zone, to: "\n")
            }
            var sources = open(tree)
            #expect(sources.counters.map(\.boundMicrowatts) == [130_000_000, 130_000_000])
            switch what {
            case "maximum": try tree.set("constraint_0_max_power_uw", of: zone, to: "300000000\n")
            default: try tree.setLimit(1, of: zone, name: "short_term", microwatts: 300_000_000)
            }
            #expect(bound(&sources, 0) == 600_000_000)
            #expect(bound(&sources, 1) == 600_000_000)
            #expect(sources.zones[0].limits.map(\.microwatts) == [65_000_000])
        }
    }

    @Test func `what states no limits keeps its bound`() throws {
        try withPowercapTree(["0": "package-0"]) { tree in
            var sources = open(tree)
            #expect(bound(&sources, 0) == 1_000_000_000)
        }
    }

    @Test(arguments: [1, 40, 128, 1000], [100, 1_000, 20_000, 60_000] as [UInt64])
    func `in every minute each has one turn, however far apart ticks are`(count: Int, milliseconds: UInt64) {
        var turns = Turns()
        var had = Array(repeating: 0, count: count)
        for tick in 0..<(600_000 / milliseconds) {
            for index in turns.next(of: count, at: tick * milliseconds * 1_000_000) { had[index] += 1 }
        }
        #expect(had.allSatisfy { (4...11).contains($0) }, "\(Set(had))")
    }

    private func bound(_ sources: inout Sources, _ index: Int) -> UInt64 { sources.refreshBound(index) }

    private func turn(_ sources: inout Sources, seconds: ClosedRange<UInt64>) {
        for second in seconds {
            let now = second * Self.second
            _ = sources.refreshBounds(at: Moment(monotonicNanoseconds: now, boottimeNanoseconds: now))
        }
    }

    private func raise(_ tree: PowercapTree, to microwatts: UInt64) throws {
        try tree.set("constraint_0_power_limit_uw", of: "intel-rapl:0", to: "\(microwatts)\n")
    }

    private func withLimit(_ microwatts: UInt64, _ body: (PowercapTree, inout Sources) throws -> Void) throws {
        try withPowercapTree(["0": "package-0", "0:0": "core"]) { tree in
            try tree.setLimit(0, of: "intel-rapl:0", name: "long_term", microwatts: microwatts)
            var sources = open(tree)
            try body(tree, &sources)
        }
    }

    private func open(_ tree: PowercapTree) -> Sources {
        Sources(
            opening: .these([.powercap]), SystemRoots(sysfs: tree.root, procfs: tree.root, vendor: .intel),
            time: .replay)
    }
}
