import Counters
import Logging
import TestSupport
import Testing

@testable import Accounts
@testable import Exporter
@testable import Sampling
@testable import Sources

@Suite struct SearchTests {
    private static let second: UInt64 = 1_000_000_000
    /// When a lost zone is looked for, in seconds since it was missed: after 1 s, then after pauses that double up to 60 s.
    private static let attempts: [UInt64] = [1, 3, 7, 15, 31, 63, 123, 183, 243]

    @Test(arguments: 0..<attempts.count)
    func `a lost zone is looked for after a second, and then ever more rarely`(number: Int) throws {
        #expect(try isFound(atSecond: Self.attempts[number], earlyByNanoseconds: 0, after: Self.attempts[..<number]))
        #expect(try !isFound(atSecond: Self.attempts[number], earlyByNanoseconds: 1, after: Self.attempts[..<number]))
    }

    @Test func `where nothing is lost nothing is done`() throws {
        try withPowercapTree(["0": "package-0"]) { tree in
            let logged = try LogBench()
            var sampler = Sampling(.reading(.powercap, tree.root))
            var reporter = SearchReporter()
            sampler.tick()
            try tree.rename("0", to: "5")
            try tree.setCounter("intel-rapl:5", 900)
            for second in 0..<200 as Range<UInt64> {
                review(&sampler, &reporter, at: second * Self.second, logged.log)
            }
            sampler.tick()
            #expect(sampler.accounts[0].totalMicrojoules == 0, "the old descriptor is read on")
            #expect(logged.lines().isEmpty == true)
        }
    }

    @Test func `the next loss is looked for after a second again`() {
        var search = Search()
        for second in 0..<100 as Range<UInt64> { _ = search.isDue(at: second * Self.second, isMissing: true) }
        let found = search.isDue(at: 100 * Self.second, isMissing: false)
        let lost = search.isDue(at: 101 * Self.second, isMissing: true)
        let later = search.isDue(at: 102 * Self.second, isMissing: true)
        #expect([found, lost, later] == [false, false, true])
    }

    @Test func `a zone that is back and may not be read is said once, with what helps`() throws {
        try withPowercapTree(["0": "package-0"]) { tree in
            let logged = try LogBench()
            var sampler = lostSampling(tree)
            var reporter = SearchReporter()
            try tree.rename("0", to: "5")
            try tree.forbid("intel-rapl:5")
            try withoutPrivileges {
                for second in 0..<300 as Range<UInt64> {
                    review(&sampler, &reporter, at: second * Self.second, logged.log)
                }
            }
            let lines = logged.lines()
            #expect(lines.count == 1)
            #expect(lines[0].hasPrefix("level=error event=zone_unreadable"))
            #expect(lines[0].contains("zone intel-rapl:5 is back but may not be read any more: restart the exporter"))
            #expect(sampler.hasLostCounters == true)
        }
    }

    /// A zone that could never be read was once said to be back when another one was lost.
    @Test func `a forbidden zone that was never counted is not said to be back`() throws {
        try withPowercapTree(["0": "package-0"]) { tree in
            let logged = try LogBench()
            var sampler = lostSampling(tree)
            var reporter = SearchReporter()
            try tree.unregister("0")
            try tree.add("1", "package-1")
            try tree.forbid("intel-rapl:1")
            try withoutPrivileges {
                for second in 0..<10 as Range<UInt64> {
                    review(&sampler, &reporter, at: second * Self.second, logged.log)
                }
            }
            #expect(logged.lines().isEmpty == true)
        }
    }

    /// Whether a zone that is back since the last attempt in vain is found at a time.
    private func isFound(
        atSecond second: UInt64, earlyByNanoseconds early: UInt64, after attempts: ArraySlice<UInt64>
    ) throws -> Bool {
        var isFound = false
        try withPowercapTree(["0": "package-0"]) { tree in
            let logged = try LogBench()
            var sampler = lostSampling(tree)
            var reporter = SearchReporter()
            try tree.unregister("0")
            let missed = 5_000 * Self.second
            for attempt in [0] + attempts {
                review(&sampler, &reporter, at: missed + attempt * Self.second, logged.log)
            }
            try tree.add("5", "package-0")
            try tree.setCounter("intel-rapl:5", 1_700)
            review(&sampler, &reporter, at: missed + second * Self.second - early, logged.log)
            sampler.tick()
            isFound = sampler.accounts[0].totalMicrojoules == 700
        }
        return isFound
    }

    /// Whoever only looked has changed nothing, and once all series were declared anew for it.
    @Test func `looking in vain changes no layout, and a zone under another number does`() throws {
        try withPowercapTree(["0": "package-0"]) { tree in
            let logged = try LogBench()
            var sampler = lostSampling(tree)
            var reporter = SearchReporter()
            try tree.unregister("0")
            for second in 0..<20 as Range<UInt64> {
                review(&sampler, &reporter, at: second * Self.second, logged.log)
            }
            #expect(sampler.layoutGeneration == 0)
            try tree.add("5", "package-0")
            for second in 20..<40 as Range<UInt64> {
                review(&sampler, &reporter, at: second * Self.second, logged.log)
            }
            #expect(sampler.layoutGeneration > 0)
            #expect(sampler.zones.map(\.zone) == ["intel-rapl:5"])
            #expect(sampler.accounts[0].facts.name == "intel-rapl:5")
        }
    }

    @Test func `a zone that was never there before gets an account`() throws {
        try withPowercapTree(["0": "package-0"]) { tree in
            let logged = try LogBench()
            var sampler = lostSampling(tree)
            var reporter = SearchReporter()
            try tree.unregister("0")
            try tree.add("1", "package-1")
            try tree.setCounter("intel-rapl:1", 500)
            for second in 0..<2 as Range<UInt64> {
                review(&sampler, &reporter, at: second * Self.second, logged.log)
            }
            #expect(sampler.accounts.map(\.domain.tag) == ["package_0", "package_1"])
            #expect(sampler.zones.map(\.zone) == ["intel-rapl:0", "intel-rapl:1"])
            #expect(sampler.layoutGeneration == 1)
            sampler.tick()
            try tree.setCounter("intel-rapl:1", 700)
            sampler.tick()
            #expect(sampler.accounts[1].totalMicrojoules == 200)
        }
    }

    private func review(_ sampling: inout Sampling, _ reporter: inout SearchReporter, at now: UInt64, _ log: Logger) {
        sampling.lookAgain(at: Moment(monotonicNanoseconds: now, boottimeNanoseconds: now))
        reporter.review(sampling, log)
    }

    /// A sampling whose zones have all been read at 1,000 uJ; files cannot give ENODEV, so the accounts are told that they are lost.
    private func lostSampling(_ tree: PowercapTree) -> Sampling {
        let sources = Sources.reading(.powercap, tree.root)
        let accounts = sources.counters.map { facts in
            var account = DomainAccount(facts)
            account.take(.counter(1_000), at: .now())
            account.take(.failure(.unregistered), at: .now())
            return account
        }
        return Sampling(sources, accounts: accounts)
    }
}
