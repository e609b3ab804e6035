public import Kernel

/// How `pyjoules_host_energy_joules_total` is made up, so that nothing is counted twice.
public enum HostBasis: String, Sendable {
    case psys
    case packagesAndDram = "packages+dram"
}

/// Reads every domain and keeps their accounts. Two ways to call it: `tick` ends a measurement interval, `refresh` only
/// brings the totals up to date.
public struct Sampler: ~Copyable {
    private var source: EnergySource
    public private(set) var accounts: [DomainAccount]
    private var mirrors: MirrorWatch
    /// Nil if there is nothing to add up.
    public let hostBasis: HostBasis?
    /// So much time at most may lie between two passes: what the source bears, and half of what the fastest counter could run
    /// through its range in. With ticks further apart, `refresh` has to come between them.
    public let longestIntervalNanoseconds: UInt64
    /// Grows with each pass over the counters; what was made from an older one is out of date.
    public private(set) var generation: UInt64 = 0
    public private(set) var ticks: UInt64 = 0
    /// When the latest pass began, on the monotonic clock; 0 before the first.
    public private(set) var lastPassNanoseconds: UInt64 = 0
    /// Between the beginnings of the two latest ticks, as measured; nil before there were two.
    public private(set) var intervalNanoseconds: UInt64?
    /// When the latest tick began, on the monotonic clock; nil before the first.
    public private(set) var lastTickNanoseconds: UInt64?

    /// No energy: the program runs and says so.
    public static func withoutSource() -> Sampler {
        Sampler(source: .none, accounts: [])
    }

    /// Reads the counters of powercap zones.
    public static func powercap(_ zones: [PowercapZone]) throws(SystemError) -> Sampler {
        let accounts = zones.map { zone in
            DomainAccount(
                domain: zone.domain, unitMicrojoules: zone.unitMicrojoules,
                accountant: CounterAccountant(modulus: zone.modulus, boundMicrowatts: zone.boundMicrowatts))
        }
        return Sampler(source: .powercap(try PowercapSource(opening: zones)), accounts: accounts)
    }

    /// Reads the kernel's power unit. At least every `PerfSource.longestIntervalNanoseconds` a pass is needed.
    public static func perf(_ groups: [PerfGroup], procfs: String) throws(PerfError) -> Sampler {
        let accounts = groups.flatMap(\.zones).map { zone in
            DomainAccount(
                domain: zone.domain, unitMicrojoules: PerfSource.unitMicrojoules,
                accountant: CounterAccountant(
                    modulus: PerfSource.modulus, boundMicrowatts: PlausiblePower.boundMicrowatts(zone.domain.kind)))
        }
        let source = try PerfSource(opening: groups, procfs: procfs)
        return Sampler(
            source: .perf(source), accounts: accounts, longestIntervalNanoseconds: PerfSource.longestIntervalNanoseconds
        )
    }

    /// Reads the sensors of hwmon.
    public static func hwmon(_ sensors: [HwmonSensor]) throws(SystemError) -> Sampler {
        let accounts = sensors.map { sensor in
            DomainAccount(
                domain: sensor.domain, unitMicrojoules: 1,
                accountant: CounterAccountant(
                    modulus: HwmonSource.modulus, boundMicrowatts: PlausiblePower.boundMicrowatts(.sensor)))
        }
        return Sampler(source: .hwmon(try HwmonSource(opening: sensors)), accounts: accounts)
    }

    /// Reads the counters of a machine that does not exist.
    public static func simulated(startNanoseconds: UInt64) -> Sampler {
        let accounts = SimulatedSource.models.map {
            DomainAccount(
                domain: $0.domain, unitMicrojoules: 1,
                accountant: CounterAccountant(
                    modulus: SimulatedSource.modulus, boundMicrowatts: SimulatedSource.boundMicrowatts))
        }
        return Sampler(source: .simulated(SimulatedSource(startNanoseconds: startNanoseconds)), accounts: accounts)
    }

    init(source: consuming EnergySource, accounts: [DomainAccount], longestIntervalNanoseconds: UInt64 = .max) {
        self.source = source
        let knowable = accounts.map(\.accountant.knowableNanoseconds).min() ?? .max
        self.longestIntervalNanoseconds = min(longestIntervalNanoseconds, knowable / 2)
        self.accounts = accounts
        mirrors = MirrorWatch(accounts.map(\.domain))
        let kinds = accounts.map(\.domain.kind)
        hostBasis = kinds.contains(.psys) ? .psys : kinds.contains(.package) ? .packagesAndDram : nil
    }

