import Counters
import TestSupport

@testable import Accounts
@testable import Sampling
@testable import Sources

/// A machine of two packages and two sensors over hours of its time, watched by one run of the program after the other.
///
/// Everything is there but the clock: zones and chips are files, the ledger is memory that outlives the runs, and time is what the
/// history says. The truth is known to the microjoule: of what is counted, only what nobody could know is missing.
struct MachineHistory: ~Copyable {
    private static let second: UInt64 = 1_000_000_000
    private static let sensorMicrowatts: UInt64 = 40_000_000
    private static let boot = BootIdentity(high: 1, low: 2)

    private let zones: PowercapTree
    private let chips: HwmonTree
    private let store: Store
    private(set) var sampling: Sampling
    private(set) var moment = Moment(monotonicNanoseconds: 77 * second, boottimeNanoseconds: 99 * second)
    private var numbers = ["0", "1"]
    private var packages: [SimulatedCounter]
    /// What each package had counted at its first reading, and what was lost since, in units.
    private var firstUnits: [UInt64]
    private var lostUnits: [UInt64] = [0, 0]
    private var unitsAtLastReading: [UInt64]
    /// The sensors' truth since the first reading, in microjoules: what counts energy, and what shows power.
    private var counted: UInt64 = 0
    private var integratedNanoseconds: UInt64 = 0
    private(set) var restarts: UInt64 = 0
    private(set) var renamings = 0
    private(set) var resets: UInt64 = 0
    /// How often each package slept long enough to hide a wrap.
    private(set) var gaps: [UInt64] = [0, 0]

    init(in zones: PowercapTree, _ chips: HwmonTree, _ random: inout SplitMix64) throws {
        var packages: [SimulatedCounter] = []
        for number in ["0", "1"] {
            let counter = SimulatedCounter(
                unitNanojoules: 61_035, bits: 32, register: UInt64.random(in: 0..<(1 << 32), using: &random))
            packages.append(counter)
            try zones.setLimit(0, of: "intel-rapl:\(number)", name: "long_term", microwatts: 100_000_000)
            try zones.setCounter("intel-rapl:\(number)", counter.microjoules)
        }
        try chips.add(0, "bmc", ["energy1_input": "5000\n", "power2_input": "\(MachineHistory.sensorMicrowatts)\n"])
        let store = try Store()
        let sampling = try MachineHistory.start(zones, store)
        self.zones = zones
        self.chips = chips
        self.store = store
        self.packages = packages
        firstUnits = packages.map(\.unitsCounted)
        unitsAtLastReading = firstUnits
        self.sampling = sampling
        pass()
    }

    private static func start(_ zones: PowercapTree, _ store: borrowing Store) throws -> Sampling {
        let roots = SystemRoots(sysfs: zones.root, procfs: zones.root, vendor: .intel)
        var sampling = Sampling(Sources(opening: .these([.powercap, .hwmon]), roots, time: .replay))
        _ = sampling.keep(in: Ledger(try store.handOver(), boot: boot, nowUnixMicroseconds: 0))
        return sampling
    }

    mutating func proceed(_ random: inout SplitMix64) throws {
        switch Int.random(in: 0..<200, using: &random) {
        case 0: try restart(after: UInt64.random(in: 0...60, using: &random), &random)
        case 1: try sleep(&random)
        case 2: try loseAPackage(&random)
        case 3...8: try live(UInt64.random(in: 2...100, using: &random) * MachineHistory.second, &random)
        default: try live(UInt64.random(in: 900_000_000...1_100_000_000, using: &random), &random)
        }
        integratedNanoseconds += pass()
    }

    /// Lets time pass, at up to the bound of power.
    private mutating func live(_ nanoseconds: UInt64, _ random: inout SplitMix64) throws {
        for index in packages.indices {
            packages[index].run(nanoseconds: nanoseconds, milliwatts: UInt64.random(in: 0...200_000, using: &random))
        }
        counted += nanoseconds / 50
        moment.monotonicNanoseconds += nanoseconds
        moment.boottimeNanoseconds += nanoseconds
        try show()
    }

    private func show() throws {
        for index in packages.indices {
            try zones.setCounter("intel-rapl:\(numbers[index])", packages[index].microjoules)
        }
        try chips.set("hwmon0/energy1_input", to: "\(5000 + counted)\n")
    }

