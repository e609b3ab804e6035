import Accounts
import Counters
import TestSupport
import Testing

@testable import Exporter
@testable import Sampling
@testable import Sources

@Suite struct AnomalyReporterTests {
    private let second: UInt64 = 1_000_000_000

    @Test func `where nothing is unusual nothing is said`() throws {
        let logged = try LogBench()
        var reporter = reporter()
        for now in 0..<200 as Range<UInt64> { review(&reporter, [account(total: now)], at: now, logged) }
        #expect(logged.lines().isEmpty == true)
    }

    @Test(arguments: ResetReason.allCases)
    func `a reset is said once, with its reason`(reason: ResetReason) throws {
        let logged = try LogBench()
        var reporter = reporter()
        for now in 0..<100 as Range<UInt64> { review(&reporter, [account(resets: [reason])], at: now, logged) }
        let lines = logged.lines()
        #expect(lines.count == 1)
        #expect(lines[0].hasPrefix("level=warning event=counter_reset"))
        #expect(lines[0].contains("the counter of package_0_die_0 was set anew (\(reason.rawValue))"))
        #expect(lines[0].hasSuffix("count=1 domain=package_0_die_0 reason=\(reason.rawValue)"))
    }

    @Test func `resets within a minute are said together after it`() throws {
        let logged = try LogBench()
        var reporter = reporter()
        var resets: [ResetReason] = []
        for now in 100..<159 as Range<UInt64> {
            if now < 105 { resets.append(.steppedBack) }
            review(&reporter, [account(resets: resets)], at: now, logged)
        }
        #expect(logged.lines().map(count) == ["1"])
        review(&reporter, [account(resets: resets)], at: 160, logged)
        #expect(logged.lines().map(count) == ["4"])
        review(&reporter, [account(resets: resets)], at: 500, logged)
        #expect(logged.lines().isEmpty == true)
    }

    @Test func `each domain has a minute of its own`() throws {
        let logged = try LogBench()
        var reporter = AnomalyReporter(sampler([account(), account(die: 1)]))
        review(&reporter, [account(resets: [.jumped]), account(die: 1)], at: 0, logged)
        review(&reporter, [account(resets: [.jumped]), account(die: 1, resets: [.suspend])], at: 1, logged)
        #expect(logged.lines().map(domain) == ["package_0_die_0", "package_0_die_1"])
    }

    @Test func `gaps are said with their number`() throws {
        let logged = try LogBench()
        var reporter = reporter()
        review(&reporter, [account(gaps: 3)], at: 0, logged)
        review(&reporter, [account(gaps: 5)], at: 59, logged)
        review(&reporter, [account(gaps: 5)], at: 60, logged)
        let lines = logged.lines()
        #expect(lines.map(count) == ["3", "2"])
        #expect(lines.allSatisfy { $0.hasPrefix("level=warning event=counter_gap") } == true)
    }

    @Test(arguments: [
        (CounterFacts.neverWraps, true, "its power could not be read"),
        (CounterFacts.neverWraps, false, "could not be followed"), (1 << 32, false, "run through its range unseen"),
    ])
    func `a gap is said with what is true of its counter`(modulus: UInt64, isEstimate: Bool, words: String) throws {
        let logged = try LogBench()
        let facts = CounterFacts(
            source: .hwmon, domain: Domain(kind: .sensor, socket: 0, label: "x"), identity: "x", name: "x",
            modulus: modulus, unitMicrojoules: 1, boundMicrowatts: 1_000_000_000, isEstimate: isEstimate)
        var account = DomainAccount(facts)
        var reporter = AnomalyReporter(sampler([account]))
        account.restore(
            CounterAccountant(
                modulus: modulus, boundMicrowatts: 1, totalMicrojoules: 0, wraps: 0, resets: 0, gaps: 1, last: nil))
        review(&reporter, [account], at: 0, logged)
        let lines = logged.lines()
        #expect(lines.count == 1)
        #expect(lines[0].contains(words), "\(lines)")
    }

    @Test func `a gap of what was no mirror after all is said as one`() throws {
        let logged = try LogBench()
        var mirror = account(die: 1)
        mirror.setMirror(true)
        var reporter = AnomalyReporter(sampler([account(), mirror]))
        var own = mirror
        own.setMirror(false)
        review(&reporter, [account(), own], at: 0, logged)
        var lines = logged.lines()
        #expect(lines.count == 2)
        #expect(lines.last?.contains("it was taken for another name of a counter that is counted already") == true)
        own.restore(
            CounterAccountant(
                modulus: own.facts.modulus, boundMicrowatts: 1, totalMicrojoules: 0, wraps: 0, resets: 0, gaps: 2,
                last: nil))
        review(&reporter, [account(), own], at: 60, logged)
        lines = logged.lines()
        #expect(lines.count == 1)
        #expect(lines[0].contains("run through its range unseen"))
    }

