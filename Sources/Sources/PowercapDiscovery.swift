import Counters
import Kernel

/// Finds the RAPL zones under /sys/class/powercap. See Documentation/power/powercap/powercap.rst in the kernel's source.
public struct PowercapDiscovery: Sendable {
    /// Those that can be counted, in the order in which `PowercapSource` numbers them.
    public private(set) var zones: [PowercapZone] = []
    /// The others, and why they cannot.
    public private(set) var refused: [RefusedZone] = []
    private let root: String
    private let vendor: ProcessorVendor
    private var platforms = 0

    /// Control types that show RAPL zones, the more exact first: where two show one domain, the first that has it counts.
    private static let controlTypes = ["intel-rapl", "intel-rapl-tpmi", "intel-rapl-mmio"]

    /// Looks under `sysfs`, the root that has `class/powercap`.
    public init(sysfs: String, vendor: ProcessorVendor) {
        root = sysfs + "/class/powercap"
        self.vendor = vendor
        let entries = SysfsDirectory(path: root).names
        for controlType in PowercapDiscovery.controlTypes {
            let prefix = controlType + ":"
            let mine = entries.filter { $0.hasPrefix(prefix) }
                .compactMap { ZoneNumber(entry: $0, prefix: prefix) }
                .sorted()
            for zone in mine { consider(zone, among: mine) }
        }
    }

    private mutating func consider(_ zone: ZoneNumber, among all: [ZoneNumber]) {
        var domain: Domain?
        do throws(UnusableAttribute) {
            let identity = try identify(zone, among: all)
            domain = identity
            guard !zones.contains(where: { $0.domain == identity }) else { throw UnusableAttribute(reason: .duplicate) }
            let directory = attributes(of: zone).path
            let range = try PowercapDiscovery.range(attributes(of: zone))
            try PowercapDiscovery.checkReadable(directory)
            guard zones.count < PowercapSource.capacity else { throw UnusableAttribute(reason: .tooMany) }
            if identity.kind == .psys { platforms += 1 }
            let limits = PowerLimits(zoneDirectory: directory)
            let parentLimits = zone.parent.map { PowerLimits(zoneDirectory: attributes(of: $0).path) }
            zones.append(
                PowercapZone(
                    name: zone.entry, directory: directory, domain: identity, modulus: range.modulus,
                    unitMicrojoules: range.unit,
                    boundMicrowatts: PlausiblePower.boundMicrowatts(identity.kind, own: limits, parent: parentLimits),
                    limits: limits.limits))
        } catch {
            refused.append(RefusedZone(name: zone.entry, domain: domain, reason: error.reason))
        }
    }

    /// What the zone measures: by its own name, and for a sub-zone by its parent's.
    private func identify(_ zone: ZoneNumber, among all: [ZoneNumber]) throws(UnusableAttribute) -> Domain {
        let name = try attributes(of: zone).text("name")
        if let package = PackageName(name) {
            return Domain(kind: .package, socket: package.socket, die: package.die)
        }
        guard let kind = kind(of: name) else { throw UnusableAttribute(reason: .unknownName(name)) }
        guard let parent = zone.parent, all.contains(parent) else {
            guard kind == .psys else { throw UnusableAttribute(reason: .unknownName(name)) }
            return Domain(kind: .psys, socket: platforms)
        }
        let parentName = try attributes(of: parent).text("name")
        guard let package = PackageName(parentName) else {
            throw UnusableAttribute(reason: .unknownName("\(parentName)/\(name)"))
        }
        return Domain(kind: kind, socket: package.socket, die: package.die)
    }

    private func kind(of name: String) -> DomainKind? {
        switch name {
        case "core": vendor == .amd ? .leadCore : .core
        case "uncore": .uncore
        case "dram": .dram
        case "psys": .psys
        default: nil
        }
    }

    private func attributes(of zone: ZoneNumber) -> SysfsDirectory {
        SysfsDirectory(path: "\(root)/\(zone.entry)")
    }

    /// The range is the largest value the counter shows: 2^32 - 1 units of hardware, so one unit more is a whole turn.
    private static func range(
        _ attributes: SysfsDirectory
    ) throws(UnusableAttribute) -> (modulus: UInt64, unit: UInt64) {
        let range = try attributes.value("max_energy_range_uj") { text in
            UInt64(text).flatMap { $0 > 0 && $0 < UInt64.max / 2 ? $0 : nil }
        }
        let registerRange: UInt64 = 0xFFFF_FFFF
        let unit = max(1, (range + registerRange / 2) / registerRange)
        return (range + unit, unit)
    }

    /// Permission is checked when a counter is opened and never again, so it is opened to know.
    private static func checkReadable(_ directory: String) throws(UnusableAttribute) {
        do {
            _ = try FileDescriptor.open(reading: directory + "/energy_uj")
        } catch {
            let isForbidden = error.code == .permissionDenied || error.code == .operationNotPermitted
            throw UnusableAttribute(reason: isForbidden ? .permissionDenied : .failed(error.code))
        }
    }
}
