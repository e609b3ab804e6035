import Glibc
import TestSupport
import Testing

@testable import Energy
@testable import Kernel

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
        #expect(run.sampler.accounts.map(\.accountant) == written.map(\.accountant))
    }

    /// A domain that no run had ever read, or that is another's mirror, was once shown as 0 J after a restart.
    @Test func `what the last run had never read is unknown to the next one too`() throws {
        let store = try Store()
        try write([account(0, total: 0, last: nil), account(1, total: 0), account(2, total: 5, last: nil)], to: store)
        let run = try Run(store, [account(0), account(1), account(2)].map { fresh($0) })
        #expect(run.sampler.accounts.map(\.hasBeenRead) == [false, true, true])
    }

    @Test func `the bound of plausible power is this run's`() throws {
        let store = try Store()
        try write([account(0, total: 100)], to: store)
        var accounts = [account(0)]
        accounts[0].restore(accounts[0].accountant.withBound(77))
        let run = try Run(store, accounts)
        #expect(run.sampler.accounts[0].accountant.boundMicrowatts == 77)
        #expect(run.sampler.accounts[0].totalMicrojoules == 100)
    }

    @Test func `domains are found by what they are, not by their order`() throws {
        let store = try Store()
        try write([account(0, total: 100), account(1, total: 200), account(2, total: 300)], to: store)
        let run = try Run(store, [account(3), account(2), account(0)].map { fresh($0) })
        #expect(run.restoration == .restored(domains: 2))
        #expect(run.sampler.accounts.map(\.totalMicrojoules) == [0, 300, 100])
    }

    @Test func `a domain with another range starts anew, the others go on`() throws {
        let store = try Store()
        try write([account(0, total: 100), account(1, total: 200)], to: store)
        let run = try Run(store, [fresh(account(0, modulus: 5_000_000)), fresh(account(1))])
        #expect(run.restoration == .restored(domains: 1))
        #expect(run.sampler.accounts.map(\.totalMicrojoules) == [0, 200])
        #expect(run.sampler.accounts.map(\.hasBeenRead) == [false, true])
        #expect(run.sampler.accounts[0].accountant.modulus == 5_000_000)
    }

    @Test func `another source's counters start anew`() throws {
        let store = try Store()
        try write([account(0, total: 100)], to: store)
        let run = try Run(store, [fresh(account(0))], source: "perf")
        #expect(run.restoration == .refused("none of its domains is measured now"))
        #expect(run.sampler.accounts[0].totalMicrojoules == 0)
    }

    @Test func `what is from before the machine was started is refused`() throws {
        let store = try Store()
        try write([account(0, total: 100)], to: store)
        for boot in [BootIdentity(high: 1, low: 3), BootIdentity(high: 0, low: 2)] {
            let run = try Run(store, [fresh(account(0))], boot: boot)
            #expect(run.restoration == .refused("it is from before the machine was started"))
            #expect(run.sampler.accounts[0].totalMicrojoules == 0)
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
            #expect(run.sampler.accounts[0].totalMicrojoules == total)
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
            #expect(run.sampler.accounts[0].totalMicrojoules == total)
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
                #expect(run.restoration == .restored(domains: 2))
                let totals = run.sampler.accounts.map(\.totalMicrojoules).filter { $0 > 0 }
                #expect(totals == states[round - 1], "after \(written) bytes")
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
            #expect(run.restoration == .restored(domains: 2))
            let totals = run.sampler.accounts.map(\.totalMicrojoules).filter { $0 > 0 }
            #expect(totals == (mixed == after ? states[2] : states[1]))
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
            var sampler = Sampler.simulated(startNanoseconds: 0)
            var ledger = Ledger(try store.handOver(), boot: Self.boot, nowUnixMicroseconds: 0)
            if case .restored = ledger.restore(&sampler, source: "simulated") { restored += 1 }
            for _ in 0..<2 {
                sampler.tick()
                sampler.refresh()
                ledger.write(sampler)
            }
        }
        #expect(restored > 50, "else nothing was read")
    }

    /// An image with a right checksum and numbers that are extreme more often than not.
    private func hostileImage(_ random: inout SplitMix64) -> [UInt64] {
        let extremes = [0, 1, UInt64.max / 4, UInt64.max / 4 + 1, UInt64.max / 2, UInt64.max - 1, UInt64.max]
        func any() -> UInt64 {
            Int.random(in: 0..<40, using: &random) == 0
                ? extremes.randomElement(using: &random) ?? 0 : random.nextOfAnySize() / 4
        }
        func anyTime() -> UInt64 { extremes.randomElement(using: &random) ?? 0 }
        let models = SimulatedSource.models
        let count = Int.random(in: 0...models.count, using: &random)
        var words = [LedgerImage.magic, any(), Self.boot.high, Self.boot.low, any(), UInt64(count)]
        for model in models.prefix(count) {
            let modulus = SimulatedSource.modulus
            words += [LedgerImage.identity(of: model.domain, source: "simulated"), modulus, max(1, any())]
            words += [any(), any(), any(), any(), random.next() % 2, random.next() % modulus, anyTime(), anyTime()]
        }
        return words
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
        DomainAccount(
            domain: account.domain, unitMicrojoules: account.unitMicrojoules,
            accountant: CounterAccountant(
                modulus: account.accountant.modulus, boundMicrowatts: account.accountant.boundMicrowatts))
    }

    private func accounts(like states: [[UInt64]]) -> [DomainAccount] {
        states.flatMap { $0 }.map { fresh(account($0)) }
    }

    /// A run that finds the accounts as they are to be, writes them once, and ends.
    private func write(_ accounts: [DomainAccount], to store: borrowing Store) throws {
        var run = try Run(store, accounts.map { fresh($0) })
        run.ledger.write(Run.sampler(accounts))
    }

    /// A run of the program as far as the ledger sees it.
    private struct Run: ~Copyable {
        var ledger: Ledger
        var sampler: Sampler
        let restoration: Ledger.Restoration

        init(
            _ store: borrowing Store, _ accounts: [DomainAccount], source: String = "powercap",
            boot: BootIdentity = LedgerTests.boot
        ) throws {
            var ledger = Ledger(try store.handOver(), boot: boot, nowUnixMicroseconds: 1)
            var sampler = Run.sampler(accounts)
            restoration = ledger.restore(&sampler, source: source)
            self.ledger = ledger
            self.sampler = sampler
        }

        /// A sampler whose counters outlive it, and that is never asked to read them.
        static func sampler(_ accounts: [DomainAccount]) -> Sampler {
            Sampler(source: .simulated(SimulatedSource(startNanoseconds: 0)), accounts: accounts)
        }
    }
}