    /// Ends a measurement interval: totals and power.
    public mutating func tick() {
        let began = beginPass()
        compareSuspects()
        for index in accounts.indices where !accounts[index].isMirror {
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
        for index in accounts.indices where !accounts[index].isMirror { _ = readDomain(index) }
    }

    /// The machine's energy without double counting, in microjoules.
    public var hostMicrojoules: UInt64 {
        var sum: UInt64 = 0
        for account in accounts where isPartOfHost(account.domain.kind) { sum &+= account.totalMicrojoules }
        return sum
    }

    /// Something that the machine's energy is made up of has been read; before, it is unknown and not 0.
    public var isHostKnown: Bool {
        accounts.contains { isPartOfHost($0.domain.kind) && $0.hasBeenRead }
    }

    private func isPartOfHost(_ kind: DomainKind) -> Bool {
        switch (hostBasis, kind) {
        case (.psys, .psys), (.packagesAndDram, .package), (.packagesAndDram, .dram): true
        default: false
        }
    }

    /// Goes on from what an earlier run had counted for a domain. To be called before the first pass.
    ///
    /// A counter that began with this process says nothing of the time between the two: that is a gap.
    mutating func restore(_ index: Int, _ accountant: CounterAccountant, startUnixMicroseconds: UInt64) {
        precondition(generation == 0)
        accounts[index].restore(accountant, startUnixMicroseconds: startUnixMicroseconds)
        if !source.counterOutlivesProcess(index) { accounts[index].noteUnseenTime() }
    }

    private mutating func beginPass() -> UInt64 {
        generation += 1
        lastPassNanoseconds = Clock.monotonicNanoseconds()
        source.beginPass()
        return lastPassNanoseconds
    }

    /// Reads one domain; the time is taken beside its own reading, since a pass over many zones takes a while.
    private mutating func readDomain(_ index: Int) -> UInt64 {
        let moment = Moment.now()
        accounts[index].note(read(index, moment.monotonicNanoseconds), at: moment)
        // A reading that failed ends no hole.
        if accounts[index].failure == nil, source.hasHoleBefore(index) { accounts[index].noteHole() }
        return moment.monotonicNanoseconds
    }

    private mutating func read(_ index: Int, _ now: UInt64) -> Reading {
        source.read(index, atNanoseconds: now)
    }
}

extension Moment {
    static func now() -> Moment {
        Moment(
            monotonicNanoseconds: Clock.monotonicNanoseconds(), boottimeNanoseconds: Clock.boottimeNanoseconds())
    }
}

/// Zones that were unregistered, which is for ever on the descriptors that had them open.
extension Sampler {
    /// There is a zone that has gone from the kernel and may come back.
    public var hasLostZones: Bool {
        accounts.contains { $0.failure == .unregistered && !$0.isMirror }
    }

    /// The kernel's name of a domain's zone as it is now: a zone that came back may have another number. Nil for sources without.
    public func zoneName(_ index: Int) -> String? { source.zone(index)?.name }

    /// Opens the counters of lost zones that are there again: found by what they measure, since their numbers may be others.
    /// A zone that cannot be opened stays lost.
    public mutating func reattach(_ zones: [PowercapZone]) {
        for index in accounts.indices where accounts[index].failure == .unregistered {
            guard let zone = zones.first(where: { source.zone(index)?.isSame(as: $0) ?? false }) else { continue }
            do throws(SystemError) {
                try source.reopen(index, zone)
            } catch {
                continue
            }
            if zone.modulus != accounts[index].accountant.modulus {
                accounts[index].replaceCounter(modulus: zone.modulus, boundMicrowatts: zone.boundMicrowatts)
            }
        }
    }
}

/// Dies that all show the counter of their socket.
extension Sampler {
    /// Compares the counters of dies of one socket from time to time, and counts only one of those that are the same.
    private mutating func compareSuspects() {
        guard mirrors.isDue(tick: ticks) else { return }
        for pair in mirrors.pairs.indices {
            let (leader, follower) = (mirrors.pairs[pair].leader, mirrors.pairs[pair].follower)
            let now = Clock.monotonicNanoseconds()
            let verdict = mirrors.compare(pair, read(leader, now), read(follower, now), read(leader, now))
            if let isMirror = verdict { accounts[follower].setMirror(isMirror) }
        }
    }

    /// For each domain that may turn out to be a mirror, the domain whose counter it would show.
    public var suspects: [Int: Domain] {
        Dictionary(uniqueKeysWithValues: mirrors.pairs.map { ($0.follower, accounts[$0.leader].domain) })
    }
}