    /// - Returns: how long the sensor's power was watched since the pass before in the same run.
    @discardableResult
    private mutating func pass() -> UInt64 {
        let before = sampling.generation == 0 ? moment.monotonicNanoseconds : sampling.lastPassNanoseconds
        _ = sampling.pass(at: moment, every: MachineHistory.second)
        unitsAtLastReading = packages.map(\.unitsCounted)
        return moment.monotonicNanoseconds - before
    }

    /// The run ends, as by SIGKILL, and the next one begins after a while.
    private mutating func restart(after seconds: UInt64, _ random: inout SplitMix64) throws {
        try live(seconds * MachineHistory.second, &random)
        sampling = try MachineHistory.start(zones, store)
        restarts += 1
    }

    /// The machine sleeps. The first package goes on afterwards, the second one's register begins anew.
    private mutating func sleep(_ random: inout SplitMix64) throws {
        try live(UInt64.random(in: 0...500_000_000, using: &random), &random)
        let seconds = UInt64.random(in: 60...36_000, using: &random)
        moment.boottimeNanoseconds += seconds * MachineHistory.second
        // Nobody could tell a new beginning from a wrap, or from going on, where these are as plausible.
        if (1_000_000_000...261_000_000_000).contains(packages[1].microjoules) {
            lostUnits[1] += packages[1].unitsCounted - unitsAtLastReading[1]
            packages[1].setAnew(to: 0)
            resets += 1
        }
        try live(UInt64.random(in: 1_000_000...500_000_000, using: &random), &random)
        for index in 0...1 {
            guard let last = account(index).accountant.last else { continue }
            let most = (moment.boottimeNanoseconds - last.moment.boottimeNanoseconds + 5_000_000) / 5
            if packages[index].microjoules >= last.raw, most >= packages[index].modulus { gaps[index] += 1 }
        }
    }

    /// A zone goes from the kernel and comes back under another number, its counter gone on.
    private mutating func loseAPackage(_ random: inout SplitMix64) throws {
        let index = Int.random(in: 0...1, using: &random)
        try zones.set("energy_uj", of: "intel-rapl:\(numbers[index])", to: "")
        moment.monotonicNanoseconds += MachineHistory.second
        moment.boottimeNanoseconds += MachineHistory.second
        for package in packages.indices {
            packages[package].run(nanoseconds: MachineHistory.second, milliwatts: 10_000)
        }
        let other = 1 - index
        try zones.setCounter("intel-rapl:\(numbers[other])", packages[other].microjoules)
        let unitsBefore = unitsAtLastReading[index]
        integratedNanoseconds += pass()
        unitsAtLastReading[index] = unitsBefore
        renamings += 1
        let number = "\(renamings + 1)"
        try zones.rename(numbers[index], to: number)
        try zones.setLimit(0, of: "intel-rapl:\(number)", name: "long_term", microwatts: 100_000_000)
        numbers[index] = number
        try live(UInt64.random(in: 1...30, using: &random) * MachineHistory.second, &random)
        // Files cannot give ENODEV, so the account is told.
        sampling.accounts[position(of: index)].take(.failure(.unregistered), at: moment)
        sampling.findMissing()
    }

    /// Runs number the zones in the order in which they find them, which changes when zones come back under other numbers.
    private func position(of package: Int) -> Int {
        sampling.accounts.firstIndex { $0.domain.tag == "package_\(package)" } ?? 0
    }

    func account(_ package: Int) -> DomainAccount { sampling.accounts[position(of: package)] }

    /// What a package's account must show: each wrap is short by what the driver rounds, and the two ends are rounded down.
    func allowed(_ index: Int) -> ClosedRange<Int> {
        let counter = packages[index]
        let nanojoules = (counter.unitsCounted - firstUnits[index] - lostUnits[index]) * counter.unitNanojoules
        let short = account(index).accountant.wraps * counter.modulusErrorNanojoules
        let exact = Int(nanojoules - short) / 1000
        let roundings = 2 + 2 * Int(resets)
        return exact - roundings...exact + roundings
    }

    var countedBySensor: UInt64 { counted }
    var integrated: UInt64 {
        integratedNanoseconds * (MachineHistory.sensorMicrowatts / 1_000_000) / 1_000
    }
}