/// Ledgers of samplers that read something.
@Suite struct LedgerRestorationTests {
    private static let boot = BootIdentity(high: 1, low: 2)

    @Test func `what a powercap counter moved while nobody looked is added`() throws {
        try withPowercapTree(["0": "package-0", "0:0": "dram"]) { tree in
            let store = try Store()
            try withRun(store, tree) { sampler, ledger, restoration in
                #expect(restoration == .new)
                sampler.tick()
                try tree.setCounter("intel-rapl:0", 1_000)
                sampler.tick()
                ledger.write(sampler)
                // Read and not written any more: killed before that.
                try tree.setCounter("intel-rapl:0", 1_400)
                sampler.tick()
            }
            try tree.setCounter("intel-rapl:0", 1_700)
            try tree.setCounter("intel-rapl:0:0", 20)
            try withRun(store, tree) { sampler, ledger, restoration in
                #expect(restoration == .restored(domains: 2))
                #expect(sampler.accounts.map(\.totalMicrojoules) == [1_000, 0])
                sampler.tick()
                #expect(sampler.accounts.map(\.totalMicrojoules) == [1_700, 20])
                #expect(sampler.hostMicrojoules == 1_720)
                #expect(sampler.accounts.map(\.accountant.gaps) == [0, 0])
                #expect(sampler.accounts[0].powerMicrowatts == nil, "what happened while nobody looked is no sample")
                ledger.write(sampler)
            }
            try tree.setCounter("intel-rapl:0", 300)
            try withRun(store, tree) { sampler, _, _ in
                sampler.tick()
                #expect(sampler.accounts[0].totalMicrojoules == 1_700 + 300)
                #expect(sampler.accounts[0].accountant.resets == 1)
            }
        }
    }

