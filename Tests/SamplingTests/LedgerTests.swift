import Bytes
import Counters
import Glibc
import TestSupport
import Testing

@testable import Accounts
@testable import Kernel
@testable import Sampling
@testable import Sources

/// One run of the program after the other with the same memory.
@Suite struct LedgerTests {
    private static let boot = BootIdentity(high: 1, low: 2)

    @Test func `memory that was never written is new`() throws {
        let store = try Store()
        let run = try Run(store, [account(0)])
        #expect(run.restoration == .new)
        #expect(store.content.allSatisfy { $0 == 0 }, "reading writes nothing")
    }

    @Test func `the next run goes on where the last one was`() throws {
        let store = try Store()
        let written = [account(0, total: 100), account(1, total: 0, last: nil), account(2, total: 7, wraps: 3)]
        try write(written, to: store)
        let run = try Run(store, written.map { fresh($0) })
        #expect(run.restoration == .restored(domains: 3))
        #expect(run.accounts.map(\.accountant) == written.map(\.accountant))
    }

    /// A domain that no run had ever read, or that is another's mirror, was once shown as 0 J after a restart.
    @Test func `what the last run had never read is unknown to the next one too`() throws {
        let store = try Store()
        try write([account(0, total: 0, last: nil), account(1, total: 0), account(2, total: 5, last: nil)], to: store)
        let run = try Run(store, [account(0), account(1), account(2)].map { fresh($0) })
        #expect(run.accounts.map(\.hasBeenRead) == [false, true, true])
    }

    /// The machine may have drawn more before its limit was lowered.
    @Test func `the first reading is judged by the higher bound, and the next by this run's`() throws {
        let store = try Store()
        try write([account(0, total: 100)], to: store)
        let facts = CounterFacts.of(account(0).domain, modulus: account(0).accountant.modulus, boundMicrowatts: 77)
        var run = try Run(store, [DomainAccount(facts)])
        #expect(run.accounts[0].accountant.boundMicrowatts == account(0).accountant.boundMicrowatts)
        #expect(run.accounts[0].totalMicrojoules == 100)
        let last = try #require(run.accounts[0].accountant.last)
        run.accounts[0].take(.counter(last.raw), at: last.moment)
        #expect(run.accounts[0].accountant.boundMicrowatts == 77)
    }

    @Test func `domains are found by what they are, not by their order`() throws {
        let store = try Store()
        try write([account(0, total: 100), account(1, total: 200), account(2, total: 300)], to: store)
        let run = try Run(store, [account(3), account(2), account(0)].map { fresh($0) })
        #expect(run.restoration == .restored(domains: 2))
        #expect(run.accounts.map(\.totalMicrojoules) == [0, 300, 100])
    }

    @Test func `a domain with another range keeps its total, and its counter is another one`() throws {
        let store = try Store()
        try write([account(0, total: 100), account(1, total: 200)], to: store)
        let run = try Run(store, [fresh(account(0, modulus: 5_000_000)), fresh(account(1))])
        #expect(run.restoration == .restored(domains: 2))
        #expect(run.accounts.map(\.totalMicrojoules) == [100, 200])
        #expect(run.accounts[0].accountant.modulus == 5_000_000)
        #expect(run.accounts[0].accountant.last == nil)
        #expect(run.accounts[0].accountant.resets == account(0).accountant.resets + 1)
    }

    @Test func `another source's counters start anew`() throws {
        let store = try Store()
        try write([account(0, total: 100)], to: store)
        let run = try Run(store, [fresh(account(0))], source: .perf)
        #expect(run.restoration == .refused("none of its domains is measured now, and their totals are kept"))
        #expect(run.accounts[0].totalMicrojoules == 0)
    }

    @Test func `what is not measured now is kept, and goes on when it is measured again`() throws {
        let store = try Store()
        try write([account(0, total: 100), account(1, total: 200)], to: store)
        for total in [110, 120, 130] as [UInt64] { try write([account(0, total: total)], to: store) }
        try write([account(7, total: 7)], to: store)
        let run = try Run(store, [fresh(account(1)), fresh(account(0)), fresh(account(7))])
        #expect(run.restoration == .restored(domains: 3))
        #expect(run.accounts.map(\.totalMicrojoules) == [200, 130, 7])
    }

