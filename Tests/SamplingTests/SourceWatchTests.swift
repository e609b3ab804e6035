import Counters
import Sources
import TestSupport
import Testing

@testable import Accounts
@testable import Sampling

@Suite struct SourceWatchTests {
    private static let second: UInt64 = 1_000_000_000

    @Test func `a source of which nothing is read for ten seconds is down, and up with the next reading`() {
        var watch = SourceWatch()
        var accounts = [account(.powercap), account(.powercap)]
        read(&accounts, [true, true])
        #expect(review(&watch, accounts, 0) == false)
        read(&accounts, [false, true])
        #expect(review(&watch, accounts, 100) == false)
        read(&accounts, [false, false])
        #expect(review(&watch, accounts, 109) == false)
        #expect(review(&watch, accounts, 110) == true)
        #expect(watch.silent == SourceKinds(.powercap))
        #expect(watch.isAnythingRead == false)
        read(&accounts, [true, false])
        #expect(review(&watch, accounts, 500) == true)
        #expect(watch.silent.isEmpty)
        #expect(watch.isAnythingRead == true)
    }

    @Test func `each source is judged by itself, and one that is read is enough`() {
        var watch = SourceWatch()
        var accounts = [account(.powercap), account(.hwmon)]
        for second in [0, 5, 10, 15] as [UInt64] {
            read(&accounts, [true, false])
            _ = review(&watch, accounts, second)
        }
        #expect(watch.silent == SourceKinds(.hwmon))
        #expect(watch.isAnythingRead == true)
    }

    @Test func `where there is nothing to read that is waited for ten seconds`() {
        var watch = SourceWatch()
        #expect(review(&watch, [], 100) == false)
        _ = review(&watch, [], 109)
        #expect(watch.isAnythingRead == true)
        _ = review(&watch, [], 110)
        #expect(watch.isAnythingRead == false)
        var accounts = [account(.perf)]
        read(&accounts, [true])
        _ = review(&watch, accounts, 111)
        #expect(watch.isAnythingRead == true)
    }

    @Test func `rare ticks are no silence`() {
        var watch = SourceWatch()
        var accounts = [account(.powercap)]
        read(&accounts, [true])
        for minute in 0..<5 as Range<UInt64> { #expect(review(&watch, accounts, minute * 60) == false) }
        read(&accounts, [false])
        #expect(review(&watch, accounts, 300) == true)
    }

    private func review(_ watch: inout SourceWatch, _ accounts: [DomainAccount], _ second: UInt64) -> Bool {
        watch.review(accounts, at: second * Self.second)
    }

    private func read(_ accounts: inout [DomainAccount], _ good: [Bool]) {
        for (index, isGood) in good.enumerated() {
            accounts[index].take(isGood ? .counter(1) : .failure(.driverError), at: .now())
        }
    }

    private func account(_ source: SourceKind) -> DomainAccount {
        DomainAccount(
            CounterFacts(
                source: source, domain: Domain(kind: .package, socket: 0), identity: "", name: "", modulus: 1_000,
                unitMicrojoules: 1, boundMicrowatts: 1_000_000))
    }
}
