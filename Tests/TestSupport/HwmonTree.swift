import Glibc

/// A fake sysfs with sensor chips, laid out as the real one: class entries are symbolic links into devices.
public struct HwmonTree {
    /// What `--path.sysfs` takes.
    public let root: String

    /// A tree without a device, in an existing directory.
    public init(in directory: String) throws {
        root = directory
        for path in ["class", "class/hwmon", "devices"] { try checked("mkdir", mkdir("\(directory)/\(path)", 0o755)) }
    }

    /// A class of chips in a tree that has other classes.
    public init(beside root: String) throws {
        self.root = root
        try checked("mkdir", mkdir("\(root)/class/hwmon", 0o755))
    }

    /// Registers a chip with its attributes.
    public func add(_ number: Int, _ name: String, _ attributes: [String: String]) throws {
        try register(number, attributes: ["name": name + "\n"].merging(attributes) { first, _ in first }, below: "")
    }

    /// Registers a chip of a device, such as `pci0000:00/0000:03:00.0`, as the kernel does: its directory lies in the device's, and a
    /// link leads back.
    public func add(_ number: Int, _ name: String, of device: String, _ attributes: [String: String]) throws {
        let path = "devices/\(device)/hwmon/hwmon\(number)"
        try makeDirectories(path)
        try checked("symlink", symlink("../../../\(device.split(separator: "/").last ?? "")", "\(root)/\(path)/device"))
        try checked("symlink", symlink("../../\(path)", "\(root)/class/hwmon/hwmon\(number)"))
        try set("hwmon\(number)/name", to: name + "\n")
        for (attribute, content) in attributes { try set("hwmon\(number)/\(attribute)", to: content) }
    }

    /// Says which class a chip's device is of: `power_supply`.
    public func setClass(ofDevice number: Int, _ name: String) throws {
        try checked("symlink", symlink("/class/\(name)", "\(root)/class/hwmon/hwmon\(number)/device/subsystem"))
    }

    /// Takes a chip from the class: its number is free for another. What has its attributes open keeps them.
    public func removeChip(_ number: Int) throws {
        try remove("hwmon\(number)")
    }

    /// Registers a chip as old drivers did: the attributes lie on its device, which the class entry links to.
    public func addOld(_ number: Int, _ name: String, _ attributes: [String: String]) throws {
        try register(
            number, attributes: ["name": name + "\n"].merging(attributes) { first, _ in first }, below: "device/")
    }

    /// Sets an attribute; a descriptor that has it open reads the new content.
    public func set(_ path: String, to content: String) throws {
        try writeFile("\(root)/class/hwmon/\(path)", content)
    }

    /// Removes an attribute; the path begins below class/hwmon.
    public func remove(_ path: String) throws {
        try checked("unlink", unlink("\(root)/class/hwmon/\(path)"))
    }

    /// Makes every read of an attribute fail with EIO: nothing is mapped at address 0. See proc(5).
    public func breakSensor(_ path: String) throws {
        try remove(path)
        try checked("symlink", symlink("/proc/self/mem", "\(root)/class/hwmon/\(path)"))
    }

    private func makeDirectories(_ path: String) throws {
        var directory = root
        for part in path.split(separator: "/") {
            directory += "/" + part
            if access(directory, F_OK) != 0 { try checked("mkdir", mkdir(directory, 0o755)) }
        }
    }

    private func register(_ number: Int, attributes: [String: String], below: String) throws {
        let directory = "\(root)/devices/hwmon\(number)"
        try checked("mkdir", mkdir(directory, 0o755))
        if !below.isEmpty { try checked("mkdir", mkdir("\(directory)/\(below)", 0o755)) }
        try checked("symlink", symlink("../../devices/hwmon\(number)", "\(root)/class/hwmon/hwmon\(number)"))
        for (name, content) in attributes { try set("hwmon\(number)/\(below)\(name)", to: content) }
    }
}

/// Lends an empty class of chips.
public func withHwmonTree(_ body: (HwmonTree) throws -> Void) throws {
    try withTemporaryDirectory { directory in try body(try HwmonTree(in: directory)) }
}
