/// What is shared out, and within which bounds.
public struct AttributionSettings: Sendable {
    /// How far down.
    public var level = AttributionLevel.slices
    /// The most accounts of units; what is beyond it stays in the rest of the place where it lies.
    public var mostUnits = 512
    /// The most accounts that are opened within a minute; those of the start do not count.
    public var mostNewPerMinute = 60
    /// The time between two passes, in nanoseconds; longer where a pass would take more than its share of the processor.
    public var intervalNanoseconds: UInt64 = 1_000_000_000
    /// How long what has ended stays on the page, in nanoseconds.
    public var keepNanoseconds: UInt64 = 600_000_000_000
    /// How many kinds of energy are shared out, each on its own.
    public var kindCount = 1
    /// The idle power of each kind in microwatts, where it is set and not measured; kinds beyond the last are measured.
    public var idleMicrowatts: [UInt64?] = []
    /// What is looked into, although it would be one account.
    public var descended: [Glob] = []
    /// Units must match one of these to have an account; all do if there is none.
    public var included: [Glob] = []
    /// Units that match one of these have none.
    public var excluded: [Glob] = []
    /// The directory in which kubelet makes links to containers' logs, whose names say what pod a container is in; nil if nobody asks.
    public var podNames: String?
    /// Every pass reads everything, and not only what runs: to learn what that costs.
    public var readsAll = false

    /// Slices, each second.
    public init() {}

    /// The most accounts of slices and other places above units.
    public static let mostNodes = 256
    /// What `mostUnits` may be at most.
    public static let largestMostUnits = 4096
    /// The most kinds that are shared out.
    public static let mostKinds = 4
    /// A pass takes one such part of one processor's time at most.
    public static let costPart: UInt64 = 500
}
