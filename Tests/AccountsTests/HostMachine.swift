import Counters
import TestSupport

@testable import Accounts

/// Accounts of a machine whose counters a test moves second by second, and its total.
struct HostMachine {
    private(set) var accounts: [DomainAccount]
    private(set) var host = HostTotal()
    private var refused: [Domain]
    private var kept = HostTotal.Kept()
    private var raws: [UInt64]
    private var seconds: UInt64 = 1_000
    private var isCounted = true
    /// Whether the basis changed at a pass.
    private(set) var changes = 0

    init(_ domains: [Domain], refused: [Domain] = [], kept: HostTotal.Kept = HostTotal.Kept()) {
        accounts = domains.map { DomainAccount(HostMachine.facts($0)) }
        raws = domains.map { _ in 1_000_000 }
        self.refused = refused
        self.kept = kept
        follow()
    }

    private static func facts(_ domain: Domain) -> CounterFacts {
        .of(domain, modulus: 1 << 40, unitMicrojoules: 61, boundMicrowatts: 1_000_000_000)
    }

    private mutating func follow() {
        host.follow(accounts, isCounted: { _ in isCounted }, refused: refused, kept: kept)
    }

    /// A second passes in which each counter moves by so many microjoules; nil is a reading that fails.
    mutating func pass(_ moves: [UInt64?], seconds elapsed: UInt64 = 1) {
        seconds += elapsed
        let moment = Moment(
            monotonicNanoseconds: seconds * 1_000_000_000, boottimeNanoseconds: seconds * 1_000_000_000)
        for (index, move) in moves.enumerated() {
            raws[index] += move ?? 0
            accounts[index].take(move == nil ? .failure(.driverError) : .counter(raws[index]), at: moment)
        }
        if host.take(accounts, at: moment.monotonicNanoseconds) { changes += 1 }
    }

    /// Counts without a reading, as while the counter cannot be read.
    mutating func move(_ index: Int, by microjoules: UInt64) { raws[index] += microjoules }

    /// A part that was refused can be counted, or one is found.
    mutating func add(_ domain: Domain, continuing microjoules: UInt64 = 0) {
        refused.removeAll { $0 == domain }
        var account = DomainAccount(HostMachine.facts(domain))
        if microjoules > 0 {
            kept.partsMicrojoules -= microjoules
            account.restore(
                CounterAccountant(
                    modulus: 1 << 40, boundMicrowatts: 1_000_000_000, totalMicrojoules: microjoules, wraps: 0,
                    resets: 0, gaps: 0, last: nil))
        }
        accounts.append(account)
        raws.append(5_000)
        follow()
    }

    /// The ledger gives up what it kept.
    mutating func dropKept() {
        kept = HostTotal.Kept()
        follow()
    }

    /// The source is given up, or taken back.
    mutating func setCounted(_ isCounted: Bool) {
        self.isCounted = isCounted
        follow()
    }

    mutating func refuse(_ domain: Domain) {
        refused.append(domain)
        follow()
    }
}

extension Domain {
    static func package(_ socket: Int) -> Domain { Domain(kind: .package, socket: socket) }
    static func dram(_ socket: Int) -> Domain { Domain(kind: .dram, socket: socket) }
    static func psys(_ socket: Int) -> Domain { Domain(kind: .psys, socket: socket) }
    static func core(_ socket: Int) -> Domain { Domain(kind: .core, socket: socket) }
}
