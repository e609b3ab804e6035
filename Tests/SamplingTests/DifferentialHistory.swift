import Counters
import TestSupport

@testable import Accounts
@testable import Sampling
@testable import Sources

/// One counter, watched twice: by a run that reads it every second and never ends, and by runs that are killed, find the counter
/// unreadable or showing nonsense, stand still for hours, or read it more often than they have to.
struct DifferentialHistory: ~Copyable {
    /// What happens to the second watch in one step, and to the counter.
    enum Event: CaseIterable {
        case tick, extraReadings, failedReadings, kill
        /// These may cost energy, which is said.
        case longOutage, registerSetAnew, glitch

        /// Nothing may be lost by it, and nothing is to be said.
        var isHarmless: Bool { [.tick, .extraReadings, .failedReadings, .kill].contains(self) }
    }

    /// What a watch has counted, and what it says of what it could not count.
    struct Count {
        let total: UInt64
        /// How often it says that energy may be missing, or that what the counter showed was not true.
        let excuses: UInt64
        /// It has decided what all that it was shown means.
        let isSettled: Bool

        init(_ account: DomainAccount) {
            total = account.totalMicrojoules
            excuses = account.accountant.gaps + account.accountant.resets + account.accountant.glitches
            isSettled = account.accountant.doubt == nil && account.accountant.debtMicrojoules == 0
        }
    }

    private static let second: UInt64 = 1_000_000_000
    private static let boot = BootIdentity(high: 1, low: 2)
    private static let zone = "intel-rapl:0"

    private let tree: PowercapTree
    private let store: Store
    private var whole: Sampling
    private var cut: Sampling
    private var counter: SimulatedCounter
    private var moment = Moment(monotonicNanoseconds: 77 * second, boottimeNanoseconds: 99 * second)

    init(in tree: PowercapTree, _ random: inout SplitMix64) throws {
        let counter = SimulatedCounter(
            unitNanojoules: 61_035, bits: 32, register: UInt64.random(in: 0..<(1 << 32), using: &random))
        try tree.setLimit(0, of: Self.zone, name: "long_term", microwatts: 100_000_000)
        try tree.setCounter(Self.zone, counter.microjoules)
        let store = try Store()
        let cut = try Self.start(tree, store)
        self.tree = tree
        self.counter = counter
        self.store = store
        self.cut = cut
        whole = Sampling(.powercap(tree.root))
        tick()
    }

    private static func start(_ tree: PowercapTree, _ store: borrowing Store) throws -> Sampling {
        var sampling = Sampling(.powercap(tree.root))
        _ = sampling.keep(in: Ledger(try store.handOver(), boot: boot, nowUnixMicroseconds: 0))
        return sampling
    }

    /// Lets one thing happen; afterwards both watches have read the same register at the same moment.
    mutating func proceed(_ random: inout SplitMix64) throws -> Event {
        let event = try happen(&random)
        try live(milliseconds: UInt64.random(in: 1...1_000, using: &random), &random)
        tick()
        return event
    }

    private mutating func happen(_ random: inout SplitMix64) throws -> Event {
        let event = Self.pick(&random)
        switch event {
        case .tick: break
        case .extraReadings:
            for _ in 0..<Int.random(in: 1...5, using: &random) {
                try live(milliseconds: UInt64.random(in: 0...100, using: &random), &random)
                cut.refresh(at: moment)
            }
        case .failedReadings:
            for _ in 0..<Int.random(in: 1...5, using: &random) {
                try live(milliseconds: 1_000, &random)
                try tickBoth(showingTheCut: ["", "nonsense\n", "-5\n"].randomElement(using: &random) ?? "")
            }
        case .kill: try outage(ofSeconds: UInt64.random(in: 0...60, using: &random), &random)
        case .longOutage: try outage(ofSeconds: UInt64.random(in: 1_400...9_000, using: &random), &random)
        case .registerSetAnew:
            // Where it could as well have wrapped or gone on, nobody could tell.
            guard (50_000_000_000...200_000_000_000).contains(counter.microjoules) else { return .tick }
            counter.setAnew(to: 0)
            try outage(ofSeconds: UInt64.random(in: 0...20, using: &random), &random)
        case .glitch:
            guard counter.microjoules > 50_000_000_000 else { return .tick }
            try live(milliseconds: 1_000, &random)
            try tickBoth(showingTheCut: "\(UInt64.random(in: 0...10_000_000, using: &random))\n")
        }
        return event
    }

    private static func pick(_ random: inout SplitMix64) -> Event {
        switch Int.random(in: 0..<40, using: &random) {
        case 0: .longOutage
        case 1: .registerSetAnew
        case 2: .glitch
        case 3...12: .kill
        case 13...20: .failedReadings
        case 21...28: .extraReadings
        default: .tick
        }
    }

    /// Lets time pass, at up to the bound of power.
    private mutating func live(milliseconds: UInt64, _ random: inout SplitMix64) throws {
        let nanoseconds = milliseconds * 1_000_000
        counter.run(nanoseconds: nanoseconds, milliwatts: UInt64.random(in: 0...200_000, using: &random))
        moment.monotonicNanoseconds += nanoseconds
        moment.boottimeNanoseconds += nanoseconds
        try tree.setCounter(Self.zone, counter.microjoules)
    }

    /// The second watch is killed, and the next one begins after a while; the first one goes on.
    private mutating func outage(ofSeconds seconds: UInt64, _ random: inout SplitMix64) throws {
        let readings = min(seconds, 50)
        for _ in 0..<readings {
            try live(milliseconds: seconds * 1_000 / readings, &random)
            whole.tick(at: moment)
        }
        cut = try Self.start(tree, store)
    }

    private mutating func tickBoth(showingTheCut text: String) throws {
        whole.tick(at: moment)
        try tree.set("energy_uj", of: Self.zone, to: text)
        cut.tick(at: moment)
        try tree.setCounter(Self.zone, counter.microjoules)
    }

    private mutating func tick() {
        whole.tick(at: moment)
        cut.tick(at: moment)
    }

    var counts: (whole: Count, cut: Count) { (Count(whole.accounts[0]), Count(cut.accounts[0])) }
    var wraps: UInt64 { whole.accounts[0].accountant.wraps }
}
