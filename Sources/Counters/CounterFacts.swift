/// What a counter says of itself: everything that reading, accounting and showing it need to know.
public struct CounterFacts: Sendable, Equatable {
    /// How it is read.
    public var source: SourceKind
    /// What it measures.
    public var domain: Domain
    /// The device: a text that stays the same over restarts, reloaded modules and new numbers.
    public var identity: String
    /// What the kernel calls it now, such as `intel-rapl:0:1`. Its numbers are no identity: the kernel uses them again.
    public var name: String
    /// Where it starts again from 0, in microjoules; `neverWraps` for one that does not.
    public var modulus: UInt64
    /// The least that it moves by.
    public var unitMicrojoules: UInt64
    /// More power than this is not believed of it.
    public var boundMicrowatts: UInt64
    /// What it shows can be as old as this.
    public var updatePeriodNanoseconds: UInt64
    /// It belongs to the machine and not to this process: what it shows to the next process goes on.
    public var outlivesProcess: Bool
    /// Its energy is computed from readings of power.
    public var isEstimate: Bool
    /// What is known of the card of a GPU; nil for anything else.
    public var card: CardFacts? {
        if case .card(let card) = apart { card } else { nil }
    }
    private var apart: Apart

    /// What few counters have is kept apart from the rest, which is copied often.
    private indirect enum Apart: Sendable, Equatable {
        case nothing
        case card(CardFacts)
    }

    /// The modulus of a counter that steps back only when it is set anew.
    public static let neverWraps = UInt64.max
    /// What the identity of every GPU begins with, and nothing else's.
    public static let gpuIdentityPrefix = "gpu/"
    /// How often RAPL brings its registers up to date: each 1/1024 s.
    public static let raplUpdateNanoseconds: UInt64 = 976_563

    /// A counter that outlives the process and counts energy itself, unless it is said otherwise.
    public init(
        source: SourceKind, domain: Domain, identity: String, name: String, modulus: UInt64, unitMicrojoules: UInt64,
        boundMicrowatts: UInt64, updatePeriodNanoseconds: UInt64 = raplUpdateNanoseconds, outlivesProcess: Bool = true,
        isEstimate: Bool = false, card: CardFacts? = nil
    ) {
        self.source = source
        self.domain = domain
        self.identity = identity
        self.name = name
        self.modulus = modulus
        self.unitMicrojoules = unitMicrojoules
        self.boundMicrowatts = boundMicrowatts
        self.updatePeriodNanoseconds = updatePeriodNanoseconds
        self.outlivesProcess = outlivesProcess
        self.isEstimate = isEstimate
        apart = card.map(Apart.card) ?? .nothing
    }
}
