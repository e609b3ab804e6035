import Bytes

/// Decides which directories of the tree have an account.
struct Naming: ~Copyable {
    private let settings: AttributionSettings
    /// Longer than what has an account, by a type, a runtime and what lies between values.
    private var scratch = ByteBuffer(capacity: CgroupName.longestLabelBytes + 64)

    init(_ settings: AttributionSettings) { self.settings = settings }

    /// - Parameter path: below the root of the cgroups, such as `/system.slice/nginx.service`.
    mutating func place(_ path: [UInt8]) -> CgroupPlace {
        let place = CgroupPlace(path.span, level: settings.level, descending: settings.descended)
        switch place {
        case .pass: return .pass
        case .descend(let name): return fits(name, path) ? place : .pass
        case .show(let name): return fits(name, path) && isChosen(path) ? place : .pass
        }
    }

    /// The values of all labels, one after the other, by which accounts are told apart.
    mutating func labels(_ name: CgroupName, _ path: [UInt8]) -> [UInt8] {
        scratch.removeAll()
        scratch.append(name.type.label)
        scratch.append(0)
        name.appendSlice(of: path.span, to: &scratch)
        scratch.append(0)
        name.appendName(of: path.span, to: &scratch)
        scratch.append(0)
        name.appendPodUID(of: path.span, to: &scratch)
        scratch.append(0)
        scratch.append(path.span.extracting(name.containerID))
        scratch.append(0)
        if let runtime = name.runtime { scratch.append(runtime.label) }
        scratch.append(0)
        scratch.append(path.span.extracting(name.uid))
        precondition(!scratch.overflowed)
        return scratch.withBytes { bytes in bytes.indices.map { bytes[$0] } }
    }

    /// Whether its labels are short enough for a row, with so many bytes of others beside them.
    mutating func fits(_ name: CgroupName, _ path: [UInt8], besides more: Int = 0) -> Bool {
        scratch.removeAll()
        name.appendSlice(of: path.span, to: &scratch)
        name.appendName(of: path.span, to: &scratch)
        name.appendPodUID(of: path.span, to: &scratch)
        let escapes = scratch.withBytes { bytes in
            var count = 0
            for index in bytes.indices where bytes[index].isEscaped { count += 1 }
            return count
        }
        let bytes = more + scratch.count + escapes + name.containerID.count + name.uid.count
        return !scratch.overflowed && bytes <= CgroupName.longestLabelBytes
    }

    private func isChosen(_ path: [UInt8]) -> Bool {
        let included = settings.included.isEmpty || settings.included.contains { matches($0, path) }
        return included && !settings.excluded.contains { matches($0, path) }
    }

    private func matches(_ glob: Glob, _ path: [UInt8]) -> Bool {
        let below = path.span.extracting(min(1, path.count)..<path.count)
        let name = path.lastIndex(of: UInt8(ascii: "/")) ?? 0
        return glob.matches(below, name: name + below.extracting(name..<below.count).systemdEscapeCount)
    }
}

extension CgroupName {
    /// What the values of an account's labels take together at most in a page, where some bytes are written as two. What needs more has
    /// no account, and stays in the rest of the place where it lies.
    public static let longestLabelBytes = 544

    /// A name of which only the type is known.
    init(_ type: AttributedType) {
        self.init()
        self.type = type
    }
}

extension UInt8 {
    /// The formats of a page write it as two bytes in a label.
    fileprivate var isEscaped: Bool {
        self == UInt8(ascii: "\\") || self == UInt8(ascii: "\"") || self == UInt8(ascii: "\n")
    }
}
