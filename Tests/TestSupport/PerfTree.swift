import Glibc

/// A fake sysfs with the kernel's `power` unit and the places of processors, laid out as the real one.
public struct PerfTree {
    /// What `--path.sysfs` takes.
    public let root: String

    private var unit: String { root + "/bus/event_source/devices/power" }

    /// A unit of type 25 without events.
    public init(in directory: String, cpumask: String) throws {
        root = directory
        try makeDirectories("bus/event_source/devices/power/events")
        try set("type", to: "25\n")
        try set("cpumask", to: "\(cpumask)\n")
    }

    /// Adds an event as the kernel shows it, with scale and unit.
    public func addEvent(_ name: String, _ code: Int) throws {
        try set("events/\(name)", to: "event=0x0\(code)\n")
        try set("events/\(name).scale", to: "2.3283064365386962890625e-10\n")
        try set("events/\(name).unit", to: "Joules\n")
    }

    /// Says where a processor is; without a die as kernels before 5.2 do.
    public func addProcessor(_ number: Int, package: Int, die: Int? = 0) throws {
        let topology = "devices/system/cpu/cpu\(number)/topology"
        try makeDirectories(topology)
        try writeFile("\(root)/\(topology)/physical_package_id", "\(package)\n")
        if let die { try writeFile("\(root)/\(topology)/die_id", "\(die)\n") }
    }

    /// Sets an attribute of the unit.
    public func set(_ attribute: String, to content: String) throws {
        try writeFile("\(unit)/\(attribute)", content)
    }

    /// Removes an attribute of the unit.
    public func remove(_ attribute: String) throws {
        try checked("unlink", unlink("\(unit)/\(attribute)"))
    }

    private func makeDirectories(_ path: String) throws {
        var directory = root
        for name in path.split(separator: "/") {
            directory += "/\(name)"
            if access(directory, F_OK) != 0 { try checked("mkdir \(directory)", mkdir(directory, 0o755)) }
        }
    }
}

/// Lends a unit with the given events, numbered as the kernel numbers them, and one socket for each processor of the mask.
public func withPerfTree(
    cpumask: String = "0", events: [String] = ["energy-pkg", "energy-ram"], _ body: (PerfTree) throws -> Void
) throws {
    let codes = ["energy-cores": 1, "energy-pkg": 2, "energy-ram": 3, "energy-gpu": 4, "energy-psys": 5]
    try withTemporaryDirectory { directory in
        let tree = try PerfTree(in: directory, cpumask: cpumask)
        for name in events { try tree.addEvent(name, codes[name] ?? 9) }
        for (socket, processor) in cpumask.split(separator: ",").compactMap({ Int($0) }).enumerated() {
            try tree.addProcessor(processor, package: socket)
        }
        try body(tree)
    }
}
