import Kernel

/// Who made the processor, as far as it changes what a zone means.
public enum ProcessorVendor: Sendable {
    case intel
    /// AMD, and Hygon, which builds on its design.
    case amd
    case unknown

    /// Reads the first `vendor_id` line of /proc/cpuinfo. See proc(5).
    public init(cpuinfo: String) {
        self.init(maker: CPUInfo(text: cpuinfo)["vendor_id"])
    }

    /// By what the processor calls its maker.
    init(maker: String?) {
        switch maker {
        case "GenuineIntel": self = .intel
        case "AuthenticAMD", "HygonGenuine": self = .amd
        default: self = .unknown
        }
    }
}

/// Who made the processor, and how that is known.
public struct ProcessorIdentity: Sendable {
    /// Who made it.
    public let vendor: ProcessorVendor
    /// Why the processor was asked and not /proc/cpuinfo, as a sentence for people; nil if that could be read.
    public let remark: String?

    /// Known from elsewhere.
    public init(vendor: ProcessorVendor) {
        self.init(vendor, remark: nil)
    }

    private init(_ vendor: ProcessorVendor, remark: String?) {
        self.vendor = vendor
        self.remark = remark
    }

    /// Reads /proc/cpuinfo under `procfs`, the root of the proc file system. Where it cannot be read, or is hidden behind an empty
    /// file, the processor is asked.
    public init(procfs: String) {
        let path = procfs + "/cpuinfo"
        var obstacle = "is empty"
        do {
            let cpuinfo = try Files.read(path, limit: CPUInfo.longestBytes)
            if !cpuinfo.isEmpty {
                self.init(vendor: ProcessorVendor(cpuinfo: String(decoding: cpuinfo, as: UTF8.self)))
                return
            }
        } catch {
            obstacle = "cannot be read (\(error.code))"
        }
        let maker = Processor.maker()
        self.init(
            ProcessorVendor(maker: maker),
            remark: "\(path) \(obstacle), so the processor itself was asked who made it: \(maker ?? "it does not tell")"
        )
    }
}
