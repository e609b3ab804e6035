import Kernel

/// What the kernel's module says of itself and its GPUs without the library, and without waking one: /proc/driver/nvidia.
public struct NVIDIADriver: Sendable {
    /// A GPU that the module has.
    public struct GPU: Equatable, Sendable {
        /// Its number in the order of bus identifiers, which is the library's too.
        public let number: Int
        /// As sysfs writes it: `0000:00:06.0`.
        public let address: String
        /// `GPU-76faf985-...`; nil where the module does not know it yet.
        public let uuid: String?
        /// Such as `NVIDIA H200`.
        public let model: String?
        /// It is switched off while nobody uses it, as in laptops, so that whoever opens it wakes it.
        public let sleeps: Bool

        /// As the library writes it: `00000000:00:06.0`.
        public var busIdentifier: String {
            let domain = address.prefix { $0 != ":" }
            return String(repeating: "0", count: max(0, 8 - domain.utf8.count)) + address.uppercased()
        }
    }

    private let directory: String
    private let sysfs: String

    /// The module below the roots of procfs and sysfs.
    public init(procfs: String, sysfs: String) {
        directory = procfs + "/driver/nvidia"
        self.sysfs = sysfs
    }

    /// Whether the module is loaded.
    public var isLoaded: Bool { NVIDIADriver.text(directory + "/version") != nil }

    /// The GPUs that it has, by their places.
    public func gpus() -> [GPU] {
        names(in: directory + "/gpus").enumerated().map { number, address in
            let information = fields("\(directory)/gpus/\(address)/information")
            let power = fields("\(directory)/gpus/\(address)/power")
            return GPU(
                number: number, address: address, uuid: information["GPU UUID"].flatMap(NVIDIADriver.known),
                model: information["Model"].flatMap(NVIDIADriver.known),
                sleeps: power["Runtime D3 status"]?.hasPrefix("Enabled") ?? false)
        }
    }

    /// Whether a GPU is awake, for whatever reason. One that says nothing is. Asking does not wake it.
    public func isAwake(_ gpu: GPU) -> Bool {
        guard let status = NVIDIADriver.text("\(sysfs)/bus/pci/devices/\(gpu.address)/power/runtime_status") else {
            return true
        }
        return !status.hasPrefix("suspend")
    }

    /// Watches how many GPUs it has, also when no file may be opened any more.
    public func watch() -> GPUWatch { GPUWatch(directory + "/gpus") }

    private func names(in path: String) -> [String] {
        do throws(SystemError) {
            return try Files.names(in: path)
        } catch {
            return []
        }
    }

    /// Lines such as `GPU UUID:   GPU-76faf985-...`.
    private func fields(_ path: String) -> [String: String] {
        let lines = (NVIDIADriver.text(path) ?? "").split(separator: "\n")
        var fields: [String: String] = [:]
        for line in lines {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { continue }
            fields[NVIDIADriver.trimmed(parts[0])] = NVIDIADriver.trimmed(parts[1])
        }
        return fields
    }

    /// The module writes question marks for what it does not know yet.
    private static func known(_ text: String) -> String? { text.isEmpty || text.contains("?") ? nil : text }

    private static func trimmed(_ text: Substring) -> String {
        var bytes = text.utf8[...]
        while let first = bytes.first, first == 0x20 || first == 0x09 { bytes.removeFirst() }
        while let last = bytes.last, last == 0x20 || last == 0x09 { bytes.removeLast() }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func text(_ path: String) -> String? {
        do throws(SystemError) {
            return String(decoding: try Files.read(path), as: UTF8.self)
        } catch {
            return nil
        }
    }
}

/// Notices that there are more or fewer GPUs than before.
public struct GPUWatch: ~Copyable {
    private let counter: EntryCounter?
    private var before: UInt64?

    init(_ directory: String) {
        do throws(SystemError) {
            counter = try EntryCounter(directory)
        } catch {
            counter = nil
        }
        before = count()
    }

    /// Whether that is so. Where it cannot be known, it is not.
    public func hasChanged() -> Bool { count() != before }

    private func count() -> UInt64? {
        switch counter {
        case .some(let counter): counter.count()
        case .none: nil
        }
    }
}
