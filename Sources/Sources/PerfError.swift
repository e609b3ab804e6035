public import Kernel

/// Why the kernel's energy events could not be opened.
public enum PerfError: Error, CustomStringConvertible {
    /// The kernel forbids it to this process.
    case forbidden(PerfPermission)
    /// An event that is shown cannot be opened.
    case failed(zone: String, SystemError)

    /// What is wrong and what helps in a place, in words that go on after a colon.
    func sentence(in place: Surroundings) -> String {
        switch self {
        case .forbidden(let permission):
            "perf_event_open is forbidden (\(permission.setting)): \(Remedy(in: place).forbiddenEvents(permission))"
        case .failed: description
        }
    }

    /// What is wrong, in words that go on after a colon.
    public var description: String {
        switch self {
        case .forbidden(let permission): permission.description
        case .failed(let zone, let error): "\(zone) cannot be counted: \(error)"
        }
    }
}

/// What the kernel asks of those who want to count a whole processor's events.
///
/// Its answer depends on `kernel.perf_event_paranoid`: 0 and below ask for nothing, 1 and 2 for CAP_PERFMON. Debian's kernel knows
/// 3 as well, its default, at which CAP_PERFMON alone is not enough.
public struct PerfPermission: Sendable, Equatable, CustomStringConvertible {
    /// What `kernel.perf_event_paranoid` was; nil if it could not be read.
    public let paranoid: Int?

    init(paranoid: Int?) {
        self.paranoid = paranoid
    }

    /// Reads the setting under `procfs`, the root of the proc file system.
    public init(procfs: String) {
        let setting = SysfsDirectory(path: procfs + "/sys/kernel")
        do {
            paranoid = try setting.value("perf_event_paranoid") { Int($0) }
        } catch {
            paranoid = nil
        }
    }

    /// What was refused and exactly what would change that.
    public var description: String {
        "perf_event_open is forbidden (\(setting)): \(remedy)"
    }

    /// What the setting is, as the end of a sentence or in brackets.
    public var setting: String {
        paranoid.map { "kernel.perf_event_paranoid is \($0)" } ?? "kernel.perf_event_paranoid cannot be read"
    }

    /// The capability that counting takes with this setting; nil if it takes none, or if that is not known.
    public var capability: String? {
        switch paranoid {
        case .some(3...): "CAP_SYS_ADMIN"
        case .some(1...2): "CAP_PERFMON"
        case .some, nil: nil
        }
    }

    /// What would change that.
    public var remedy: String {
        let lowered = "run 'sysctl kernel.perf_event_paranoid=2' and give the service CAP_PERFMON"
        switch paranoid {
        case .some(3...): return "give the service CAP_SYS_ADMIN, or \(lowered)"
        case .some(1...2): return "give the service CAP_PERFMON; if it has it, \(PerfPermission.filter)"
        case .some: return "the setting asks for nothing, so \(PerfPermission.filter)"
        case nil: return lowered
        }
    }

    private static let filter =
        "a seccomp filter (systemd's SystemCallFilter= must name perf_event_open) or a security module forbids the call"
}
