public import Counters
import Kernel

/// A sensor of the kernel's hwmon class that measures energy or power.
public struct HwmonSensor: Sendable, Equatable {
    /// Directory and file, such as `hwmon2/energy1_input`. The directory's number is no identity: it changes from boot to boot.
    public let name: String
    /// The file that shows it.
    public let path: String
    /// What it measures: only its label tells.
    public let domain: Domain
    /// Whether the chip tells power only, so that its energy is an estimate from readings of power.
    public let isIntegrated: Bool
    /// The chip's device and the channel, which stay the same when directories get other numbers.
    public let identity: String
    /// How old a reading can be: what the chip states; RAPL's where it states nothing.
    public let updatePeriodNanoseconds: UInt64

    /// No attribute tells where a counter starts again from 0, and 64 bits of microjoules never end, so a step back is always a
    /// new start and never a wrap. Power is integrated in this process.
    var facts: CounterFacts {
        CounterFacts(
            source: .hwmon, domain: domain, identity: identity, name: name, modulus: CounterFacts.neverWraps,
            unitMicrojoules: 1, boundMicrowatts: PlausiblePower.boundMicrowatts(.sensor),
            updatePeriodNanoseconds: updatePeriodNanoseconds, outlivesProcess: !isIntegrated, isEstimate: isIntegrated)
    }
}

/// Finds sensors of energy and power under /sys/class/hwmon, for machines without RAPL. See Documentation/hwmon/sysfs-interface.rst
/// in the kernel's source.
///
/// A chip's energy counter comes before its power reading of the same label, and power at the moment before its average.
public struct HwmonDiscovery: Sendable {
    /// Those that can be read, in the order in which `HwmonSource` numbers them.
    public private(set) var sensors: [HwmonSensor] = []
    /// The others, and why they cannot.
    public private(set) var refused: [RefusedZone] = []
    private var labels: Set<String>
    private var identities: Set<String> = []
    private let devices: String

    /// The sensors' domains, in the order in which `HwmonSource` numbers them.
    public var domains: [Domain] { sensors.map(\.domain) }

    /// Looks under `sysfs`, the root that has `class/hwmon`. `tags` are the names of domains that other sources have.
    public init(sysfs: String, avoiding tags: Set<String> = []) {
        labels = tags
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

private struct HwmonChip {
    let entry: String
    let name: String
    let directory: SysfsDirectory
    /// Where the device is, below the root of sysfs.
    let device: String

    /// The device behind a class entry. For a chip without one, what the entry lies in.
    static func device(_ entry: String, below root: String) -> String {
        let path = Files.realPath(entry + "/device") ?? HwmonChip.parent(Files.realPath(entry) ?? entry)
        return path.hasPrefix(root) ? String(path.dropFirst(root.count)) : path
    }

    private static func parent(_ path: String) -> String {
        String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
    }

    /// See `update_interval` in the kernel's Documentation/hwmon/sysfs-interface.rst: milliseconds. Most chips do not state it;
    /// RAPL's period is what AMD's amd_energy has, and for others a guess that is rather too short.
    var updatePeriodNanoseconds: UInt64 {
        let milliseconds = directory.textIfReadable("update_interval").flatMap { UInt32($0) }
        return milliseconds.map { UInt64($0) * 1_000_000 } ?? CounterFacts.raplUpdateNanoseconds
    }

    /// Reads a sensor once: there are attributes that can be opened and never give a number.
    func checkReadable(_ file: HwmonFile) throws(UnusableAttribute) {
        let bytes: [UInt8]
        do {
            bytes = try Files.read("\(directory.path)/\(file.name)", limit: 32)
        } catch {
            let isForbidden = error.code == .permissionDenied || error.code == .operationNotPermitted
            throw UnusableAttribute(reason: isForbidden ? .permissionDenied : .failed(error.code))
        }
        guard case .counter(let value, _) = parseCounter(bytes.span),
            file.quantity == .energy || value <= PowerIntegrator.largestMicrowatts
        else {
            let text = String(decoding: bytes.prefix { $0 != 0x0A }, as: UTF8.self)
            throw UnusableAttribute(file.name, shows: text)
        }
    }
}

/// An attribute with a reading of energy or power: `energy1_input`, `power1_input`, `power1_average`.
private struct HwmonFile {
    enum Quantity: String {
        case energy
        case power
    }

    let quantity: Quantity
    let number: UInt16
    let isAverage: Bool

    init?(_ name: String) {
        guard let quantity = name.hasPrefix("energy") ? Quantity.energy : name.hasPrefix("power") ? .power : nil
        else { return nil }
        let rest = name.dropFirst(quantity.rawValue.count)
        let digits = rest.prefix { $0.isASCII && $0.isNumber }
        guard let number = UInt16(digits) else { return nil }
        switch (quantity, rest.dropFirst(digits.count)) {
        case (_, "_input"): isAverage = false
        case (.power, "_average"): isAverage = true
        default: return nil
        }
        self.quantity = quantity
        self.number = number
    }

    var stem: String { "\(quantity.rawValue)\(number)" }
    var name: String { stem + (isAverage ? "_average" : "_input") }
    var labelName: String { stem + "_label" }

    /// Those among a directory's names that are worth reading: energy first, then power, at the moment if there is a choice.
    static func best(of names: [String]) -> [HwmonFile] {
        let files = names.compactMap { HwmonFile($0) }.sorted { $0.number < $1.number }
        let energy = files.filter { $0.quantity == .energy }
        let power = files.filter { $0.quantity == .power }
        let momentary = Set(power.filter { !$0.isAverage }.map(\.number))
        return energy + power.filter { !$0.isAverage || !momentary.contains($0.number) }
    }
}

/// The small letters and digits of a text, in words with an underscore between; at most 64 of them.
private func labelWord(_ text: String) -> String {
    var word: [UInt8] = []
    for byte in text.utf8.prefix(64) {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): word.append(byte)
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): word.append(byte | 0x20)
        default: if word.last != UInt8(ascii: "_"), !word.isEmpty { word.append(UInt8(ascii: "_")) }
        }
    }
    if word.last == UInt8(ascii: "_") { word.removeLast() }
    return String(decoding: word, as: UTF8.self)
}
