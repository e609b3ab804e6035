public import Counters
import Kernel

/// Finds the energy events of the kernel's `power` performance monitoring unit, which reads the same registers as powercap.
/// See arch/x86/events/rapl.c in the kernel's source.
///
/// Newer kernels have a unit `power_core` beside it, with one counter for each of AMD's cores. It is not read: hundreds of
/// counters that all lie inside their packages.
public struct PerfDiscovery: Sendable {
    /// A group for each processor of the unit's `cpumask`, in its order.
    public private(set) var groups: [PerfGroup] = []
    /// What is shown and not counted, and why.
    public private(set) var refused: [RefusedZone] = []

    /// The domains of all groups, in the order in which `PerfSource` numbers them.
    public var domains: [Domain] { groups.flatMap(\.zones).map(\.domain) }

    /// What the unit promises: 2^-32 J, written out, and joules. Energy is computed from it in integers, so nothing else will do.
    static let scale = "2.3283064365386962890625e-10"
    static let unit = "Joules"

    /// Looks under `sysfs`, the root that has `bus/event_source` and `devices/system/cpu`.
    public init(sysfs: String, vendor: ProcessorVendor) {
        let unit = SysfsDirectory(path: sysfs + "/bus/event_source/devices/power")
        guard !unit.names.isEmpty else { return }
        do throws(UnusableAttribute) {
            let type = try unit.value("type") { UInt32($0) }
            let processors = try unit.value("cpumask", processorList)
            let events = events(in: unit.path, vendor)
            compose(events, type, onePerCounter(places(of: processors, sysfs), vendor))
        } catch {
            refused.append(RefusedZone(name: "power", reason: error.reason))
        }
    }

    /// The events that can be counted, the package first, since it leads.
    private mutating func events(in unit: String, _ vendor: ProcessorVendor) -> [EnergyEvent] {
        let directory = SysfsDirectory(path: unit + "/events")
        var events: [EnergyEvent] = []
        for name in directory.names where name.hasPrefix("energy-") && !name.contains(".") {
            do throws(UnusableAttribute) {
                events.append(try EnergyEvent(name, in: directory, vendor))
            } catch {
                refused.append(RefusedZone(name: "power/" + name, reason: error.reason))
            }
        }
        let leading = events.filter { $0.kind == .package }
        return leading + events.filter { $0.kind != .package }
    }

    /// Where the processors are, those left out that nobody can place.
    private mutating func places(of processors: [Int], _ sysfs: String) -> [Place] {
        var places: [Place] = []
        for processor in processors {
            do throws(UnusableAttribute) {
                places.append(try Place(of: processor, sysfs))
            } catch {
                refused.append(RefusedZone(name: "power/cpu\(processor)", reason: error.reason))
            }
        }
        return places
    }

    /// AMD's packages have one energy counter, also where the kernel lists each of their dies. Events begin at 0 at different
    /// moments, so that readings could not show it.
    private mutating func onePerCounter(_ places: [Place], _ vendor: ProcessorVendor) -> [Place] {
        guard vendor == .amd else { return places }
        var kept: [Place] = []
        for place in places {
            if kept.contains(where: { $0.socket == place.socket }) {
                refused.append(RefusedZone(name: "power/cpu\(place.processor)", reason: .duplicate))
            } else {
                kept.append(place)
            }
        }
        return kept
    }

    private mutating func compose(_ events: [EnergyEvent], _ type: UInt32, _ places: [Place]) {
        var count = 0
        for place in places {
            let hasSeveralDies = places.count { $0.socket == place.socket } > 1
            var zones: [PerfZone] = []
            for event in events {
                let name = "power/\(event.name)/cpu\(place.processor)"
                let domain = event.domain(at: place, hasSeveralDies: hasSeveralDies)
                // The platform is measured once, and a processor without a die of its own repeats its package.
                guard !domains.contains(domain) else {
                    refused.append(RefusedZone(name: name, reason: .duplicate))
                    continue
                }
                guard count < PerfSource.capacity else {
                    refused.append(RefusedZone(name: name, reason: .tooMany))
                    continue
                }
                let perfEvent = PerfEvent(type: type, config: event.config, processor: place.processor)
                zones.append(PerfZone(name: name, event: perfEvent, domain: domain))
                count += 1
            }
            if !zones.isEmpty { groups.append(PerfGroup(zones: zones)) }
        }
    }
}

/// What one event of the unit counts, the same on each processor.
private struct EnergyEvent {
    let name: String
    let config: UInt64
    let kind: DomainKind

    init(_ name: String, in directory: SysfsDirectory, _ vendor: ProcessorVendor) throws(UnusableAttribute) {
        guard let kind = EnergyEvent.kind(of: name, vendor) else {
            throw UnusableAttribute(reason: .unknownName(name))
        }
        config = try directory.value(name, EnergyEvent.config)
        _ = try directory.value(name + ".scale") { $0 == PerfDiscovery.scale ? $0 : nil }
        _ = try directory.value(name + ".unit") { $0 == PerfDiscovery.unit ? $0 : nil }
        self.name = name
        self.kind = kind
    }

    func domain(at place: Place, hasSeveralDies: Bool) -> Domain {
        guard kind != .psys else { return Domain(kind: .psys, socket: 0) }
        return Domain(kind: kind, socket: place.socket, die: hasSeveralDies ? place.die : nil)
    }

    private static func kind(of name: String, _ vendor: ProcessorVendor) -> DomainKind? {
        switch name {
        case "energy-pkg": .package
        case "energy-cores": vendor == .amd ? .leadCore : .core
        case "energy-gpu": .uncore
        case "energy-ram": .dram
        case "energy-psys": .psys
        default: nil
        }
    }

    /// `event=0x02`: the unit's format has nothing but the eight bits of `event`.
    private static func config(_ text: String) -> UInt64? {
        let prefix = "event=0x"
        guard text.hasPrefix(prefix), let number = UInt8(text.dropFirst(prefix.count), radix: 16) else { return nil }
        return UInt64(number)
    }
}

/// Where a processor is.
private struct Place {
    let processor: Int
    let socket: Int
    /// Nil where the kernel does not know dies.
    let die: Int?

    init(of processor: Int, _ sysfs: String) throws(UnusableAttribute) {
        let topology = SysfsDirectory(path: "\(sysfs)/devices/system/cpu/cpu\(processor)/topology")
        self.processor = processor
        socket = try topology.value("physical_package_id", naturalNumber)
        die = try topology.textIfPresent("die_id").flatMap(naturalNumber)
    }
}

private func naturalNumber(_ text: String) -> Int? {
    UInt16(text).map(Int.init)
}

/// A list of processors as the kernel writes it: `0,18` or `0-3,8`. Nil if it is empty, no list, or longer than there is room for.
private func processorList(_ text: String) -> [Int]? {
    var processors: [Int] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
        let bounds = part.split(separator: "-", omittingEmptySubsequences: false)
        let numbers = bounds.compactMap { UInt16($0).map(Int.init) }
        guard numbers.count == bounds.count, numbers.count <= 2, let first = numbers.first, let last = numbers.last,
            first <= last, processors.count + last - first < PerfSource.capacity
        else { return nil }
        processors += first...last
    }
    return processors
}
