import Counters
import Kernel

/// A counter that was found, before it is opened.
struct FoundCounter {
    /// What it says of itself.
    let facts: CounterFacts
    /// The power limits that the kernel states for it.
    var limits: [PowerLimit] = []
    /// The same as files, if they can be read again.
    var limitFiles: LimitFiles?
    /// Counters of one group can only be opened together.
    let group: Int
}

/// What a close look at one kind of source found. A further kind is a further case: it says what it found, and how that is opened.
enum Discovery {
    case powercap(PowercapDiscovery)
    case perf(PerfDiscovery)
    case hwmon(HwmonDiscovery)
    case feeds(FeedDiscovery)

    /// Looks for a kind in sysfs; nil for one that is not found there.
    init?(_ kind: SourceKind, _ roots: SystemRoots, known: KnownCounters, _ memory: HwmonMemory) {
        switch kind {
        case .powercap: self = .powercap(PowercapDiscovery(sysfs: roots.sysfs, vendor: roots.vendor, known: known))
        case .perf: self = .perf(PerfDiscovery(sysfs: roots.sysfs, vendor: roots.vendor))
        case .hwmon: self = .hwmon(HwmonDiscovery(sysfs: roots.sysfs, remembering: memory))
        case .feeds, .simulated: return nil
        }
    }

    /// What can be counted.
    var found: [FoundCounter] {
        switch self {
        case .powercap(let discovery):
            discovery.zones.enumerated().map { number, zone in
                FoundCounter(facts: zone.facts, limits: zone.limits, limitFiles: zone.limitFiles, group: number)
            }
        case .perf(let discovery):
            discovery.groups.enumerated().flatMap { number, group in
                group.zones.map { FoundCounter(facts: $0.facts, group: number) }
            }
        case .hwmon(let discovery):
            discovery.sensors.enumerated().map { number, sensor in
                FoundCounter(facts: sensor.facts, limits: sensor.limits, limitFiles: sensor.limitFiles, group: number)
            }
        case .feeds(let discovery):
            discovery.found.enumerated().map { number, found in FoundCounter(facts: found.facts, group: number) }
        }
    }

    /// What cannot.
    var refused: [RefusedZone] {
        switch self {
        case .powercap(let discovery): discovery.refused
        case .perf(let discovery): discovery.refused
        case .hwmon(let discovery): discovery.refused
        case .feeds(let discovery): discovery.refused
        }
    }
}

/// Why counters that were found could not be opened.
struct NotOpened: Error {
    let reason: RefusedZone.Reason
    /// The one that is refused, where that says nothing of the others of its group.
    var zone: String?
    /// The same with its remedy, where perf refused.
    var perfError: PerfError?

    init(_ error: SystemError) {
        let isForbidden = error.code == .permissionDenied || error.code == .operationNotPermitted
        reason = isForbidden ? .permissionDenied : .failed(error.code)
    }

    init(_ error: PerfError) {
        switch error {
        case .forbidden: reason = .permissionDenied
        case .failed(let zone, let error):
            reason = .failed(error.code)
            self.zone = zone
        }
        perfError = error
    }
}

extension Sources {
    /// Opens counters of one group, each in the place among its kind that is named, or as one more.
    ///
    /// - Parameter positions: which of `found` they are.
    mutating func open(_ discovery: Discovery, _ positions: [Int], at places: [Int]) throws(NotOpened) {
        switch discovery {
        case .powercap(let discovery):
            for (position, place) in zip(positions, places) { try open(discovery.zones[position], at: place) }
        case .hwmon(let discovery):
            for (position, place) in zip(positions, places) { try open(discovery.sensors[position], at: place) }
        case .feeds(let discovery):
            for (position, place) in zip(positions, places) { feeds.attach(discovery.found[position], at: place) }
        case .perf(let discovery):
            let zones = discovery.groups.flatMap(\.zones)
            try open(positions.map { zones[$0] }, at: places)
        }
    }

    private mutating func open(_ zone: PowercapZone, at place: Int) throws(NotOpened) {
        do throws(SystemError) { try powercap.open(zone, at: place) } catch { throw NotOpened(error) }
    }

    private mutating func open(_ sensor: HwmonSensor, at place: Int) throws(NotOpened) {
        do throws(SystemError) {
            if place == count(of: .hwmon) {
                try hwmon.append(sensor)
            } else {
                try hwmon.reopen(place, sensor)
            }
        } catch {
            throw NotOpened(error)
        }
        hwmonMemory.keep(sensor)
    }

    private mutating func open(_ group: [PerfZone], at places: [Int]) throws(NotOpened) {
        do throws(PerfError) {
            try perf.open(group, at: places, procfs: roots.procfs, calls: perfCalls)
        } catch {
            throw NotOpened(error)
        }
    }
}
