/// An entry of the powercap class that names a zone, such as `intel-rapl:0:1`: the control type, and a number for each level.
///
/// The kernel writes the numbers in hexadecimal (`"%s:%x"` in drivers/powercap/powercap_sys.c) and gives out the lowest that is free:
/// they say nothing but which zone lies in which.
struct PowercapEntry: Comparable, Hashable {
    /// The whole of it.
    let name: String
    private let parts: [Substring]

    /// Nil for the entry of a control type, which has no number.
    init?(_ name: String) {
        let parts = name.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count > 1 else { return nil }
        self.name = name
        self.parts = parts
    }

    /// Who shows the zone, such as `intel-rapl` or `arm-scmi`.
    var controlType: String { String(parts[0]) }

    /// The zone that this one is a part of; nil at the top.
    var parent: PowercapEntry? {
        parts.count > 2 ? PowercapEntry(parts.dropLast().joined(separator: ":")) : nil
    }

    /// Its numbers are those of a zone of RAPL, which are at most two.
    var hasNumbersOfRAPL: Bool { parts.count <= 3 && parts.dropFirst().allSatisfy { UInt32($0, radix: 16) != nil } }

    /// In the order of their numbers, a zone before its parts; what has no number last.
    static func < (left: PowercapEntry, right: PowercapEntry) -> Bool {
        for (one, other) in zip(left.parts.dropFirst(), right.parts.dropFirst()) where one != other {
            switch (UInt32(one, radix: 16), UInt32(other, radix: 16)) {
            case (.some(let one), .some(let other)) where one != other: return one < other
            case (.some, nil): return true
            case (nil, .some): return false
            default: return one < other
            }
        }
        return left.parts.count == right.parts.count ? left.name < right.name : left.parts.count < right.parts.count
    }
}

/// What a zone of RAPL is called at the top: `package-0`, `package-0-die-1`, `psys`, `psys-1`. See drivers/powercap/intel_rapl_common.c
/// in the kernel's source.
enum TopName {
    case package(socket: Int, die: Int?)
    /// The platform, as the processor of a socket measures it: the name has no number where that is 0.
    case platform(socket: Int)

    init?(_ name: String) {
        let parts = name.split(separator: "-", omittingEmptySubsequences: false)
        func number(_ index: Int) -> Int? { UInt16(parts[index]).map(Int.init) }
        switch (parts.count, parts[0]) {
        case (1, "psys"): self = .platform(socket: 0)
        case (2, "psys"):
            guard let socket = number(1) else { return nil }
            self = .platform(socket: socket)
        case (2, "package"):
            guard let socket = number(1) else { return nil }
            self = .package(socket: socket, die: nil)
        case (4, "package"):
            guard let socket = number(1), parts[2] == "die", let die = number(3) else { return nil }
            self = .package(socket: socket, die: die)
        default: return nil
        }
    }
}
