import Counters
import Logging
import TestSupport
import Testing

@testable import Accounts
@testable import Exporter
@testable import Sampling
@testable import Sources

/// Looking again while time passes: when it is done, and what is said of it.
@Suite struct SearchTests {
    private static let second: UInt64 = 1_000_000_000
    /// When what is listed and cannot be opened is tried, in seconds since the listing changed: at once, after a second, and then
    /// after pauses that double up to 60 s.
    private static let attempts: [UInt64] = [0, 1, 3, 7, 15, 31, 63, 123, 183, 243]

    @Test(arguments: [0, 1, 2, 59, 300, 4_000] as [UInt64])
    func `what comes back is found within two seconds, however long it was gone`(seconds: UInt64) throws {
        try withBench(lost: true) { bench in
            try bench.tree.unregister("0")
            bench.pass(seconds: seconds)
            try bench.tree.add("5", "package-0")
            try bench.tree.setCounter("intel-rapl:5", 1_700)
            bench.pass(seconds: 2)
            bench.sampling.tick()
            #expect(bench.sampling.accounts[0].totalMicrojoules == 700)
        }
    }

    @Test(arguments: 1..<attempts.count)
    func `what is listed and cannot be opened is tried ever more rarely`(number: Int) throws {
        for early: UInt64 in [0, 1] {
            try withBench(lost: true) { bench in
                try bench.tree.rename("0", to: "5")
                try bench.tree.remove("energy_uj", of: "intel-rapl:5")
                for attempt in Self.attempts[..<number] { bench.look(atSecond: attempt) }
                try bench.tree.setCounter("intel-rapl:5", 1_700)
                bench.look(atSecond: Self.attempts[number], earlyByNanoseconds: early)
                bench.sampling.tick()
                #expect(bench.sampling.accounts[0].totalMicrojoules == (early == 0 ? 700 : 0))
            }
        }
    }

    /// Of several zones that return together some have their rights a moment later: once the pause grew all the same.
    @Test func `after a partial success the pause begins anew`() throws {
        try withBench(["0": "package-0", "1": "package-1"], lost: true) { bench in
            try bench.tree.rename("0", to: "5")
            try bench.tree.rename("1", to: "6")
            for number in ["5", "6"] { try bench.tree.remove("energy_uj", of: "intel-rapl:\(number)") }
            for attempt in Self.attempts[..<6] { bench.look(atSecond: attempt) }
            try bench.tree.setCounter("intel-rapl:5", 1_000)
            bench.look(atSecond: Self.attempts[6])
            #expect(bench.names == ["intel-rapl:5", "intel-rapl:1"])
            try bench.tree.setCounter("intel-rapl:6", 1_000)
            bench.look(atSecond: Self.attempts[6] + 1)
            bench.look(atSecond: Self.attempts[6] + 2)
            #expect(bench.names == ["intel-rapl:5", "intel-rapl:6"])
        }
    }

    @Test func `where nothing came or went nothing is done`() throws {
        try withBench(lost: false) { bench in
            bench.sampling.tick()
            try bench.tree.setCounter("intel-rapl:0", 900)
            bench.pass(seconds: 200)
            #expect(bench.logged.lines().isEmpty == true)
            #expect(bench.sampling.layoutGeneration == 0)
        }
    }

    @Test func `a zone that is back and may not be read is said once, with what helps`() throws {
        try withBench(lost: true) { bench in
            try bench.tree.rename("0", to: "5")
            try bench.tree.forbid("intel-rapl:5")
            try withoutPrivileges { bench.pass(seconds: 300) }
            let lines = bench.logged.lines().filter { $0.contains("zone_unreadable") }
            #expect(lines.count == 1)
            #expect(lines[0].hasPrefix("level=error event=zone_unreadable"))
            #expect(lines[0].contains("zone intel-rapl:5 is back but may not be read any more: restart the exporter"))
            #expect(bench.sampling.hasLostCounters == true)
        }
    }

    /// Udev sets the rights of a zone some milliseconds after it is there: that was an error line for most returns.
    @Test func `a zone that may be read a moment after its return is no error`() throws {
        try withBench(lost: true) { bench in
            try bench.tree.rename("0", to: "5")
            try bench.tree.remove("energy_uj", of: "intel-rapl:5")
            bench.pass(seconds: 3)
            try bench.tree.setCounter("intel-rapl:5", 1_000)
            bench.pass(seconds: 4)
            #expect(bench.names == ["intel-rapl:5"])
            #expect(bench.logged.lines().filter { $0.contains("unreadable") }.isEmpty == true)
        }
    }

    @Test func `a zone that was never counted and may not be read is not said to be back`() throws {
        try withBench(lost: true) { bench in
            try bench.tree.unregister("0")
            try bench.tree.add("1", "package-1")
            try bench.tree.forbid("intel-rapl:1")
            try withoutPrivileges { bench.pass(seconds: 12) }
            let lines = bench.logged.lines().filter { $0.contains("zone_unreadable") }
            #expect(lines.count == 1)
            #expect(lines[0].contains("zone intel-rapl:1 may not be read"))
        }
    }

