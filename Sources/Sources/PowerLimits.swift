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
    /// All of them, in the kernel's order.
    public let limits: [PowerLimit]
    /// The kernel's numbers of them.
    let numbers: [Int]

    /// As many as the kernel allows a zone to have; RAPL has at most three. See MAX_CONSTRAINTS_PER_ZONE in
    /// drivers/powercap/powercap_sys.c.
    private static let most = 10

    /// Reads `constraint_N_name`, `_power_limit_uw` and `_max_power_uw`; a zone without constraints has none.
    init(zoneDirectory directory: String) {
        let attributes = SysfsDirectory(path: directory)
        var limits: [PowerLimit] = []
        numbers = (0..<PowerLimits.most).filter { number in
            guard let limit = PowerLimits.limit(number, attributes) else { return false }
            limits.append(limit)
            return true
        }
        self.limits = limits
    }

    private static func limit(_ number: Int, _ attributes: SysfsDirectory) -> PowerLimit? {
        guard let name = attributes.textIfReadable("constraint_\(number)_name"),
            let limit = attributes.textIfReadable("constraint_\(number)_power_limit_uw").flatMap({ UInt64($0) })
        else { return nil }
        let maximum = attributes.textIfReadable("constraint_\(number)_max_power_uw").flatMap { UInt64($0) }
        return PowerLimit(constraint: name, microwatts: limit, maximumMicrowatts: maximum)
    }

    /// The highest number among them; nil if there is none above 0.
    var highestMicrowatts: UInt64? {
        limits.flatMap { [$0.microwatts, $0.maximumMicrowatts ?? 0] }.max().flatMap { $0 > 0 ? $0 : nil }
    }
}

/// The power above which a reading is not believed.
///
/// Limits are kept on average and for their time window only, and firmware often states too little: twice the highest one is
/// taken, and never less than 100 W. A zone without limits takes its package's. Where nothing is known, a
/// kilowatt is more than a package of today draws for long, and a platform may hold several.
///
/// A sensor may be anything from a rail to a chassis. Its limit can be no more than an alarm, set by the user to little: less than
/// 1 kW is not taken from it. Without limits 100 kW are believed: the largest machines that run one Linux draw 14 to 30 kW, and a
/// meter that does not know the power yet says 4.3 MW (2^32 - 1 mW, ACPI's "unknown"), which no limit makes plausible.
public enum PlausiblePower {
    static let factor: UInt64 = 2

    /// For zones that state power limits.
    static func boundMicrowatts(_ kind: DomainKind, own: PowerLimits, parent: PowerLimits?) -> UInt64 {
        boundMicrowatts(
            kind, highestMicrowatts: [own.highestMicrowatts, parent?.highestMicrowatts].compactMap { $0 }.max())
    }

    /// The same, by the highest number among the limits; nil if there is none.
    static func boundMicrowatts(_ kind: DomainKind, highestMicrowatts: UInt64?) -> UInt64 {
        guard let highest = highestMicrowatts else { return boundMicrowatts(kind) }
        let (doubled, overflows) = highest.multipliedReportingOverflow(by: factor)
        let plausible = overflows ? UInt64.max : doubled
        guard kind == .sensor else { return max(plausible, 100_000_000) }
        return min(max(plausible, 1_000_000_000), PowerIntegrator.largestMicrowatts)
    }

    /// For zones of which nothing is known.
    static func boundMicrowatts(_ kind: DomainKind) -> UInt64 {
        switch kind {
        case .package, .core, .uncore, .dram, .leadCore: 1_000_000_000
        case .psys, .zone: 4_000_000_000
        case .sensor: 100_000_000_000
        }
    }
}
