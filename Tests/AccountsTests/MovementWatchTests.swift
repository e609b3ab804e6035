import Counters
import TestSupport
import Testing

@testable import Accounts

/// Sources none of whose counters moves.
@Suite struct MovementWatchTests {
    private static let second: UInt64 = 1_000_000_000

    /// Two counters of a source that are read once a second.
    private struct Pair {
        var accounts: [DomainAccount]
        var watch = MovementWatch()
        var now: UInt64 = 50 * MovementWatchTests.second
        var news: [UInt64] = []

        init(_ source: SourceKind) {
            accounts = [0, 1].map { .init(.of(.init(kind: .package, socket: $0), source: source, modulus: 1 << 40)) }
        }

        mutating func pass(_ readings: Reading...) {
            for (index, reading) in readings.enumerated() {
                accounts[index].take(reading, at: Moment(monotonicNanoseconds: now, boottimeNanoseconds: now))
            }
            if watch.take(accounts, at: now) != nil { news.append(now / MovementWatchTests.second) }
            now += MovementWatchTests.second
        }
    }

    @Test(arguments: [SourceKind.powercap, .perf])
    func `a processor's source none of whose counters moves in ten seconds stands still`(source: SourceKind) {
        var pair = Pair(source)
        for _ in 0..<30 { pair.pass(.counter(7), .counter(9)) }
        #expect(pair.watch.state(of: source) == .standsStill)
        #expect(pair.news == [60])
        pair.pass(.counter(7), .counter(10))
        #expect(pair.watch.state(of: source) == .moves)
        #expect(pair.news == [60, 80])
    }

    @Test func `one counter that moves is enough, and then for good`() {
        var pair = Pair(.powercap)
        pair.pass(.counter(7), .counter(9))
        pair.pass(.counter(8), .counter(9))
        for _ in 0..<100 { pair.pass(.counter(8), .counter(9)) }
        #expect(pair.watch.state(of: .powercap) == .moves)
        #expect(pair.news.isEmpty, "nobody had doubted it")
    }

    @Test func `what the ledger tells of an earlier run counts`() {
        var pair = Pair(.powercap)
        pair.accounts[0].restore(
            CounterAccountant(
                modulus: 1 << 40, boundMicrowatts: 1_000_000, totalMicrojoules: 5, wraps: 0, resets: 0, gaps: 0,
                last: nil))
        for _ in 0..<30 { pair.pass(.counter(7), .counter(9)) }
        #expect(pair.watch.state(of: .powercap) == .moves)
    }

    @Test func `a card that sleeps is not blamed`() {
        var pair = Pair(.hwmon)
        for _ in 0..<30 { pair.pass(.counter(7), .counter(9)) }
        #expect(pair.watch.state(of: .hwmon) == .unknown)
    }

    @Test func `counters that cannot be read have not stood still`() {
        var pair = Pair(.powercap)
        for _ in 0..<9 { pair.pass(.counter(7), .failure(.empty)) }
        for _ in 0..<9 { pair.pass(.failure(.empty), .failure(.empty)) }
        for _ in 0..<9 { pair.pass(.counter(7), .counter(9)) }
        #expect(pair.watch.state(of: .powercap) == .unknown)
    }
}