    @Test func `a counter that wrapped while nobody looked is a wrap`() throws {
        try withPowercapTree(["0": "package-0"]) { tree in
            let store = try Store()
            try tree.setCounter("intel-rapl:0", 262_143_328_850)
            try withRun(store, tree) { sampler, ledger, _ in
                sampler.tick()
                ledger.write(sampler)
            }
            try tree.setCounter("intel-rapl:0", 39)
            try withRun(store, tree) { sampler, _, _ in
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
            try withPerfRun(store, tree, counts: [0, 3 * joule]) { sampler, ledger, restoration in
                #expect(restoration == .new)
                sampler.tick()
                sampler.tick()
                #expect(sampler.accounts[0].totalMicrojoules == 3_000_000)
                #expect(sampler.accounts[0].accountant.gaps == 0)
                ledger.write(sampler)
            }
            try withPerfRun(store, tree, counts: [0, joule / 2]) { sampler, _, restoration in
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
            try withHwmonRun(store, tree) { sampler, ledger in
                sampler.tick()
                ledger.write(sampler)
            }
            try tree.set("hwmon0/energy1_input", to: "5900\n")
            try withHwmonRun(store, tree) { sampler, _ in
                sampler.tick()
                #expect(sampler.accounts[0].totalMicrojoules == 900)
                #expect(sampler.accounts[1].totalMicrojoules == 0)
                #expect(sampler.accounts.map(\.accountant.gaps) == [0, 1])
            }
        }
    }

    private func withRun(
        _ store: borrowing Store, _ tree: PowercapTree,
        _ body: (inout Sampler, inout Ledger, Ledger.Restoration) throws -> Void
    ) throws {
        var sampler = try Sampler.powercap(PowercapDiscovery(sysfs: tree.root, vendor: .intel).zones)
        var ledger = Ledger(try store.handOver(), boot: Self.boot, nowUnixMicroseconds: 0)
        let restoration = ledger.restore(&sampler, source: "powercap")
        try body(&sampler, &ledger, restoration)
    }

    /// `counts` are what the passes read, each from a file in the kernel's place.
    private func withPerfRun(
        _ store: borrowing Store, _ tree: PerfTree, counts: [UInt64],
        _ body: (inout Sampler, inout Ledger, Ledger.Restoration) throws -> Void
    ) throws {
        let groups = PerfDiscovery(sysfs: tree.root, vendor: .intel).groups
        let path = tree.root + "/leader"
        var words: [UInt64] = []
        for (pass, count) in counts.enumerated() { words += [1, UInt64(pass + 1) * 1_000, count] }
        try writeFile(path, words.littleEndianBytes)
        let calls = PerfCalls(
            open: { (_) throws(SystemError) in try FileDescriptor.open(reading: path) },
            join: { (_, _) throws(SystemError) in try FileDescriptor.open(reading: "/dev/null") })
        let accounts = groups.flatMap(\.zones).map { zone in
            DomainAccount(
                domain: zone.domain, unitMicrojoules: PerfSource.unitMicrojoules,
                accountant: CounterAccountant(modulus: PerfSource.modulus, boundMicrowatts: 1_000_000_000))
        }
        var sampler = Sampler(source: .perf(try PerfSource(opening: groups, calls: calls)), accounts: accounts)
        var ledger = Ledger(try store.handOver(), boot: Self.boot, nowUnixMicroseconds: 0)
        let restoration = ledger.restore(&sampler, source: "perf")
        try body(&sampler, &ledger, restoration)
    }

    private func withHwmonRun(
        _ store: borrowing Store, _ tree: HwmonTree, _ body: (inout Sampler, inout Ledger) throws -> Void
    ) throws {
        var sampler = try Sampler.hwmon(HwmonDiscovery(sysfs: tree.root).sensors)
        var ledger = Ledger(try store.handOver(), boot: Self.boot, nowUnixMicroseconds: 0)
        _ = ledger.restore(&sampler, source: "hwmon")
        try body(&sampler, &ledger)
    }
}

/// Memory that outlives the runs, as systemd's fd store lets it.
private struct Store: ~Copyable {
    private var memory: SharedMemory

    init() throws {
        memory = try SharedMemory(anonymous: "test", length: Ledger.memoryBytes)
    }

    /// What the next run is given.
    func handOver() throws -> SharedMemory {
        let number = try checked("dup", dup(memory.descriptor.number))
        return try SharedMemory(mapping: FileDescriptor(inherited: number), length: memory.length)
    }

    var content: [UInt8] {
        memory.withBytes(0..<memory.length) { bytes in
            var copy = Array(repeating: UInt8(0), count: bytes.count)
            for index in bytes.indices { copy[index] = bytes[index] }
            return copy
        }
    }

    var halves: [[UInt8]] {
        let content = content
        return [Array(content[..<LedgerImage.longestBytes]), Array(content[LedgerImage.longestBytes...])]
    }

    mutating func fill(_ byte: UInt8) { replace(Array(repeating: byte, count: memory.length)) }

    mutating func replace(_ bytes: [UInt8]) { memory.write(bytes.span, at: 0) }

    mutating func flip(bit: Int) {
        let byte = content[bit / 8] ^ (1 << UInt8(bit % 8))
        memory.write([byte].span, at: bit / 8)
    }

    /// Writes words and a checksum that is right.
    mutating func forge(at offset: Int, _ words: [UInt64]) {
        let bytes = words.littleEndianBytes
        let sealed = bytes + [LedgerImage.checksum(bytes.span)].littleEndianBytes
        memory.write(sealed.span, at: offset)
    }

    func firstDifference(_ one: [UInt8], _ other: [UInt8]) -> Int {
        one.indices.first { one[$0] != other[$0] } ?? one.count
    }

    func lastDifference(_ one: [UInt8], _ other: [UInt8]) -> Int {
        one.indices.last { one[$0] != other[$0] } ?? 0
    }
}
