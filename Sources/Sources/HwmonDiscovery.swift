public import Counters
import Kernel

/// Finds sensors of energy and power under /sys/class/hwmon, for machines without RAPL. See Documentation/hwmon/sysfs-interface.rst
/// in the kernel's source.
///
/// A chip's energy counter comes before its power reading of the same label, and power at the moment before its average.
public struct HwmonDiscovery: Sendable {
    /// Those that can be read, in the order in which `HwmonSource` numbers them.
    public private(set) var sensors: [HwmonSensor] = []
    /// The others, and why they cannot.
    public private(set) var refused: [RefusedZone] = []
    private var labels: Set<String> = []
    private var identities: Set<String> = []
    private let devices: String

    /// The sensors' domains, in the order in which `HwmonSource` numbers them.
    public var domains: [Domain] { sensors.map(\.domain) }

    /// Looks under `sysfs`, the root that has `class/hwmon`.
    public init(sysfs: String) {
        devices = (Files.realPath(sysfs) ?? sysfs) + "/"
        let root = SysfsDirectory(path: sysfs + "/class/hwmon")
        let numbers = root.names.compactMap { name in
            name.hasPrefix("hwmon") ? UInt16(name.dropFirst("hwmon".count)) : nil
        }
        for number in numbers.sorted() { considerChip("hwmon\(number)", in: root.path) }
    }

    private mutating func considerChip(_ entry: String, in root: String) {
        let own = SysfsDirectory(path: "\(root)/\(entry)")
        // Old drivers (IBM's power meters) have their attributes on the device that the class entry belongs to.
        let device = SysfsDirectory(path: own.path + "/device")
        let directory = !own.names.contains("name") && device.names.contains("name") ? device : own
        let files = HwmonFile.best(of: directory.names)
        guard !files.isEmpty else { return }
        do throws(UnusableAttribute) {
            let chip = HwmonChip(
                entry: entry, name: try directory.text("name"), directory: directory,
                device: HwmonChip.device(own.path, below: devices))
            var counters: Set<String> = []
            for file in files { consider(file, of: chip, &counters) }
        } catch {
            refused.append(RefusedZone(name: entry, reason: error.reason))
        }
    }

    /// `counters` are the labels of the chip's energy counters so far, which come before its power readings.
    private mutating func consider(_ file: HwmonFile, of chip: HwmonChip, _ counters: inout Set<String>) {
        let name = "\(chip.entry)/\(file.name)"
        do throws(UnusableAttribute) {
            let label = try chip.directory.textIfPresent(file.labelName) ?? ""
            // Without labels, energy1 and power1 are the same sensor's.
            let identity = label.isEmpty ? "\(file.number)" : "=" + label
            let isPower = file.quantity == .power
            guard !isPower || !counters.contains(identity) else { throw UnusableAttribute(reason: .duplicate) }
            try chip.checkReadable(file)
            guard sensors.count < HwmonSource.capacity else { throw UnusableAttribute(reason: .tooMany) }
            if !isPower { counters.insert(identity) }
            let words = [chip.name, label].map(labelWord)
            let tag = unique([words[0], words[1].isEmpty ? file.stem : words[1]])
            sensors.append(
                HwmonSensor(
                    name: name, path: "\(chip.directory.path)/\(file.name)",
                    domain: Domain(kind: .sensor, socket: 0, label: tag), isIntegrated: isPower,
                    identity: unique(
                        "hwmon/\(chip.device)/\(chip.name)/\(file.stem)\(label.isEmpty ? "" : "=" + label)"),
                    updatePeriodNanoseconds: chip.updatePeriodNanoseconds))
        } catch {
            refused.append(RefusedZone(name: name, reason: error.reason))
        }
    }

    /// A label that no other sensor has: the words, and a number if they are taken.
    private mutating func unique(_ words: [String]) -> String {
        let label = words.filter { !$0.isEmpty }.joined(separator: "_")
        // Whether or not there is such a part here and now: it may appear later, and names do not depend on that.
        if Domain.isProcessorTag(label) { labels.insert(label) }
        return HwmonDiscovery.unique(label, "_", among: &labels)
    }

    /// An identity that no other sensor has: chips without a device can be alike.
    private mutating func unique(_ identity: String) -> String {
        HwmonDiscovery.unique(identity, "#", among: &identities)
    }

    private static func unique(_ text: String, _ separator: String, among others: inout Set<String>) -> String {
        var candidate = text
        var number = 2
        while !others.insert(candidate).inserted {
            candidate = text + separator + String(number)
            number += 1
        }
        return candidate
    }
}