    @Test func `a counter that appears while the program runs goes on from what was kept`() throws {
        let store = try Store()
        try write([account(0, total: 100), account(1, total: 200)], to: store)
        var run = try Run(store, [fresh(account(0))])
        var late = fresh(account(1))
        #expect(run.ledger.adopt(&late) == 0)
        #expect(late.totalMicrojoules == 200)
        var later = fresh(account(2))
        #expect(run.ledger.adopt(&later) == 0)
        #expect(!later.hasBeenRead)
        run.ledger.write([run.accounts[0], late, later])
        let next = try Run(store, [fresh(account(0)), fresh(account(1))])
        #expect(next.accounts.map(\.totalMicrojoules) == [100, 200])
    }

    /// One run on hwmon once wiped all totals of powercap, and a start that could not read a zone its total.
    @Test func `a run that measures something else leaves what was counted before as it is`() throws {
        let store = try Store()
        let written = [account(0, total: 330), account(1, total: 4_622)]
        try write(written, to: store)
        var other = try Run(store, [fresh(account(7))], source: .hwmon)
        other.ledger.write(other.accounts)
        var one = try Run(store, [fresh(account(0))])
        one.ledger.write(one.accounts)
        let both = try Run(store, written.map { fresh($0) })
        #expect(both.restoration == .restored(domains: 2))
        #expect(both.accounts.map(\.accountant) == written.map(\.accountant))
    }

    @Test func `an account that cannot be read keeps what was counted before`() throws {
        let store = try Store()
        try write([account(0, total: 330)], to: store)
        for _ in 0..<3 {
            var run = try Run(store, [fresh(account(0))])
            run.accounts[0].take(.failure(.driverError), at: Moment(monotonicNanoseconds: 9, boottimeNanoseconds: 9))
            run.ledger.write(run.accounts)
        }
        let run = try Run(store, [fresh(account(0))])
        #expect(run.accounts[0].accountant == account(0, total: 330).accountant)
    }

    @Test func `where there is no more room, those go first that were not measured for longest`() throws {
        let store = try Store()
        let capacity = UInt64(LedgerImage.capacity)
        try write((0..<capacity).map { account($0, total: $0) }, to: store)
        // All but two are measured once more, and then one of these.
        try write((2..<capacity).map { account($0, total: $0) }, to: store)
        try write([account(1, total: 1)], to: store)
        var run = try Run(store, (1_000..<1_002).map { fresh(account($0)) })
        #expect(run.ledger.droppedRecords == 2)
        run.ledger.write(run.accounts)
        let next = try Run(store, [0, 1].map { fresh(account($0, total: $0)) })
        #expect(next.accounts.map(\.hasBeenRead) == [false, true])
    }

    @Test func `more records than there is room for are given up, and told`() throws {
        let store = try Store()
        let first = (0..<UInt64(LedgerImage.capacity)).map { account($0, total: $0) }
        try write(first, to: store)
        let one = try Run(store, [fresh(account(3))])
        #expect(one.ledger.droppedRecords == 0)
        var two = try Run(store, [fresh(account(3)), fresh(account(1_000)), fresh(account(1_001))])
        #expect(two.ledger.droppedRecords == 2)
        two.ledger.write(two.accounts)
        let three = try Run(store, [fresh(account(3)), fresh(account(1_000)), fresh(account(1_001))])
        #expect(three.restoration == .restored(domains: 3))
        #expect(three.accounts.map(\.totalMicrojoules) == [3, 0, 0])
        // More counters than records: those that have no room are not kept, and nothing ends.
        var many = try Run(store, (0..<600).map { fresh(account($0)) })
        many.ledger.write(many.accounts)
        #expect(try Run(store, [fresh(account(3))]).restoration == .restored(domains: 1))
    }

    @Test func `what is from before the machine was started is refused`() throws {
        let store = try Store()
        try write([account(0, total: 100)], to: store)
        for boot in [BootIdentity(high: 1, low: 3), BootIdentity(high: 0, low: 2)] {
            let run = try Run(store, [fresh(account(0))], boot: boot)
            #expect(run.restoration == .refused("it is from before the machine was started"))
            #expect(run.accounts[0].totalMicrojoules == 0)
        }
    }

