import Glibc
import Kernel

/// A tree of plain directories that looks like one of cgroups, and the `/proc/stat` of a machine with two processors, whose times a test
/// says. As in the kernel, a cgroup's time is that of all in it, what was removed included.
public final class FakeCgroups {
    /// How many the machine has.
    public static let processors: UInt64 = 2
    /// To which the time at rest is cut.
    public static let tickMicroseconds: UInt64 = 10_000

    /// What `--path.cgroupfs` takes.
    public let root: String
    /// What `--path.procfs` takes.
    public let procfs: String
    /// What each cgroup's own tasks ran, in microseconds.
    private var own: [String: UInt64] = [:]
    /// What ran in those that were removed, by the directory in which they were.
    private var inherited: [String: UInt64] = ["": 0]
    private var removals: [String: Int] = [:]
    /// What ran outside of all cgroups.
    private var kernelMicroseconds: UInt64 = 0
    private var wallMicroseconds: UInt64 = 0
    /// What the files show.
    public private(set) var shown: [String: UInt64] = [:]
    /// The numbers of the directories.
    public private(set) var identifiers: [String: UInt64] = [:]

    /// A tree without cgroups.
    public init(in directory: String) throws {
        root = directory + "/cgroup"
        procfs = directory + "/proc"
        try checked("mkdir", mkdir(root, 0o755))
        try checked("mkdir", mkdir(procfs, 0o755))
        // By which the root of a hierarchy is known.
        try writeFile(root + "/cgroup.controllers", "cpu\n")
        try showProcessors()
    }

    /// All cgroups, but for the root.
    public var paths: [String] { own.keys.sorted() }

    /// Makes a cgroup; the one in which it lies must be there.
    public func add(_ path: String) throws {
        try checked("mkdir \(path)", mkdir(root + path, 0o755))
        own[path] = 0
        inherited[path] = 0
        identifiers[path] = try FileStatus(at: root + path).inode
        try show(path)
    }

    /// Removes a cgroup and all in it.
    public func remove(_ path: String) throws {
        let time = usage(path)
        for inside in inside(path).sorted(by: >) {
            try checked("unlink", unlink("\(root)\(inside)/cpu.stat"))
            try checked("rmdir \(inside)", rmdir(root + inside))
            own[inside] = nil
            inherited[inside] = nil
            shown[inside] = nil
            identifiers[inside] = nil
        }
        inherited[FakeCgroups.parent(path), default: 0] += time
        removals[FakeCgroups.parent(path), default: 0] += 1
    }

    /// How many were removed since this was asked last, by the cgroup in which they lay.
    public func takeRemovals() -> [String: Int] {
        defer { removals = [:] }
        return removals
    }

    /// Lets a cgroup's own tasks run; the empty path stands for the kernel's, which are in none.
    public func run(_ path: String, _ microseconds: UInt64) {
        if path.isEmpty { kernelMicroseconds += microseconds } else { own[path, default: 0] += microseconds }
    }

    /// Lets time pass, and shows all times as they are then.
    public func pass(_ microseconds: UInt64) throws {
        wallMicroseconds += microseconds
        for path in own.keys { try show(path) }
        try showProcessors()
    }

    /// Shows one cgroup's time as it is now.
    public func show(_ path: String) throws {
        let time = usage(path)
        if shown[path] != time { try show(path, time) }
    }

    /// Shows any time.
    public func show(_ path: String, _ time: UInt64) throws {
        shown[path] = time
        try writeFile("\(root)\(path)/cpu.stat", "usage_usec \(time)\nuser_usec \(time)\nsystem_usec 0\n")
    }

    /// What all in a cgroup ran; the empty path stands for the whole tree.
    public func usage(_ path: String) -> UInt64 {
        let above = path.isEmpty ? inherited[""] ?? 0 : 0
        return inside(path).reduce(above) { $0 + (own[$1] ?? 0) + (inherited[$1] ?? 0) }
    }

    private func inside(_ path: String) -> [String] {
        own.keys.filter { $0 == path || $0.hasPrefix(path + "/") }
    }

    /// The cgroup in which one lies; empty for the root.
    public static func parent(_ path: String) -> String {
        path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
    }

    /// How long the processors worked, as far as ticks tell.
    public private(set) var busyMicroseconds: UInt64 = 0

    /// How long they rested, as far as ticks tell.
    public private(set) var restMicroseconds: UInt64 = 0

    /// All cgroups, each before those in it, and otherwise in the order in which directories list them.
    public func listed() throws -> [String] { try listed(below: "") }

    private func listed(below path: String) throws -> [String] {
        var listing = DirectoryListing()
        var buffer = PathBuffer()
        guard buffer.append(root + path) else { return [] }
        var names: [String] = []
        try listing.forEachDirectory(in: buffer) { _, name in
            names.append("\(path)/" + String(decoding: name.indices.map { name[$0] }, as: UTF8.self))
        }
        return try names + names.flatMap { try listed(below: $0) }
    }

    private func showProcessors() throws {
        let all = wallMicroseconds * FakeCgroups.processors
        let busy = usage("") + kernelMicroseconds
        let idle = (all - min(all, busy)) / FakeCgroups.tickMicroseconds
        restMicroseconds = idle * FakeCgroups.tickMicroseconds
        busyMicroseconds = all - restMicroseconds
        let line = "0 0 0 \(idle) 0 0 0 0 0 0\n"
        try writeFile(procfs + "/stat", "cpu  \(line)cpu0 \(line)cpu1 \(line)intr 0\n")
    }
}
