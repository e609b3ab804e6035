public import Counters

/// What the user says of where energy is to be read.
public enum SourceChoice: Sendable, Equatable {
    /// Everything that can be read.
    case auto
    /// These, side by side; of those that read the same registers, the first that can be read.
    case these([SourceKind])
    /// The machine that does not exist, alone.
    case simulated

    /// What is opened, in order: of each row the first kind that can be read.
    public var alternatives: [[SourceKind]] {
        switch self {
        case .auto: [[.powercap, .perf], [.hwmon], [.feeds]]
        case .simulated: [[.simulated]]
        case .these(let kinds): SourceChoice.rows(kinds)
        }
    }

    /// It was asked for by name.
    public func names(_ kind: SourceKind) -> Bool {
        if case .these(let kinds) = self { return kinds.contains(kind) }
        return false
    }

    private static func rows(_ kinds: [SourceKind]) -> [[SourceKind]] {
        var rows: [[SourceKind]] = []
        for kind in kinds where !rows.joined().contains(kind) {
            if isRAPL(kind), let row = rows.firstIndex(where: { $0.contains(where: isRAPL) }) {
                rows[row].append(kind)
            } else {
                rows.append([kind])
            }
        }
        return rows
    }

    private static func isRAPL(_ kind: SourceKind) -> Bool { kind == .powercap || kind == .perf }
}