    @Test func `an unknown layout is refused, and damage in both copies`() throws {
        var store = try Store()
        store.fill(0x55)
        let unknown = try Run(store, [fresh(account(0))])
        #expect(unknown.restoration == .refused("it has an unknown layout"))
        store.fill(0)
        try write([account(0, total: 100)], to: store)
        try write([account(0, total: 200)], to: store)
        store.flip(bit: 1000)
        store.flip(bit: LedgerImage.longestBytes * 8 + 1000)
        let torn = try Run(store, [fresh(account(0))])
        #expect(torn.restoration == .refused("both of its copies are damaged"))
    }

    @Test func `one damaged copy is told even if the other was never written`() throws {
        var store = try Store()
        try write([account(0, total: 100)], to: store)
        store.flip(bit: LedgerImage.longestBytes * 8 + 1000)
        let run = try Run(store, [fresh(account(0))])
        #expect(run.restoration == .refused("both of its copies are damaged"))
    }

    @Test func `after a refusal counting starts anew and is kept again`() throws {
        var store = try Store()
        store.fill(0x55)
        for total in [10, 20, 30] as [UInt64] {
            try write([account(0, total: total)], to: store)
            let run = try Run(store, [fresh(account(0))])
            #expect(run.restoration == .restored(domains: 1))
            #expect(run.accounts[0].totalMicrojoules == total)
        }
    }

    @Test func `the two copies are written in turn, over all runs`() throws {
        let store = try Store()
        var halves = store.halves
        var written: [Int] = []
        for total in 1...8 as ClosedRange<UInt64> {
            try write([account(0, total: total)], to: store)
            let now = store.halves
            written += (0...1).filter { now[$0] != halves[$0] }
            halves = now
            let run = try Run(store, [fresh(account(0))])
            #expect(run.accounts[0].totalMicrojoules == total)
        }
        #expect(written == [1, 0, 1, 0, 1, 0, 1, 0])
    }

    @Test func `a run that was killed after any byte of a write leaves one copy in force`() throws {
        let states = [[1, 2], [30, 40], [500, 600], [7_000, 8_000]] as [[UInt64]]
        var store = try Store()
        for round in 1..<4 {
            store.fill(0)
            for state in states[0..<round] { try write(state.map { account($0, total: $0) }, to: store) }
            let before = store.content
            try write(states[round].map { account($0, total: $0) }, to: store)
            let after = store.content
            #expect(before != after)
            for written in store.firstDifference(before, after)...store.lastDifference(before, after) {
                store.replace(Array(after[0..<written]) + before[written...])
                let run = try Run(store, accounts(like: states))
                // The states before are of other domains, which are kept.
                #expect(run.restoration == .restored(domains: 2 * round))
                let totals = run.accounts.map(\.totalMicrojoules).filter { $0 > 0 }
                #expect(totals == states[0..<round].flatMap { $0 }, "after \(written) bytes")
            }
        }
    }

    @Test func `whatever words of a write reached the memory, one copy is in force`() throws {
        var random = SplitMix64(seed: 6)
        let states = [[1, 2], [30, 40], [500, 600]] as [[UInt64]]
        var store = try Store()
        for state in states[0..<2] { try write(state.map { account($0, total: $0) }, to: store) }
        let before = store.content
        try write(states[2].map { account($0, total: $0) }, to: store)
        let after = store.content
        let changed = stride(from: 0, to: before.count, by: 8).filter { before[$0..<$0 + 8] != after[$0..<$0 + 8] }
        for _ in 0..<500 {
            var mixed = before
            let density = random.next()
            for word in changed where random.next() < density {
                mixed.replaceSubrange(word..<word + 8, with: after[word..<word + 8])
            }
            store.replace(mixed)
            let run = try Run(store, accounts(like: states))
            #expect(run.restoration == .restored(domains: mixed == after ? 6 : 4))
            let totals = run.accounts.map(\.totalMicrojoules).filter { $0 > 0 }
            #expect(totals == (mixed == after ? states : Array(states[0..<2])).flatMap { $0 })
        }
    }

