import Glibc
import Kernel

/// A fake sysfs with RAPL zones, laid out as the kernel's powercap framework lays out the real one: class entries are symbolic
/// links into devices/virtual/powercap, sub-zones lie in their parents, and the control type has an entry without a counter.
public struct PowercapTree {
    /// What `--path.sysfs` takes.
    public let root: String
    /// What a driver with an energy status unit of 14 shows: (2^32 - 1) * 61035 / 1000.
    public static let realRange = 262_143_328_850

    private var classDirectory: String { root + "/class/powercap" }

    /// A tree that is there already.
    public init(existingAt root: String) throws {
        self.root = root
    }

    /// An empty class directory.
    public init(in directory: String) throws {
        root = directory
        for path in ["class", "class/powercap", "devices", "devices/virtual", "devices/virtual/powercap"] {
            try checked("mkdir \(path)", mkdir("\(directory)/\(path)", 0o755))
        }
    }

    /// A tree with zones of the usual range and a counter at 0, such as `["0": "package-0", "0:0": "core"]`.
    public init(in directory: String, _ zones: KeyValuePairs<String, String>, controlType: String = "intel-rapl") throws
    {
        try self.init(in: directory)
        for (number, name) in zones { try add(number, name, controlType: controlType) }
    }

    /// Registers a zone; a sub-zone's parent must be there already.
    public func add(_ number: String, _ name: String, controlType: String = "intel-rapl") throws {
        let parts = number.split(separator: ":")
        let parent = parts.count > 1 ? "\(controlType)/\(controlType):\(parts[0])" : controlType
        if parts.count == 1 { try registerIfNew(controlType) }
        let entry = "\(controlType):\(number)"
        try register(entry, at: "\(parent)/\(entry)")
        try set("name", of: entry, to: "\(name)\n")
        try set("max_energy_range_uj", of: entry, to: "\(Self.realRange)\n")
        try set("enabled", of: entry, to: "1\n")
        try set("energy_uj", of: entry, to: "0\n")
    }

    /// Registers a zone under an entry that the kernel would not choose.
    public func addStranger(_ entry: String, controlType: String, name: String) throws {
        try registerIfNew(controlType)
        try register(entry, at: "\(controlType)/\(entry)")
        try set("name", of: entry, to: "\(name)\n")
        try set("max_energy_range_uj", of: entry, to: "\(Self.realRange)\n")
        try set("energy_uj", of: entry, to: "0\n")
    }

    /// Sets an attribute; a descriptor that has it open reads the new content.
    public func set(_ attribute: String, of entry: String, to content: String) throws {
        try writeFile("\(classDirectory)/\(entry)/\(attribute)", content)
    }

    /// Sets the counter of an entry.
    public func setCounter(_ entry: String, _ microjoules: UInt64) throws {
        try set("energy_uj", of: entry, to: "\(microjoules)\n")
    }

    /// States a power limit, and the most that it can be set to if the firmware says so.
    public func setLimit(
        _ number: Int, of entry: String, name: String, microwatts: UInt64, maximumMicrowatts: UInt64? = nil
    ) throws {
        try set("constraint_\(number)_name", of: entry, to: "\(name)\n")
        try set("constraint_\(number)_power_limit_uw", of: entry, to: "\(microwatts)\n")
        if let maximumMicrowatts {
            try set("constraint_\(number)_max_power_uw", of: entry, to: "\(maximumMicrowatts)\n")
        }
    }

    /// Removes an attribute.
    public func remove(_ attribute: String, of entry: String) throws {
        try checked("unlink", unlink("\(classDirectory)/\(entry)/\(attribute)"))
    }

    /// Takes a zone at the top away and registers it again under another number, with new files, as the kernel does.
    public func rename(_ number: String, to other: String) throws {
        let entry = "intel-rapl:\(number)"
        let name = try Files.read("\(classDirectory)/\(entry)/name")
        let range = try Files.read("\(classDirectory)/\(entry)/max_energy_range_uj")
        try unregister(number)
        try add(other, String(decoding: name.dropLast(), as: UTF8.self))
        try set("max_energy_range_uj", of: "intel-rapl:\(other)", to: String(decoding: range, as: UTF8.self))
    }

    /// Takes a zone away; a sub-zone goes before its parent. What had its counter open reads it on, unlike from the kernel, which gives
    /// ENODEV.
    public func unregister(_ number: String, controlType: String = "intel-rapl") throws {
        let entry = "\(controlType):\(number)"
        let place = Files.realPath("\(classDirectory)/\(entry)") ?? ""
        try checked("unlink", unlink("\(classDirectory)/\(entry)"))
        let directory = "\(root)/devices/virtual/powercap"
        try checked("rename", Glibc.rename(place, "\(directory)/gone-\(try Files.names(in: directory).count)"))
    }

    /// Makes a counter such that only a privileged process can read it.
    public func forbid(_ entry: String) throws {
        try checked("chmod", chmod("\(classDirectory)/\(entry)/energy_uj", 0))
    }

    /// Makes a counter whose every read fails with EIO: nothing is mapped at address 0. See proc(5).
    public func breakCounter(_ entry: String) throws {
        try remove("energy_uj", of: entry)
        try checked("symlink", symlink("/proc/self/mem", "\(classDirectory)/\(entry)/energy_uj"))
    }

    /// Puts an entry without a zone behind it into the class directory.
    public func addDanglingEntry(_ entry: String) throws {
        try checked("symlink", symlink("../../devices/virtual/powercap/nowhere", "\(classDirectory)/\(entry)"))
    }

    private func registerIfNew(_ controlType: String) throws {
        guard access("\(classDirectory)/\(controlType)", F_OK) != 0 else { return }
        try register(controlType, at: controlType)
        try set("enabled", of: controlType, to: "1\n")
    }

    private func register(_ entry: String, at path: String) throws {
        try checked("mkdir \(path)", mkdir("\(root)/devices/virtual/powercap/\(path)", 0o755))
        try checked("symlink", symlink("../../devices/virtual/powercap/\(path)", "\(classDirectory)/\(entry)"))
    }
}

/// Lends a tree of zones; see `PowercapTree.init`.
public func withPowercapTree(
    _ zones: KeyValuePairs<String, String> = [:], controlType: String = "intel-rapl",
    _ body: (PowercapTree) throws -> Void
) throws {
    try withTemporaryDirectory { directory in
        try body(try PowercapTree(in: directory, zones, controlType: controlType))
    }
}
