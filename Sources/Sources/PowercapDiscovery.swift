import Counters
import Kernel

/// Finds the zones under /sys/class/powercap that show energy. See Documentation/power/powercap/powercap.rst in the kernel's source.
///
/// The zones of RAPL are told by their names; those of other control types are counted under names of their own, in no sum. Whatever
/// shows energy ends among `zones` or, with a reason, among `refused`.
public struct PowercapDiscovery: Sendable {
    /// Those that can be counted, in the order in which `PowercapSource` numbers them.
    public private(set) var zones: [PowercapZone] = []
    /// The others, and why they cannot.
    public private(set) var refused: [RefusedZone] = []
    private let root: String
    private let vendor: ProcessorVendor
    private let known: KnownCounters

    /// Control types that show RAPL zones, the more exact first: where two show one domain, the first that has it counts.
    private static let controlTypes = ["intel-rapl", "intel-rapl-tpmi", "intel-rapl-mmio"]

    /// Looks under `sysfs`, the root that has `class/powercap`.
    public init(sysfs: String, vendor: ProcessorVendor) {
        self.init(sysfs: sysfs, vendor: vendor, known: KnownCounters())
    }

    /// Looks again: what is open already needs no right to open it.
    init(sysfs: String, vendor: ProcessorVendor, known: KnownCounters) {
        root = sysfs + "/class/powercap"
        self.vendor = vendor
        self.known = known
        let entries = SysfsDirectory(path: root).names.compactMap { PowercapEntry($0) }
        let types = Set(entries.map(\.controlType))
        let others = types.subtracting(PowercapDiscovery.controlTypes).sorted()
        for type in PowercapDiscovery.controlTypes + others {
            let mine = entries.filter { $0.controlType == type }.sorted()
            let isRAPL = PowercapDiscovery.isRAPL(type)
            var names = PowercapNames(type, isRAPL: isRAPL, of: mine, in: root, vendor: vendor, known: known)
            for entry in mine where isZone(entry) { consider(entry, &names) }
        }
        refuseWhatDoesNotFit()
    }

    /// What shows energy or power is one, and whatever there is of a control type that is known to.
    private func isZone(_ entry: PowercapEntry) -> Bool {
        let type = entry.controlType
        if PowercapDiscovery.isRAPL(type) ? entry.hasNumbersOfRAPL : PowercapDiscovery.measures(type) { return true }
        return ["energy_uj", "power_uw"].contains(where: attributes(of: entry).has)
    }

    private static func isRAPL(_ type: String) -> Bool { controlTypes.contains(type) }

    /// See drivers/powercap/arm_scmi_powercap.c and dtpm.c: what they register shows power, and no energy in today's kernels.
    private static func measures(_ type: String) -> Bool { type == "arm-scmi" || type == "dtpm" }

    private mutating func consider(_ entry: PowercapEntry, _ names: inout PowercapNames) {
        var domain: Domain?
        do throws(UnusableAttribute) {
            try checkShown(entry)
            let name = try names.name(entry) { tag in zones.contains { $0.domain.tag == tag } }
            let (identity, found) = (name.identity, name.domain)
            domain = found
            guard !zones.contains(where: { $0.domain == found }) else { throw UnusableAttribute(reason: .duplicate) }
            let range = try range(of: entry)
            let directory = attributes(of: entry).path
            if !known.isRead(identity) { try PowercapDiscovery.checkReadable(directory) }
            let limits = PowerLimits(zoneDirectory: directory)
            let parent = entry.parent.map { attributes(of: $0).path }
                .map { (directory: $0, limits: PowerLimits(zoneDirectory: $0)) }
            zones.append(
                PowercapZone(
                    name: entry.name, directory: directory, domain: found, modulus: range.modulus,
                    unitMicrojoules: range.unit,
                    boundMicrowatts: PlausiblePower.boundMicrowatts(found.kind, own: limits, parent: parent?.limits),
                    limits: limits.limits, limitFiles: LimitFiles(own: (directory, limits), parent: parent),
                    identity: identity))
        } catch {
            refused.append(RefusedZone(name: entry.name, domain: domain, reason: error.reason))
        }
    }

    /// A container engine hides the directories of all zones, and leaves the class. A zone of RAPL always has energy.
    private func checkShown(_ entry: PowercapEntry) throws(UnusableAttribute) {
        let attributes = attributes(of: entry)
        guard Files.realPath(attributes.path) != nil else { throw UnusableAttribute(reason: .hidden) }
        guard PowercapDiscovery.isRAPL(entry.controlType) || attributes.has("energy_uj") else {
            throw UnusableAttribute(reason: .noEnergy(showsPower: attributes.has("power_uw")))
        }
    }

    /// Parts give way to what they lie in.
    private mutating func refuseWhatDoesNotFit() {
        var surplus: [RefusedZone] = []
        while zones.count > PowercapSource.capacity {
            let last = zones.lastIndex { PowercapEntry($0.name)?.parent != nil } ?? zones.count - 1
            let zone = zones.remove(at: last)
            surplus.append(RefusedZone(name: zone.name, domain: zone.domain, reason: .tooMany))
        }
        refused += surplus.reversed()
    }

    private func attributes(of entry: PowercapEntry) -> SysfsDirectory {
        SysfsDirectory(path: "\(root)/\(entry.name)")
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

/// Where a zone's counter starts again.
extension PowercapDiscovery {
    /// The range is the largest value that the counter shows. RAPL's is 2^32 - 1 units of hardware, so one unit more is a whole turn;
    /// of others the unit is not known, and those that state no range do not start again.
    private func range(of entry: PowercapEntry) throws(UnusableAttribute) -> (modulus: UInt64, unit: UInt64) {
        let attribute = "max_energy_range_uj"
        let isRAPL = PowercapDiscovery.isRAPL(entry.controlType)
        let directory = attributes(of: entry)
        if !isRAPL, try directory.textIfPresent(attribute) == nil { return (CounterFacts.neverWraps, 1) }
        let range = try directory.value(attribute) { text in UInt64(text).flatMap { $0 > 0 ? $0 : nil } }
        guard range < UInt64.max / 2 else {
            guard !isRAPL else { throw UnusableAttribute(attribute, shows: "\(range)") }
            return (CounterFacts.neverWraps, 1)
        }
        guard isRAPL else { return (range + 1, 1) }
        let registerRange: UInt64 = 0xFFFF_FFFF
        let unit = max(1, (range + registerRange / 2) / registerRange)
        return (range + unit, unit)
    }
}