    /// Numbers near 2^64 in a ledger of somebody else's once ended the process, and each start of it after that.
    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func `a ledger may hold anything without ending the run that reads it`(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        var store = try Store()
        var restored = 0
        for _ in 0..<150 {
            store.forge(at: 0, hostileImage(&random))
            store.forge(at: LedgerImage.longestBytes, hostileImage(&random))
            var sampling = Sampling(.simulated(startNanoseconds: 0))
            let ledger = Ledger(try store.handOver(), boot: Self.boot, nowUnixMicroseconds: 0)
            if case .restored = sampling.keep(in: ledger) { restored += 1 }
            for _ in 0..<2 {
                sampling.tick()
                sampling.refresh()
            }
        }
        #expect(restored > 50, "else nothing was read")
    }

    /// An image with a right checksum and numbers that are extreme more often than not.
    private func hostileImage(_ random: inout SplitMix64) -> LedgerImage {
        let extremes = [0, 1, UInt64.max / 4, UInt64.max / 4 + 1, UInt64.max / 2, UInt64.max - 1, UInt64.max]
        func any() -> UInt64 {
            Int.random(in: 0..<40, using: &random) == 0
                ? extremes.randomElement(using: &random) ?? 0 : random.nextOfAnySize() / 4
        }
        func anyTime() -> UInt64 { extremes.randomElement(using: &random) ?? 0 }
        let facts = SimulatedSource.facts
        let records = facts.prefix(Int.random(in: 0...facts.count, using: &random)).map { facts in
            let anchor = CounterAccountant.Anchor(
                raw: random.next() % facts.modulus,
                moment: Moment(monotonicNanoseconds: anyTime(), boottimeNanoseconds: anyTime()))
            return LedgerRecord(
                LedgerIdentity(facts),
                CounterAccountant(
                    modulus: facts.modulus, boundMicrowatts: max(1, any()), totalMicrojoules: any(), wraps: any(),
                    resets: any(), gaps: any(), last: random.next() % 2 == 0 ? anchor : nil),
                startUnixMicroseconds: any())
        }
        return LedgerImage(boot: Self.boot, sequence: any(), records: records)
    }

    private func account(
        _ socket: UInt64, modulus: UInt64 = 1_000_000, total: UInt64 = 0, wraps: UInt64 = 0, last: UInt64? = 5
    ) -> DomainAccount {
        var account = DomainAccount(
            domain: Domain(kind: .package, socket: Int(socket)), unitMicrojoules: 1,
            accountant: CounterAccountant(modulus: modulus, boundMicrowatts: 1_000_000))
        let moment = Moment(monotonicNanoseconds: 10, boottimeNanoseconds: 20)
        account.restore(
            CounterAccountant(
                modulus: modulus, boundMicrowatts: 1_000_000, totalMicrojoules: total, wraps: wraps, resets: 4,
                gaps: 5, last: last.map { CounterAccountant.Anchor(raw: $0, moment: moment) }))
        return account
    }

    /// The same domain before anything was counted.
    private func fresh(_ account: DomainAccount) -> DomainAccount {
        var facts = account.facts
        facts.boundMicrowatts = account.accountant.boundMicrowatts
        return DomainAccount(facts)
    }

    private func accounts(like states: [[UInt64]]) -> [DomainAccount] {
        states.flatMap { $0 }.map { fresh(account($0)) }
    }

    /// A run that finds the accounts as they are to be, writes them once, and ends.
    private func write(_ accounts: [DomainAccount], to store: borrowing Store) throws {
        var run = try Run(store, accounts.map { fresh($0) })
        run.ledger.write(accounts)
    }

    /// A run of the program as far as the ledger sees it.
    private struct Run: ~Copyable {
        var ledger: Ledger
        var accounts: [DomainAccount]
        let restoration: Ledger.Restoration

        init(
            _ store: borrowing Store, _ accounts: [DomainAccount], source: SourceKind = .powercap,
            boot: BootIdentity = LedgerTests.boot
        ) throws {
            var ledger = Ledger(try store.handOver(), boot: boot, nowUnixMicroseconds: 1)
            var own = accounts
            if source != .powercap {
                own = accounts.map { account in
                    DomainAccount(
                        .of(
                            account.domain, source: source, modulus: account.accountant.modulus,
                            boundMicrowatts: account.accountant.boundMicrowatts))
                }
            }
            restoration = ledger.restore(&own)
            self.ledger = ledger
            self.accounts = own
        }
    }
}

