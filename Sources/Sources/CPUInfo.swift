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
    public subscript(name: String) -> String? { value(of: name).map { String($0) ?? "" } }

    /// Whether the processor is one that Arm designed or licensed.
    public var isARM: Bool { value(of: "CPU implementer") != nil }

    /// Whether a processor of x86 has a feature, by the kernel's name for it.
    public func hasFlag(_ flag: String) -> Bool {
        guard let flags = value(of: "flags") else { return false }
        return flags.split(separator: UInt8(ascii: " ")).contains { $0.elementsEqual(flag.utf8) }
    }

    /// Bytes instead of characters: the text has thousands, and it is searched several times at each start.
    private func value(of name: String) -> Substring.UTF8View? {
        var left = text.utf8[...]
        while !left.isEmpty {
            let line = left.prefix { $0 != UInt8(ascii: "\n") }
            left = left.dropFirst(line.count + 1)
            let entry = line.drop(while: CPUInfo.isBlank)
            guard entry.starts(with: name.utf8) else { continue }
            let rest = entry.dropFirst(name.utf8.count).drop(while: CPUInfo.isBlank)
            guard rest.first == UInt8(ascii: ":") else { continue }
            return CPUInfo.trimmed(rest.dropFirst())
        }
        return nil
    }

    private static func trimmed(_ text: Substring.UTF8View) -> Substring.UTF8View {
        let start = text.drop(while: isBlank)
        guard let last = start.lastIndex(where: { !isBlank($0) }) else { return start.prefix(0) }
        return start[...last]
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
}
