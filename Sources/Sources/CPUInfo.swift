import Kernel

/// /proc/cpuinfo, of which the first processor is looked at; empty where it cannot be read. See proc(5).
public struct CPUInfo: Sendable {
    /// As the kernel prints it.
    public let text: String

    /// What one processor takes is less; the others are alike.
    static let longestBytes = 16_384

    /// A text that somebody else has read.
    public init(text: String) {
        self.text = text
    }

    /// Reads it under `procfs`, the root of the proc file system.
    public init(procfs: String) {
        do throws(SystemError) {
            let bytes = try Files.read(procfs + "/cpuinfo", limit: CPUInfo.longestBytes)
            self.init(text: String(decoding: bytes, as: UTF8.self))
        } catch {
            self.init(text: "")
        }
    }

    /// The first value under a name; nil if there is none.
    public subscript(name: String) -> String? {
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, trimmed(parts[0]) == name else { continue }
            return trimmed(parts[1])
        }
        return nil
    }

    /// Whether the processor is one that Arm designed or licensed.
    public var isARM: Bool { self["CPU implementer"] != nil }

    /// Whether a processor of x86 has a feature, by the kernel's name for it.
    public func hasFlag(_ flag: String) -> Bool {
        self["flags"]?.split(separator: " ").contains(Substring(flag)) ?? false
    }

    private func trimmed(_ text: Substring) -> String {
        String(text.drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
    }
}