/// Ledgers of samplings that read something.
@Suite struct LedgerRestorationTests {
    private static let boot = BootIdentity(high: 1, low: 2)

    @Test func `what a powercap counter moved while nobody looked is added`() throws {
        try withPowercapTree(["0": "package-0", "0:0": "dram"]) { tree in
            var store = try Store()
            var written: [UInt8] = []
            try withRun(store, tree) { sampler, restoration in
                #expect(restoration == .new)
                sampler.tick()
                try tree.setCounter("intel-rapl:0", 1_000)
                sampler.tick()
                written = store.content
                // Read and not written any more: killed before that.
                try tree.setCounter("intel-rapl:0", 1_400)
                sampler.tick()
            }
            store.replace(written)
            try tree.setCounter("intel-rapl:0", 1_700)
            try tree.setCounter("intel-rapl:0:0", 20)
            try withRun(store, tree) { sampler, restoration in
                #expect(restoration == .restored(domains: 2))
                #expect(sampler.accounts.map(\.totalMicrojoules) == [1_000, 0])
                sampler.tick()
                #expect(sampler.accounts.map(\.totalMicrojoules) == [1_700, 20])
                #expect(sampler.hostMicrojoules == 1_720)
                #expect(sampler.accounts.map(\.accountant.gaps) == [0, 0])
                #expect(sampler.accounts[0].powerMicrowatts == nil, "what happened while nobody looked is no sample")
            }
            try tree.setCounter("intel-rapl:0", 300)
            var moment = Moment.now()
            try withRun(store, tree, time: .replay) { sampler, _ in
                sampler.tick(at: moment)
                #expect(sampler.accounts[0].totalMicrojoules == 1_700, "it is not decided yet")
            }
            // What was in doubt when a run ended is so to the next one.
            try withRun(store, tree, time: .replay) { sampler, _ in
                #expect(sampler.accounts[0].isInDoubt)
                sampler.refresh(at: moment)
                sampler.decide(from: &moment)
                #expect(sampler.accounts[0].totalMicrojoules == 1_700 + 300)
                #expect(sampler.accounts[0].accountant.resets == 1)
            }
        }
    }

    @Test func `a counter that wrapped while nobody looked is a wrap`() throws {
        try withPowercapTree(["0": "package-0"]) { tree in
            let store = try Store()
            try tree.setCounter("intel-rapl:0", 262_143_328_850)
            try withRun(store, tree) { sampler, _ in
                sampler.tick()
            }
            try tree.setCounter("intel-rapl:0", 39)
            try withRun(store, tree) { sampler, _ in
                sampler.tick()
                #expect(sampler.accounts[0].totalMicrojoules == 100)
                #expect(sampler.accounts[0].accountant.wraps == 1)
            }
        }
    }

    /// A new event starts at 0, and what happened between two runs is unknown.
    @Test func `under perf the time between two runs is a gap, and the total goes on`() throws {
        try withPerfTree(events: ["energy-pkg"]) { tree in
            let joule: UInt64 = 1 << 32
            let store = try Store()
            try withPerfRun(store, tree, counts: [0, 3 * joule]) { sampler, restoration in
                #expect(restoration == .new)
                sampler.tick()
                sampler.tick()
                #expect(sampler.accounts[0].totalMicrojoules == 3_000_000)
                #expect(sampler.accounts[0].accountant.gaps == 0)
            }
            try withPerfRun(store, tree, counts: [0, joule / 2]) { sampler, restoration in
                #expect(restoration == .restored(domains: 1))
                #expect(sampler.accounts[0].accountant.gaps == 1)
                #expect(sampler.accounts[0].hasBeenRead)
                sampler.tick()
                #expect(sampler.accounts[0].totalMicrojoules == 3_000_000)
                sampler.tick()
                #expect(sampler.accounts[0].totalMicrojoules == 3_500_000)
                #expect(sampler.accounts[0].accountant.gaps == 1)
                #expect(sampler.accounts[0].accountant.resets == 0)
            }
        }
    }

