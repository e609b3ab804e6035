import Bytes
public import Kernel

/// A cgroup of its own for a command, and what its energy is shared out by: how long its tasks ran, and how long all processors worked.
public struct CommandMeter: ~Copyable {
    /// The cgroup; whoever starts the command puts it there.
    public private(set) var group: ControlGroup
    private var cpu: CpuReader
    private var processors: ProcessorClock
    private var lastMicroseconds: UInt64 = 0
    private var lastNanoseconds: UInt64 = 0

    /// Makes the cgroup, in that of this process.
    ///
    /// - Parameters:
    ///   - cgroupfs: the directory of the cgroups; nil for the usual place in sysfs.
    ///   - sysfs: the root of sysfs.
    ///   - procfs: the root of procfs.
    public static func make(
        cgroupfs: String?, sysfs: String, procfs: String
    ) throws(AttributionObstacle) -> CommandMeter {
        let root = try CommandMeter.root(cgroupfs: cgroupfs, sysfs: sysfs)
        let parent = root + (try CommandMeter.ownPath(procfs: procfs))
        do throws(SystemError) {
            return try CommandMeter(making: "\(parent)/pyjoules-measure-\(Process.identifier)", procfs: procfs)
        } catch {
            throw AttributionObstacle(cannotMakeIn: parent, error)
        }
    }

    private init(making path: String, procfs: String) throws(SystemError) {
        let processors = try ProcessorClock(
            procfs + "/stat", ticksPerSecond: Process.clockTicksPerSecond,
            jiffyMicroseconds: Clock.jiffyMicroseconds())
        let group = try ControlGroup(making: path)
        let cpu = try CpuReader(of: path)
        self.group = group
        self.cpu = cpu
        self.processors = processors
    }

    /// For one's own cgroup, the part of the tree that a namespace shows is enough.
    private static func root(cgroupfs: String?, sysfs: String) throws(AttributionObstacle) -> String {
        let root = CgroupRoot.find(named: cgroupfs, sysfs: sysfs)
        if case .ofNamespace(let path) = root { return path }
        return try root.directory()
    }

    private static func ownPath(procfs: String) throws(AttributionObstacle) -> String {
        let text = try ownGroups(procfs: procfs)
        guard let path = OwnCgroup.path(text.span) else {
            throw AttributionObstacle(
                reason: "own cgroup",
                description: "\(procfs)/self/cgroup names no cgroup of version 2 that is seen from here",
                remedy: "run it where the cgroup that it is in is mounted")
        }
        return path
    }

    private static func ownGroups(procfs: String) throws(AttributionObstacle) -> [UInt8] {
        do throws(SystemError) {
            return try Files.read(procfs + "/self/cgroup")
        } catch {
            throw AttributionObstacle(
                reason: "own cgroup", description: "\(procfs)/self/cgroup cannot be read (\(error))",
                remedy: "mount procfs there")
        }
    }

    /// Reads what the next interval is counted from.
    ///
    /// - Parameter now: the moment of the pass over the counters, on the monotonic clock.
    public mutating func begin(at now: UInt64) {
        _ = processors.read(at: now)
        if case .microseconds(let value) = cpu.read(0) { lastMicroseconds = value }
        lastNanoseconds = now
    }

    /// Gives the energy since the latest reading out.
    public mutating func take(_ microjoules: [UInt64], at now: UInt64, into shares: inout CommandShares) {
        var ran: UInt64 = 0
        if case .microseconds(let value) = cpu.read(0) {
            ran = value - min(value, lastMicroseconds)
            lastMicroseconds = value
        }
        _ = processors.read(at: now)
        shares.take(
            microjoules, microseconds: (now - min(now, lastNanoseconds)) / 1000, ranMicroseconds: ran,
            busy: processors.latest)
        lastNanoseconds = now
    }

    /// Removes the cgroup.
    ///
    /// - Returns: false if something still runs in it.
    public mutating func remove() -> Bool { group.remove() }
}

/// What /proc/self/cgroup says. See cgroups(7).
enum OwnCgroup {
    /// The path of the cgroup of version 2, without a slash behind, so that it is empty for the root.
    ///
    /// - Returns: nil if there is none, if it is not seen from this namespace, or if it was removed.
    static func path(_ text: Span<UInt8>) -> String? {
        var start = 0
        while start < text.count {
            var end = start
            while end < text.count, text[end] != UInt8(ascii: "\n") { end += 1 }
            let line = text.extracting(start..<end)
            if line.hasPrefix("0::/") { return path(ofLine: line) }
            start = end + 1
        }
        return nil
    }

    private static func path(ofLine line: Span<UInt8>) -> String? {
        let path = line.extracting(3..<line.count)
        guard path.isUTF8, !path.hasPrefix("/.."), !path.hasSuffix(" (deleted)") else { return nil }
        return path.count == 1 ? "" : String(decoding: path.indices.map { path[$0] }, as: UTF8.self)
    }
}

extension AttributionObstacle {
    /// What makes it possible is the same, whatever is missing.
    fileprivate init(cannotMakeIn parent: String, _ error: SystemError) {
        self.init(
            reason: "own cgroup", description: "no cgroup can be made in \(parent) (\(error))",
            remedy: "run it as root, or in a cgroup that is yours: 'systemd-run --user --scope -p Delegate=yes "
                + "pyjoules-exporter measure --attribution -- COMMAND'")
    }
}
