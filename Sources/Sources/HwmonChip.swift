import Counters
import Kernel

/// A chip of sensors that has energy or power.
struct HwmonChip {
    let entry: String
    let number: UInt16
    let name: String
    let directory: SysfsDirectory
    /// Where the device is, below the root of sysfs: it stays the same whatever order drivers are loaded in.
    let device: String
    /// Another number each time that the device appears: the kernel makes its directory anew.
    let appearance: UInt64
    /// It belongs to a battery or a charger.
    let isBattery: Bool
    let files: [HwmonFile]
    /// The graphics card that it is on, and all of which it measures; nil for any other chip.
    let card: HwmonCard?

    /// Nil for a chip without energy and power; its name cannot be read if this throws.
    init?(_ entry: String, number: UInt16, in root: String, below sysfs: String) throws(UnusableAttribute) {
        let own = SysfsDirectory(path: "\(root)/\(entry)")
        // Old drivers (IBM's power meters) have their attributes on the device that the class entry belongs to.
        let device = SysfsDirectory(path: own.path + "/device")
        directory = !own.names.contains("name") && device.names.contains("name") ? device : own
        files = HwmonFile.best(of: directory.names)
        guard !files.isEmpty else { return nil }
        name = try directory.text("name")
        self.entry = entry
        self.number = number
        self.device = HwmonChip.device(own.path, below: sysfs)
        appearance = HwmonChip.inode(own.path)
        isBattery = HwmonChip.isBattery(own.path, below: sysfs)
        card = HwmonCard(name, in: own)
    }

    /// The device behind a class entry. For a chip without one, what the entry lies in.
    private static func device(_ entry: String, below root: String) -> String {
        relative(Files.realPath(entry + "/device") ?? Files.directory(of: Files.realPath(entry) ?? entry), to: root)
    }

    private static func relative(_ path: String, to root: String) -> String {
        path.hasPrefix(root) ? String(path.dropFirst(root.count)) : path
    }

    private static func inode(_ path: String) -> UInt64 {
        do {
            return try FileStatus(at: path).inode
        } catch {
            return 0
        }
    }

    /// The kernel registers a chip for each power supply (drivers/power/supply/power_supply_hwmon.c), whose device is of that class
    /// or lies in one that is.
    private static func isBattery(_ entry: String, below root: String) -> Bool {
        let paths = [entry, entry + "/device"].compactMap(Files.realPath).map { relative($0, to: root) }
        if paths.contains(where: { $0.split(separator: "/").contains("power_supply") }) { return true }
        do {
            return try Files.link(entry + "/device/subsystem").hasSuffix("/power_supply")
        } catch {
            return false
        }
    }

    /// Chips of the same device are told apart by their names, and else by the order of their numbers.
    static func precedes(_ left: HwmonChip, _ right: HwmonChip) -> Bool {
        (left.device, left.number) < (right.device, right.number)
    }

    /// What every identity of a sensor begins with.
    static let identityPrefix = "hwmon/"

    /// By what a channel is known whatever the chip's number is, unless there are chips of one name without a device of their own.
    func identity(_ file: HwmonFile, _ label: String) -> String {
        "\(HwmonChip.identityPrefix)\(device)/\(name)/\(file.stem)\(label.isEmpty ? "" : "=" + label)"
    }

    /// What a channel is called if nobody else is.
    func words(_ channel: HwmonChannel) -> String {
        if let card { return "\(card.driver.rawValue)_0" }
        let label = labelWord(channel.label)
        return [labelWord(name), label.isEmpty ? channel.file.stem : label].filter { !$0.isEmpty }.joined(
            separator: "_")
    }

    /// The ACPI power meter says itself if it measures a battery. See Documentation/hwmon/acpi_power_meter.rst.
    func isBattery(_ channel: HwmonChannel) -> Bool {
        isBattery || directory.textIfReadable("power\(channel.file.number)_is_battery") == "1"
    }

    /// The limits that belong to a channel. One of energy has those of the power channel with its number, unless that measures
    /// somewhere else.
    func limits(_ channel: HwmonChannel) -> [PowerLimit] {
        let number = channel.file.number
        if channel.file.quantity == .energy, let power = HwmonFile("power\(number)_input") {
            let label = directory.textIfReadable(power.labelName) ?? ""
            guard channel.sharesPlace(with: HwmonChannel(file: power, label: label, identity: "")) else { return [] }
        }
        return SensorLimits.limits(directory, number)
    }

    /// See `update_interval` in the kernel's Documentation/hwmon/sysfs-interface.rst: milliseconds. Most chips do not state it;
    /// RAPL's period is what AMD's amd_energy has, and for others a guess that is rather too short.
    var updatePeriodNanoseconds: UInt64 {
        let milliseconds = directory.textIfReadable("update_interval").flatMap { UInt32($0) }
        return milliseconds.map { UInt64($0) * 1_000_000 } ?? CounterFacts.raplUpdateNanoseconds
    }
}
