import Kernel

/// Where the cgroups of version 2 lie, and whether those are all that the machine has.
public enum CgroupRoot: Equatable, Sendable {
    /// The root of the whole tree.
    case whole(String)
    /// The root that a namespace shows: what lies outside of it is not seen.
    case ofNamespace(String)
    /// Only cgroups of version 1, whose time is spread over trees that do not add up.
    case version1(String)
    /// Nothing is there.
    case missing(String)

    /// Looks at a directory that was named, or where the cgroups of a sysfs usually lie: in `fs/cgroup`, or beside version 1 in
    /// `fs/cgroup/unified`.
    public static func find(named: String?, sysfs: String) -> CgroupRoot {
        let first = named ?? sysfs + "/fs/cgroup"
        for path in named == nil ? [first, first + "/unified"] : [first] {
            guard has(path, "cgroup.controllers") else { continue }
            // The one directory without these is the root of all. See the kernel's Documentation/admin-guide/cgroup-v2.rst.
            return has(path, "cgroup.type") || has(path, "cgroup.events") ? .ofNamespace(path) : .whole(path)
        }
        return has(first, "cpuacct") || has(first, "cpu,cpuacct") || has(first, "memory")
            ? .version1(first) : .missing(first)
    }

    private static func has(_ directory: String, _ name: String) -> Bool {
        do throws(SystemError) {
            _ = try FileStatus(at: "\(directory)/\(name)")
            return true
        } catch {
            return false
        }
    }
}

/// Why energy is not shared out, in words for people, and what helps.
public struct AttributionObstacle: Error, Equatable, Sendable {
    /// A short word for programs.
    public let reason: String
    /// Half a sentence.
    public let description: String
    /// What helps.
    public let remedy: String

    /// An obstacle.
    public init(reason: String, description: String, remedy: String) {
        self.reason = reason
        self.description = description
        self.remedy = remedy
    }
}

extension AttributionObstacle {
    /// The files cannot be opened.
    fileprivate init(unreadable root: String, procfs: String, _ error: SystemError) {
        self.init(
            reason: "unreadable", description: "\(procfs)/stat or the cgroups in \(root) cannot be read (\(error))",
            remedy: "let the exporter read both; ProcSubset=pid would hide the first")
    }
}

extension CgroupRoot {
    /// The directory of the whole tree, if there is one.
    func directory() throws(AttributionObstacle) -> String {
        switch self {
        case .whole(let path): return path
        case .ofNamespace(let path):
            throw AttributionObstacle(
                reason: "namespace",
                description: "\(path) is only a part of the machine's cgroups, the root of a namespace",
                remedy:
                    "in a container, mount the host's /sys/fs/cgroup read-only and name it with --path.cgroupfs, or share the "
                    + "host's cgroup namespace")
        case .version1(let path):
            throw AttributionObstacle(
                reason: "version 1", description: "\(path) has cgroups of version 1 only",
                remedy: "start the kernel with systemd.unified_cgroup_hierarchy=1, or a newer distribution")
        case .missing(let path):
            throw AttributionObstacle(
                reason: "missing", description: "there are no cgroups of version 2 in \(path)",
                remedy: "name their directory with --path.cgroupfs")
        }
    }
}

extension Attribution {
    /// Opens the tree of cgroups, wherever it lies. Nothing is read yet.
    ///
    /// - Parameters:
    ///   - cgroupfs: the directory of the cgroups; nil for the usual place in sysfs.
    ///   - sysfs: the root of sysfs.
    ///   - procfs: the root of procfs.
    ///   - unixMicroseconds: the wall clock.
    public static func open(
        cgroupfs: String?, sysfs: String, procfs: String, unixMicroseconds: UInt64, _ settings: AttributionSettings
    ) throws(AttributionObstacle) -> Attribution {
        let root = try CgroupRoot.find(named: cgroupfs, sysfs: sysfs).directory()
        do throws(SystemError) {
            return try Attribution(
                root, procfs: procfs, ticksPerSecond: Process.clockTicksPerSecond,
                jiffyMicroseconds: Clock.jiffyMicroseconds(), unixMicroseconds: unixMicroseconds, settings)
        } catch {
            throw AttributionObstacle(unreadable: root, procfs: procfs, error)
        }
    }
}
