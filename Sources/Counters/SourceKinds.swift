/// Some kinds of sources: a set that needs no memory of its own.
public struct SourceKinds: Equatable, Sendable {
    private var bits: UInt8 = 0

    /// None, or those that are named.
    public init(_ kinds: SourceKind...) {
        for kind in kinds { insert(kind) }
    }

    /// Every kind.
    public static let all = SourceKinds(.powercap, .perf, .hwmon, .feeds, .simulated)

    /// There is none.
    public var isEmpty: Bool { bits == 0 }

    /// Whether a kind is among them.
    public func contains(_ kind: SourceKind) -> Bool { bits & SourceKinds.bit(kind) != 0 }

    /// Whether a kind is among these and those.
    public func intersects(_ others: SourceKinds) -> Bool { bits & others.bits != 0 }

    /// Adds a kind.
    public mutating func insert(_ kind: SourceKind) { bits |= SourceKinds.bit(kind) }

    /// Takes a kind away.
    public mutating func remove(_ kind: SourceKind) { bits &= ~SourceKinds.bit(kind) }

    private static func bit(_ kind: SourceKind) -> UInt8 {
        switch kind {
        case .powercap: 1
        case .perf: 2
        case .hwmon: 4
        case .feeds: 8
        case .simulated: 16
        }
    }
}