    @Test func `a glitch is said with its number`() throws {
        let logged = try LogBench()
        var reporter = reporter()
        var account = account()
        for (milliseconds, raw) in [
            (0, 0), (10, 900_000), (20, 0), (320, 0), (620, 0), (920, 0), (1_070, 0),
        ] as [(UInt64, UInt64)] {
            let now = milliseconds * 1_000_000
            account.take(.counter(raw), at: Moment(monotonicNanoseconds: now, boottimeNanoseconds: now))
        }
        for now in 0..<100 as Range<UInt64> { review(&reporter, [account], at: now, logged) }
        let lines = logged.lines()
        #expect(lines.map(count) == ["1"])
        #expect(lines[0].hasPrefix("level=notice event=counter_glitch"))
    }

    @Test func `a reset and a gap at once are two lines`() throws {
        let logged = try LogBench()
        var reporter = reporter()
        review(&reporter, [account(resets: [.suspend], gaps: 1)], at: 0, logged)
        #expect(logged.lines().count == 2)
    }

    @Test func `what an earlier run had counted was said by it`() throws {
        let logged = try LogBench()
        let restored = account(resets: [.suspend, .jumped], gaps: 7)
        var reporter = AnomalyReporter(sampler([restored]))
        review(&reporter, [restored], at: 0, logged)
        #expect(logged.lines().isEmpty == true)
        review(&reporter, [account(resets: [.suspend, .jumped, .steppedBack], gaps: 7)], at: 1, logged)
        #expect(logged.lines().map(count) == ["1"])
    }

    /// The reason of an older reset was once told for a counter that was replaced.
    @Test func `a counter that was replaced is said to be that`() throws {
        let logged = try LogBench()
        var reporter = reporter()
        var account = account(resets: [.suspend])
        account.resume(.of(account.domain, modulus: 500, boundMicrowatts: 1))
        review(&reporter, [account], at: 0, logged)
        let lines = logged.lines()
        #expect(lines.count == 1)
        #expect(lines[0].hasSuffix("count=2 domain=package_0_die_0 reason=replaced"))
    }

    @Test func `a mirror is said when it is found and when that is undone, with the die that it shows`() throws {
        let logged = try LogBench()
        var reporter = AnomalyReporter(sampler([account(), account(die: 1)]))
        var mirror = account(die: 1)
        mirror.setMirror(true)
        for now in 0..<10 as Range<UInt64> { review(&reporter, [account(), mirror], at: now, logged) }
        let found = logged.lines()
        #expect(found.count == 1)
        #expect(found[0].hasPrefix("level=notice event=mirror_found"))
        #expect(found[0].hasSuffix("domain=package_0_die_1 leader=package_0_die_0"))
        for now in 100..<110 as Range<UInt64> { review(&reporter, [account(), account(die: 1)], at: now, logged) }
        let undone = logged.lines()
        #expect(undone.count == 1)
        #expect(undone[0].hasPrefix("level=warning event=mirror_undone"))
        #expect(undone[0].hasSuffix("domain=package_0_die_1 leader=package_0_die_0"))
    }

    private func reporter() -> AnomalyReporter { AnomalyReporter(sampler([account()])) }

    private func review(
        _ reporter: inout AnomalyReporter, _ accounts: [DomainAccount], at now: UInt64, _ logged: borrowing LogBench
    ) {
        reporter.review(sampler(accounts), at: now * second, logged.log)
    }

    private func sampler(_ accounts: [DomainAccount]) -> Sampling {
        Sampling(.none(), accounts: accounts)
    }

    /// An account to which these things happened.
    private func account(
        die: Int = 0, total: UInt64 = 0, resets: [ResetReason] = [], gaps: Int = 0
    ) -> DomainAccount {
        var account = DomainAccount(
            domain: Domain(kind: .package, socket: 0, die: die), unitMicrojoules: 1,
            accountant: CounterAccountant(modulus: 1_000_000, boundMicrowatts: 1_000_000))
        var moment = Moment(monotonicNanoseconds: 0, boottimeNanoseconds: 0)
        for reason in resets {
            account.take(.counter(reason == .jumped ? 0 : 900_000), at: moment)
            if reason == .suspend { moment.boottimeNanoseconds += second }
            for _ in 0..<3 {
                account.take(.counter(reason == .jumped ? 900_000 : 0), at: moment)
                moment.monotonicNanoseconds += 600_000_000
                moment.boottimeNanoseconds += 600_000_000
            }
            // What follows begins where the next one starts, which is no step at all.
            account.restore(resumed(account.accountant))
        }
        for _ in 0..<gaps { account.take(.counter(0, afterGap: true), at: moment) }
        return account
    }

    /// The same account before its next first reading.
    private func resumed(_ accountant: CounterAccountant) -> CounterAccountant {
        var resumed = accountant
        resumed.forgetLast()
        return resumed
    }

    private func count(_ line: String) -> String { field("count", line) }

    private func domain(_ line: String) -> String { field("domain", line) }

    private func field(_ name: String, _ line: String) -> String {
        line.split(separator: " ").first { $0.hasPrefix(name + "=") }.map { $0.dropFirst(name.count + 1).description }
            ?? ""
    }
}
