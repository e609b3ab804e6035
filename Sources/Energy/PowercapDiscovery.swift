public import Kernel

/// A zone of the kernel's powercap framework that is to be counted.
public struct PowercapZone: Sendable, Equatable {
    /// The kernel's name of the directory, such as `intel-rapl:0:1`. Its numbers are no identity: the kernel reuses them.
    public let name: String
    public let directory: String
    public let domain: Domain
    /// How far the counter runs before it starts again from 0, in microjoules.
    public let modulus: UInt64
    /// The least that the counter moves by, in microjoules.
    public let unitMicrojoules: UInt64
    /// More power than this is not believed of it.
    public let boundMicrowatts: UInt64
    public let limits: [PowerLimit]

    public var counterPath: String { directory + "/energy_uj" }

    /// Who shows the zone: `intel-rapl`, or `intel-rapl-mmio`, whose counter is another one.
    var controlType: Substring { name.prefix { $0 != ":" } }

    /// Whether a zone that was found later is this one come back, whatever its number is now.
    func isSame(as other: PowercapZone) -> Bool {
        domain == other.domain && controlType == other.controlType
    }
}

/// A zone that is shown by the kernel and not counted, and why.
public struct RefusedZone: Sendable, Equatable {
    public enum Reason: Sendable, Equatable {
        /// Another control type shows the same counter already; `intel-rapl-mmio` repeats a package.
        case duplicate
        /// Its `name` is not one that RAPL uses.
        case unknownName(String)
        /// An attribute is missing or makes no sense.
        case badAttribute(String)
        case permissionDenied
        case failed(ErrorCode)
        /// More zones than this program has room for.
        case tooMany
    }

    public let name: String
    /// What it would measure, as far as its name could be read.
    public let domain: Domain?
    public let reason: Reason

    init(name: String, domain: Domain? = nil, reason: Reason) {
        self.name = name
        self.domain = domain
        self.reason = reason
    }
}

/// Finds the RAPL zones under /sys/class/powercap. See Documentation/power/powercap/powercap.rst in the kernel's source.
public struct PowercapDiscovery: Sendable {
    public private(set) var zones: [PowercapZone] = []
    public private(set) var refused: [RefusedZone] = []
    private let root: String
    private let vendor: ProcessorVendor
    private var platforms = 0

    /// Control types that show RAPL zones, the more exact first: where two show one domain, the first that has it counts.
    private static let controlTypes = ["intel-rapl", "intel-rapl-tpmi", "intel-rapl-mmio"]

    /// `sysfs` is the root that has `class/powercap`.
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

/// `intel-rapl:0:1` as its control type's prefix and its numbers.
private struct ZoneNumber: Comparable {
    let entry: String
    private let prefix: String
    private let numbers: [Int]

    init?(entry: String, prefix: String) {
        let parts = entry.dropFirst(prefix.count).split(separator: ":", omittingEmptySubsequences: false)
        let numbers = parts.compactMap { Int($0) }
        guard numbers.count == parts.count, numbers.count <= 2 else { return nil }
        self.init(prefix: prefix, numbers: numbers)
    }

    private init(prefix: String, numbers: [Int]) {
        self.entry = prefix + numbers.map(String.init).joined(separator: ":")
        self.prefix = prefix
        self.numbers = numbers
    }

    /// The zone this one is a part of; nil at the top.
    var parent: ZoneNumber? {
        numbers.count > 1 ? ZoneNumber(prefix: prefix, numbers: numbers.dropLast()) : nil
    }

    static func < (left: ZoneNumber, right: ZoneNumber) -> Bool {
        left.numbers.lexicographicallyPrecedes(right.numbers)
    }
}

/// `package-0` or `package-0-die-1`.
private struct PackageName {
    let socket: Int
    let die: Int?

    init?(_ name: String) {
        let parts = name.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2 || parts.count == 4, parts[0] == "package", let socket = Int(parts[1]), socket >= 0
        else {
            return nil
        }
        self.socket = socket
        guard parts.count == 4 else {
            die = nil
            return
        }
        guard parts[2] == "die", let die = Int(parts[3]), die >= 0 else { return nil }
        self.die = die
    }
}