    @Test func `of hwmon's sensors, counters go on and integrated power has a gap`() throws {
        try withHwmonTree { tree in
            try tree.add(0, "ina", ["energy1_input": "5000\n", "power2_input": "1000000\n"])
            let store = try Store()
            try withHwmonRun(store, tree) { sampler in
                sampler.tick()
            }
            try tree.set("hwmon0/energy1_input", to: "5900\n")
            try withHwmonRun(store, tree) { sampler in
                sampler.tick()
                #expect(sampler.accounts[0].totalMicrojoules == 900)
                #expect(sampler.accounts[1].totalMicrojoules == 0)
                #expect(sampler.accounts.map(\.accountant.gaps) == [0, 1])
            }
        }
    }

    private func withRun(
        _ store: borrowing Store, _ tree: PowercapTree, time: ReadingTime = .kernel,
        _ body: (inout Sampling, Ledger.Restoration) throws -> Void
    ) throws {
        var sampling = Sampling(.powercap(tree.root, time: time))
        let restoration = sampling.keep(in: try ledger(store))
        try body(&sampling, restoration)
    }

    /// `counts` are what the passes read, each from a file in the kernel's place.
    private func withPerfRun(
        _ store: borrowing Store, _ tree: PerfTree, counts: [UInt64],
        _ body: (inout Sampling, Ledger.Restoration) throws -> Void
    ) throws {
        let path = tree.root + "/leader"
        var words: [UInt64] = []
        for (pass, count) in counts.enumerated() { words += [1, UInt64(pass + 1) * 1_000, count] }
        try writeFile(path, words.littleEndianBytes)
        let calls = PerfCalls(
            open: { (_) throws(SystemError) in try FileDescriptor.open(reading: path) },
            join: { (_, _) throws(SystemError) in try FileDescriptor.open(reading: "/proc/version") })
        let roots = SystemRoots(sysfs: tree.root, procfs: tree.root, vendor: .intel)
        var sampling = Sampling(Sources(opening: .these([.perf]), roots, perfCalls: calls))
        let restoration = sampling.keep(in: try ledger(store))
        try body(&sampling, restoration)
    }

    private func withHwmonRun(
        _ store: borrowing Store, _ tree: HwmonTree, _ body: (inout Sampling) throws -> Void
    ) throws {
        var sampling = Sampling(.hwmon(tree.root))
        _ = sampling.keep(in: try ledger(store))
        try body(&sampling)
    }

    private func ledger(_ store: borrowing Store) throws -> Ledger {
        Ledger(try store.handOver(), boot: Self.boot, nowUnixMicroseconds: 0)
    }
}

/// A ledger that the last program with the first layout wrote: 2 J of a package, 1.000001 J of its cores, 7.654321 J of the platform.
@Suite struct FirstLayoutLedgerTests {
    private static let boot = BootIdentity("0d8eecad-9fb7-4dd0-a5c3-1b93bd1f7ca7")
    private static let laptop: KeyValuePairs = [
        "0": "package-0", "0:0": "core", "0:1": "uncore", "0:2": "dram", "1": "psys",
    ]

    @Test func `nothing that it counted is lost, nor what was used since`() throws {
        try withLaptop { tree, store in
            for total in [2_000_000, 2_000_300, 2_000_700] as [UInt64] {
                try tree.setCounter("intel-rapl:0", total + 5)
                let found = try run(store, tree)
                #expect(found.restoration == .restored(domains: 5))
                #expect(found.accounts.map(\.totalMicrojoules) == [total + 5, 1_000_001, 0, 0, 7_654_321])
                #expect(found.accounts.allSatisfy { $0.accountant.gaps == 0 && $0.accountant.resets == 0 })
                #expect(found.accounts.allSatisfy { $0.startUnixMicroseconds.map { $0 > 1_000_000 } ?? false })
            }
        }
    }

    @Test func `a run that was killed after any byte of its first write leaves it in force`() throws {
        try withLaptop { tree, store in
            var store = try Store(copying: store)
            let before = store.content
            _ = try run(store, tree)
            let after = store.content
            let changed = before.indices.filter { before[$0] != after[$0] }
            #expect((changed.first ?? 0) >= LedgerImage.longestBytes, "what is there stays until the new one is whole")
            for written in changed {
                store.replace(Array(after[0..<written]) + before[written...])
                let found = try run(store, tree)
                #expect(found.accounts[4].totalMicrojoules == 7_654_321, "after \(written) bytes")
            }
        }
    }

