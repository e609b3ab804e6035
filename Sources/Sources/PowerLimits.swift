import Counters

/// A power limit that the kernel shows for a zone, such as the long-term limit of a package.
public struct PowerLimit: Sendable, Equatable {
    /// The kernel's name of the constraint: `long_term`, `short_term`, `peak_power`.
    public let constraint: String
    /// What it is set to.
    public internal(set) var microwatts: UInt64
    /// The most that it can be set to, if the firmware says so.
    public internal(set) var maximumMicrowatts: UInt64?
}

/// What the kernel's constraints say about how much power a zone can take. See
/// Documentation/power/powercap/powercap.rst in the kernel's source.
public struct PowerLimits: Sendable, Equatable {
    /// A constraint that the kernel lists, readable or not.
    struct Constraint: Sendable, Equatable {
        /// The kernel's number of it.
        let number: Int
        /// Which of the limits it is; nil where it states none yet.
        let position: Int?
    }

    /// All that can be read, in the kernel's order, in force or not.
    public let limits: [PowerLimit]
    /// All that are listed, and the one that would come next: it can be stated later.
    let constraints: [Constraint]
    /// The zone is enabled: otherwise nobody keeps to its limits.
    let areInForce: Bool

    /// As many as the kernel allows a zone to have; RAPL has at most three. See MAX_CONSTRAINTS_PER_ZONE in
    /// drivers/powercap/powercap_sys.c.
    private static let most = 10

    /// Reads `enabled` and `constraint_N_name`, `_power_limit_uw` and `_max_power_uw`; a zone without constraints has none.
    init(zoneDirectory directory: String) {
        let attributes = SysfsDirectory(path: directory)
        let listed = (0..<PowerLimits.most).filter { attributes.has("constraint_\($0)_power_limit_uw") }
        var limits: [PowerLimit] = []
        var constraints: [Constraint] = []
        for number in listed + [(listed.last ?? -1) + 1] {
            let limit = PowerLimits.limit(number, attributes)
            constraints.append(Constraint(number: number, position: limit == nil ? nil : limits.count))
            if let limit { limits.append(limit) }
        }
        self.limits = limits
        self.constraints = constraints
        areInForce = attributes.textIfReadable("enabled") != "0"
    }

    private static func limit(_ number: Int, _ attributes: SysfsDirectory) -> PowerLimit? {
        guard let name = attributes.textIfReadable("constraint_\(number)_name"),
            let limit = attributes.textIfReadable("constraint_\(number)_power_limit_uw").flatMap({ UInt64($0) })
        else { return nil }
        let maximum = attributes.textIfReadable("constraint_\(number)_max_power_uw").flatMap { UInt64($0) }
        return PowerLimit(constraint: name, microwatts: limit, maximumMicrowatts: maximum)
    }

    /// The highest number among those that are in force and limit anything; nil if there is none.
    var highestMicrowatts: UInt64? {
        guard areInForce else { return nil }
        return limits.flatMap { [$0.microwatts, $0.maximumMicrowatts ?? 0] }.filter(PlausiblePower.isLimit).max()
    }
}

/// The power above which a reading is not believed.
///
/// Limits are kept on average and for their time window only, and firmware often states too little: twice the highest one is
/// taken, and never less than 100 W. A zone without limits takes its package's. Those of a zone that is not enabled are not in force, and
/// as good as none. Where nothing is known, a
/// kilowatt is more than a package of today draws for long, and a platform may hold several.
///
/// The largest cards of today have limits of about a kilowatt, and what is known of one says more than a guess: two are believed.
///
/// A sensor may be anything from a rail to a chassis. Its limit can be no more than an alarm, set by the user to little: less than
/// 1 kW is not taken from it. Without limits 100 kW are believed: the largest machines that run one Linux draw 14 to 30 kW, and a
/// meter that does not know the power yet says 4.3 MW (2^32 - 1 mW, ACPI's "unknown"), which no limit makes plausible.
public enum PlausiblePower {
    static let factor: UInt64 = 2

    /// Whether a number limits anything: 0 is a limit that is off, and a megawatt or more, such as 2^64 - 1 or ACPI's "unknown", is
    /// more than any part of a machine can draw.
    public static func isLimit(_ microwatts: UInt64) -> Bool {
        microwatts > 0 && microwatts < PowerIntegrator.largestMicrowatts
    }

    /// For zones that state power limits.
    static func boundMicrowatts(_ kind: DomainKind, own: PowerLimits, parent: PowerLimits?) -> UInt64 {
        boundMicrowatts(
            kind, highestMicrowatts: [own.highestMicrowatts, parent?.highestMicrowatts].compactMap { $0 }.max())
    }

    /// The same, by the highest number among the limits, which must be one (`isLimit`); nil if there is none.
    static func boundMicrowatts(_ kind: DomainKind, highestMicrowatts: UInt64?) -> UInt64 {
        guard let highest = highestMicrowatts else { return boundMicrowatts(kind) }
        let plausible = highest * factor
        guard kind == .sensor else { return max(plausible, 100_000_000) }
        return min(max(plausible, 1_000_000_000), PowerIntegrator.largestMicrowatts)
    }

    /// For zones of which nothing is known.
    static func boundMicrowatts(_ kind: DomainKind) -> UInt64 {
        switch kind {
        case .package, .core, .uncore, .dram, .leadCore: 1_000_000_000
        case .gpu: 2_000_000_000
        case .psys, .zone: 4_000_000_000
        case .sensor: 100_000_000_000
        }
    }
}
