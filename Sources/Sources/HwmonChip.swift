import Counters
import Kernel

/// A chip of sensors.
struct HwmonChip {
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
struct HwmonFile {
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
