public import Kernel

/// Where readings come from.
public enum EnergySource: ~Copyable {
    case none
    case powercap(PowercapSource)
    case simulated(SimulatedSource)
}

/// How `pyjoules_host_energy_joules_total` is made up, so that nothing is counted twice.
public enum HostBasis: String, Sendable {
    case psys
    case packagesAndDram = "packages+dram"
}

/// Reads every domain and keeps their accounts. Two ways to call it: `tick` ends a measurement interval, `refresh` only
/// brings the totals up to date.
public struct Sampler: ~Copyable {
    private let source: EnergySource
    public private(set) var accounts: [DomainAccount]
    /// Nil if there is nothing to add up.
    public let hostBasis: HostBasis?
    /// Grows with each pass over the counters; what was made from an older one is out of date.
    public private(set) var generation: UInt64 = 0
    public private(set) var ticks: UInt64 = 0
    /// When the latest pass began, on the monotonic clock; 0 before the first.
    public private(set) var lastPassNanoseconds: UInt64 = 0
    /// Between the beginnings of the two latest ticks, as measured; nil before there were two.
    public private(set) var intervalNanoseconds: UInt64?
    private var lastTickNanoseconds: UInt64?

    /// No energy: the program runs and says so.
    public static func withoutSource() -> Sampler {
        Sampler(source: .none, accounts: [])
    }

    /// Reads the counters of powercap zones.
    public static func powercap(_ zones: [PowercapZone]) throws(SystemError) -> Sampler {
        let accounts = zones.map { DomainAccount(domain: $0.domain, modulus: $0.modulus) }
        return Sampler(source: .powercap(try PowercapSource(opening: zones)), accounts: accounts)
    }

    /// Reads the counters of a machine that does not exist.
    public static func simulated(startNanoseconds: UInt64) -> Sampler {
        let accounts = SimulatedSource.models.map {
            DomainAccount(domain: $0.domain, modulus: SimulatedSource.modulus)
        }
        return Sampler(source: .simulated(SimulatedSource(startNanoseconds: startNanoseconds)), accounts: accounts)
    }

    init(source: consuming EnergySource, accounts: [DomainAccount]) {
        self.source = source
        self.accounts = accounts
        let kinds = accounts.map(\.domain.kind)
        hostBasis = kinds.contains(.psys) ? .psys : kinds.contains(.package) ? .packagesAndDram : nil
    }

    /// Ends a measurement interval: totals and power.
    public mutating func tick() {
        let began = beginPass()
        for index in accounts.indices {
            let now = readDomain(index)
            accounts[index].endInterval(atNanoseconds: now)
        }
        ticks += 1
        if let lastTickNanoseconds { intervalNanoseconds = began - lastTickNanoseconds }
        lastTickNanoseconds = began
    }

    /// Brings the totals up to date between two ticks.
    public mutating func refresh() {
        _ = beginPass()
        for index in accounts.indices { _ = readDomain(index) }
    }

    /// The machine's energy without double counting, in microjoules.
    public var hostMicrojoules: UInt64 {
        var sum: UInt64 = 0
        for account in accounts {
            switch (hostBasis, account.domain.kind) {
            case (.psys, .psys), (.packagesAndDram, .package), (.packagesAndDram, .dram):
                sum &+= account.totalMicrojoules
            default: break
            }
        }
        return sum
    }

    private mutating func beginPass() -> UInt64 {
        generation += 1
        lastPassNanoseconds = Clock.monotonicNanoseconds()
        return lastPassNanoseconds
    }

    /// Reads one domain; the time is taken beside its own reading, since a pass over many zones takes a while.
    private mutating func readDomain(_ index: Int) -> UInt64 {
        let now = Clock.monotonicNanoseconds()
        switch source {
        case .none: break
        case .powercap(let zones): accounts[index].note(zones.read(index))
        case .simulated(let model): accounts[index].note(model.read(index, atNanoseconds: now))
        }
        return now
    }
}
