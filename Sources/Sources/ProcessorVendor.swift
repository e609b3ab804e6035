import Kernel

/// Who made the processor, as far as it changes what a zone means.
public enum ProcessorVendor: Sendable {
    case intel
    /// AMD, and Hygon, which builds on its design.
    case amd
    case unknown

    /// Reads the first `vendor_id` line of /proc/cpuinfo. See proc(5).
    public init(cpuinfo: String) {
        let line = cpuinfo.split(separator: "\n").first { $0.hasPrefix("vendor_id") }
        switch line?.split(separator: ":").last?.drop(while: { $0 == " " }) {
        case "GenuineIntel": self = .intel
        case "AuthenticAMD", "HygonGenuine": self = .amd
        default: self = .unknown
        }
    }

    /// Reads /proc/cpuinfo under `procfs`, the root of the proc file system.
    public init(procfs: String) {
        do {
            let cpuinfo = try Files.read(procfs + "/cpuinfo")
            self.init(cpuinfo: String(decoding: cpuinfo, as: UTF8.self))
        } catch {
            self = .unknown
        }
    }
}
