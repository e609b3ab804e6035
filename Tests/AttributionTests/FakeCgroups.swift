import Attribution
import Glibc
import Kernel
import TestSupport

/// A tree of plain directories that looks like one of cgroups, and the `/proc/stat` of a machine with two processors, whose times a test
/// says.
final class FakeCgroups {
    let root: String
    let procfs: String
    /// What each cgroup's own tasks ran, in microseconds; a directory's time is that of all below it, the removed ones included.
    private(set) var own: [String: UInt64] = [:]
    private var inherited: [String: UInt64] = [:]
    /// What ran outside of all cgroups.
    private var kernelMicroseconds: UInt64 = 0
    private(set) var wallMicroseconds: UInt64 = 0
    static let processors: UInt64 = 2

    init(in directory: String) throws {
        root = directory + "/cgroup"
        procfs = directory + "/proc"
        try checked("mkdir", mkdir(root, 0o755))
        try checked("mkdir", mkdir(procfs, 0o755))
        try writeFile(root + "/cgroup.controllers", "cpu memory\n")
        try writeStat()
    }

    /// Makes a cgroup; the one in which it lies must be there.
    func add(_ path: String) throws {
        try checked("mkdir \(path)", mkdir(root + path, 0o755))
        own[path] = 0
        inherited[path] = 0
        try writeFile("\(root)\(path)/cpu.stat", "usage_usec 0\nuser_usec 0\nsystem_usec 0\n")
    }

    /// Removes a cgroup in which there is none; the one in which it lies keeps its time.
    func remove(_ path: String) throws {
        // As the kernel does with what is removed: who has the file open reads nothing more that is understood.
        try writeFile("\(root)\(path)/cpu.stat", "")
        try checked("unlink", unlink("\(root)\(path)/cpu.stat"))
        try checked("rmdir \(path)", rmdir(root + path))
        let time = usage(path)
        own[path] = nil
        inherited[path] = nil
        if let parent = FakeCgroups.parent(path) { inherited[parent, default: 0] += time }
    }

    /// Lets a cgroup's own tasks run.
    func run(_ path: String, _ microseconds: UInt64) { own[path, default: 0] += microseconds }

    /// Lets the kernel's own threads run.
    func runKernel(_ microseconds: UInt64) { kernelMicroseconds += microseconds }

    /// Lets time pass, and shows all times as they are then.
    func pass(_ microseconds: UInt64) throws {
        wallMicroseconds += microseconds
        for path in own.keys { try show(path) }
        try writeStat()
    }

    /// Shows one cgroup's time as it is now.
    func show(_ path: String) throws {
        let time = usage(path)
        try writeFile("\(root)\(path)/cpu.stat", "usage_usec \(time)\nuser_usec \(time)\nsystem_usec 0\n")
    }

    func usage(_ path: String) -> UInt64 {
        let below = own.keys.filter { $0 == path || $0.hasPrefix(path + "/") }
        return below.reduce(0) { $0 + (own[$1] ?? 0) + (inherited[$1] ?? 0) }
    }

    private static func parent(_ path: String) -> String? {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return nil }
        return String(path[..<slash])
    }

    private var removedAtTop: UInt64 = 0

    private func writeStat() throws {
        let busy = own.values.reduce(0, +) + inherited.values.reduce(0, +) + kernelMicroseconds + removedAtTop
        let all = wallMicroseconds * FakeCgroups.processors
        let idle = (all - min(all, busy)) / 10_000
        let line = "0 0 0 \(idle) 0 0 0 0 0 0\n"
        try writeFile(procfs + "/stat", "cpu  \(line)cpu0 \(line)cpu1 \(line)intr 0\n")
    }
}