    private func run(
        _ store: borrowing Store, _ tree: PowercapTree
    ) throws -> (restoration: Ledger.Restoration, accounts: [DomainAccount]) {
        var sampling = Sampling(.powercap(tree.root, time: .replay))
        let boot = try #require(Self.boot)
        let restoration = sampling.keep(in: Ledger(try store.handOver(), boot: boot, nowUnixMicroseconds: 0))
        // A second after it was written.
        var moment = try #require(sampling.accounts[0].accountant.last).moment
        moment.monotonicNanoseconds += 1_000_000_000
        moment.boottimeNanoseconds += 1_000_000_000
        sampling.refresh(at: moment)
        return (restoration, sampling.accounts)
    }

    /// Lends memory that begins with the ledger, and counters that go on from what it has.
    private func withLaptop(_ body: (PowercapTree, borrowing Store) throws -> Void) throws {
        try withPowercapTree(Self.laptop) { tree in
            for entry in ["intel-rapl:0", "intel-rapl:0:0", "intel-rapl:1"] {
                try tree.setLimit(0, of: entry, name: "long_term", microwatts: 4_000_000_000)
            }
            for (entry, value) in [("0", 2_000_000), ("0:0", 1_000_001), ("1", 7_654_321)] as [(String, UInt64)] {
                try tree.setCounter("intel-rapl:\(entry)", value)
            }
            let file = "\(#filePath)".replacing("LedgerTests.swift", with: "Ledgers/first-layout")
            let ledger = try Files.read(file, limit: Ledger.firstLayoutMemoryBytes + 1)
            #expect(ledger.count == Ledger.firstLayoutMemoryBytes)
            var store = try Store()
            store.replace(ledger)
            try body(tree, store)
        }
    }
}

/// A ledger that the last program wrote whose records ended with their names: what the one of the first layout has.
@Suite struct SecondLayoutLedgerTests {
    private static let boot = BootIdentity("0d8eecad-9fb7-4dd0-a5c3-1b93bd1f7ca7")
    /// The fixture has so much of each copy; zeros follow.
    private static let copyBytes = 1_512

    @Test func `nothing that it counted is lost, nor what was used since`() throws {
        let zones: KeyValuePairs = ["0": "package-0", "0:0": "core", "0:1": "uncore", "0:2": "dram", "1": "psys"]
        try withPowercapTree(zones) { tree in
            let store = try self.store()
            for total in [2_000_000, 2_000_300, 2_000_700] as [UInt64] {
                for (entry, value) in [("0", total + 5), ("0:0", 1_000_001), ("1", 7_654_321)] as [(String, UInt64)] {
                    try tree.setCounter("intel-rapl:\(entry)", value)
                }
                var sampling = Sampling(.powercap(tree.root, time: .replay))
                let boot = try #require(Self.boot)
                let ledger = Ledger(try store.handOver(), boot: boot, nowUnixMicroseconds: 0)
                let restoration = sampling.keep(in: ledger)
                #expect(restoration == .restored(domains: 5))
                var moment = try #require(sampling.accounts[0].accountant.last).moment
                moment.monotonicNanoseconds += 1_000_000_000
                moment.boottimeNanoseconds += 1_000_000_000
                sampling.refresh(at: moment)
                #expect(sampling.accounts.map(\.totalMicrojoules) == [total + 5, 1_000_001, 0, 0, 7_654_321])
                #expect(sampling.accounts.allSatisfy { $0.accountant.gaps == 0 && $0.accountant.resets == 0 })
                #expect(sampling.accounts.allSatisfy { $0.accountant.glitches == 0 && !$0.isInDoubt })
            }
        }
    }

    private func store() throws -> Store {
        let file = "\(#filePath)".replacing("LedgerTests.swift", with: "Ledgers/second-layout")
        let copies = try Files.read(file, limit: Self.copyBytes * 2 + 1)
        #expect(copies.count == Self.copyBytes * 2)
        let rest = Array(repeating: UInt8(0), count: LedgerImage.longestBytes - Self.copyBytes)
        var store = try Store()
        store.replace(Array(copies[..<Self.copyBytes]) + rest + Array(copies[Self.copyBytes...]) + rest)
        return store
    }
}
