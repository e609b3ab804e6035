import Glibc
import Kernel
import TestSupport

/// A tree of plain directories that looks like one of cgroups, and the `/proc/stat` of a machine with two processors, whose times a test
/// says. As in the kernel, a cgroup's time is that of all in it, what was removed included.
final class FakeCgroups {
    static let processors: UInt64 = 2
    private static let tickMicroseconds: UInt64 = 10_000

    let root: String
    let procfs: String
    /// What each cgroup's own tasks ran, in microseconds.
    private var own: [String: UInt64] = [:]
    /// What ran in those that were removed, by the directory in which they were.
    private var inherited: [String: UInt64] = ["": 0]
    /// What ran outside of all cgroups.
    private var kernelMicroseconds: UInt64 = 0
    private var wallMicroseconds: UInt64 = 0
    /// What the files show.
    private(set) var shown: [String: UInt64] = [:]
    /// The numbers of the directories.
    private(set) var identifiers: [String: UInt64] = [:]

    init(in directory: String) throws {
        root = directory + "/cgroup"
        procfs = directory + "/proc"
        try checked("mkdir", mkdir(root, 0o755))
        try checked("mkdir", mkdir(procfs, 0o755))
        try showProcessors()
    }

    var paths: [String] { own.keys.sorted() }

    /// Makes a cgroup; the one in which it lies must be there.
    func add(_ path: String) throws {
        try checked("mkdir \(path)", mkdir(root + path, 0o755))
        own[path] = 0
        inherited[path] = 0
        identifiers[path] = try FileStatus(at: root + path).inode
        try show(path)
    }

    /// Removes a cgroup and all in it.
    func remove(_ path: String) throws {
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
    }

    /// Lets a cgroup's own tasks run; the empty path stands for the kernel's, which are in none.
    func run(_ path: String, _ microseconds: UInt64) {
        if path.isEmpty { kernelMicroseconds += microseconds } else { own[path, default: 0] += microseconds }
    }

    /// Lets time pass, and shows all times as they are then.
    func pass(_ microseconds: UInt64) throws {
        wallMicroseconds += microseconds
        for path in own.keys { try show(path) }
        try showProcessors()
    }

    /// Shows one cgroup's time as it is now.
    func show(_ path: String) throws { try show(path, usage(path)) }

    /// Shows any time.
    func show(_ path: String, _ time: UInt64) throws {
        shown[path] = time
        try writeFile("\(root)\(path)/cpu.stat", "usage_usec \(time)\nuser_usec \(time)\nsystem_usec 0\n")
    }

    /// What all in a cgroup ran; the empty path stands for the whole tree.
    func usage(_ path: String) -> UInt64 {
        let above = path.isEmpty ? inherited[""] ?? 0 : 0
        return inside(path).reduce(above) { $0 + (own[$1] ?? 0) + (inherited[$1] ?? 0) }
    }

    private func inside(_ path: String) -> [String] {
        own.keys.filter { $0 == path || $0.hasPrefix(path + "/") }
    }

    static func parent(_ path: String) -> String {
        path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
    }

    /// How long the processors worked, as far as ticks tell.
    private(set) var busyMicroseconds: UInt64 = 0

    private func showProcessors() throws {
        let all = wallMicroseconds * FakeCgroups.processors
        let busy = usage("") + kernelMicroseconds
        let idle = (all - min(all, busy)) / FakeCgroups.tickMicroseconds
        busyMicroseconds = all - idle * FakeCgroups.tickMicroseconds
        let line = "0 0 0 \(idle) 0 0 0 0 0 0\n"
        try writeFile(procfs + "/stat", "cpu  \(line)cpu0 \(line)cpu1 \(line)intr 0\n")
    }
}