    /// Whoever only looked has changed nothing, and once all series were declared anew for it.
    @Test func `looking in vain changes no layout, and a zone under another number does`() throws {
        try withBench(lost: true) { bench in
            try bench.tree.unregister("0")
            // It is told as gone, and its source as down after 10 s.
            bench.pass(seconds: 15)
            #expect(bench.sampling.zones.map(\.role) == [.gone])
            let generation = bench.sampling.layoutGeneration
            bench.pass(seconds: 90)
            #expect(bench.sampling.layoutGeneration == generation)
            try bench.tree.add("5", "package-0")
            bench.pass(seconds: 2)
            #expect(bench.sampling.layoutGeneration > generation)
            #expect(bench.sampling.zones.map { "\($0.zone) \($0.role.rawValue)" } == ["intel-rapl:5 counted"])
            #expect(bench.sampling.accounts[0].facts.name == "intel-rapl:5")
        }
    }

    @Test func `a zone that was never there before gets an account, and the log says so`() throws {
        try withBench(lost: false) { bench in
            try bench.tree.add("1", "package-1")
            try bench.tree.setCounter("intel-rapl:1", 500)
            bench.pass(seconds: 2)
            #expect(bench.sampling.accounts.map(\.domain.tag) == ["package_0", "package_1"])
            #expect(bench.sampling.zones.map(\.zone) == ["intel-rapl:0", "intel-rapl:1"])
            #expect(bench.sampling.layoutGeneration == 1)
            bench.sampling.tick()
            try bench.tree.setCounter("intel-rapl:1", 700)
            bench.sampling.tick()
            #expect(bench.sampling.accounts[1].totalMicrojoules == 200)
            let lines = bench.logged.lines()
            #expect(lines.count == 1)
            #expect(lines[0].contains("event=counters_found"))
            #expect(lines[0].contains("package_1"))
        }
    }

    @Test func `a source that is there later is read from then on, and the log says so`() throws {
        try withBench([:], lost: false) { bench in
            bench.pass(seconds: 100)
            #expect(bench.sampling.sourceStates.map(\.isUp) == [false])
            #expect(bench.sampling.isReady == false)
            try bench.tree.add("0", "package-0")
            bench.pass(seconds: 2)
            bench.sampling.tick(at: bench.moment)
            #expect(bench.sampling.sourceStates.map(\.isUp) == [true])
            #expect(bench.sampling.isReady == true)
            let lines = bench.logged.lines()
            #expect(lines.contains { $0.contains("event=source_up") && $0.contains("source=powercap") })
        }
    }

    private func withBench(
        _ zones: KeyValuePairs<String, String> = ["0": "package-0"], lost: Bool,
        _ body: (inout SearchBench) throws -> Void
    ) throws {
        try withPowercapTree(zones) { tree in
            var bench = try SearchBench(tree, lost: lost)
            try body(&bench)
        }
    }
}

/// A sampling that is told what time it is, and what the log says meanwhile.
private struct SearchBench: ~Copyable {
    let tree: PowercapTree
    let logged: LogBench
    var sampling: Sampling
    private var reporter: SearchReporter
    private var nowNanoseconds: UInt64 = 5_000_000_000_000
    private let beginNanoseconds: UInt64

    /// `lost`: all zones have been read at 1,000 uJ and have gone since. Files cannot give ENODEV, so the accounts are told.
    init(_ tree: PowercapTree, lost: Bool) throws {
        let sources = Sources.reading(.powercap, tree.root)
        let accounts = sources.counters.map { facts in
            var account = DomainAccount(facts)
            guard lost else { return account }
            account.take(.counter(1_000), at: .now())
            account.take(.failure(.unregistered), at: .now())
            return account
        }
        self.tree = tree
        logged = try LogBench()
        sampling = Sampling(sources, accounts: accounts)
        reporter = SearchReporter(sampling)
        beginNanoseconds = nowNanoseconds
    }

    var moment: Moment { Moment(monotonicNanoseconds: nowNanoseconds, boottimeNanoseconds: nowNanoseconds) }

    /// What the kernel calls the counters, as far as it is known.
    var names: [String] { sampling.accounts.map(\.facts.name) }

    /// Lets time pass, with a look each second.
    mutating func pass(seconds: UInt64) {
        for _ in 0..<seconds {
            nowNanoseconds += 1_000_000_000
            look()
        }
    }

    /// Looks at a time since the beginning.
    mutating func look(atSecond second: UInt64, earlyByNanoseconds early: UInt64 = 0) {
        nowNanoseconds = beginNanoseconds + second * 1_000_000_000 - early
        look()
    }

    private mutating func look() {
        sampling.lookAgain(at: moment)
        reporter.review(sampling, at: nowNanoseconds, logged.log)
    }
}
