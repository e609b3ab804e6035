import Counters

/// A power limit that the kernel shows for a zone, such as the long-term limit of a package.
public struct PowerLimit: Sendable, Equatable {
    /// The kernel's name of the constraint: `long_term`, `short_term`, `peak_power`.
    public let constraint: String
    /// What it is set to.
    public let microwatts: UInt64
    /// The most that it can be set to, if the firmware says so.
    public let maximumMicrowatts: UInt64?
}

/// What the kernel's constraints say about how much power a zone can take. See
/// Documentation/power/powercap/powercap.rst in the kernel's source.
public struct PowerLimits: Sendable, Equatable {
    /// All of them, in the kernel's order.
    public let limits: [PowerLimit]

    /// RAPL has at most three.
    private static let most = 3

    /// Reads `constraint_N_name`, `_power_limit_uw` and `_max_power_uw`; a zone without constraints has none.
    init(zoneDirectory directory: String) {
        let attributes = SysfsDirectory(path: directory)
        limits = (0..<PowerLimits.most).compactMap { index in
            guard let name = attributes.textIfReadable("constraint_\(index)_name"),
                let limit = attributes.textIfReadable("constraint_\(index)_power_limit_uw").flatMap({ UInt64($0) })
            else { return nil }
            let maximum = attributes.textIfReadable("constraint_\(index)_max_power_uw").flatMap { UInt64($0) }
            return PowerLimit(constraint: name, microwatts: limit, maximumMicrowatts: maximum)
        }
    }

    /// The highest number among them; nil if there is none above 0.
    var highestMicrowatts: UInt64? {
        limits.flatMap { [$0.microwatts, $0.maximumMicrowatts ?? 0] }.max().flatMap { $0 > 0 ? $0 : nil }
    }
}

/// The power above which a reading is not believed.
///
/// Limits are kept on average and for their time window only, and firmware often states too little: twice the highest one is
/// taken, and never less than `leastMicrowatts`. A zone without limits takes its package's. Where nothing is known, a
/// kilowatt is more than a package of today draws for long, and a platform may hold several. A sensor may be anything from a rail
/// to a chassis: the largest machines that run one Linux draw 14 to 30 kW, and a meter that does not know the power yet says
/// 4.3 MW (2^32 - 1 mW, ACPI's "unknown"), so that 100 kW are believed.
public enum PlausiblePower {
    static let factor: UInt64 = 2
    static let leastMicrowatts: UInt64 = 100_000_000

    /// For zones that state power limits.
    static func boundMicrowatts(_ kind: DomainKind, own: PowerLimits, parent: PowerLimits?) -> UInt64 {
        let highest = [own.highestMicrowatts, parent?.highestMicrowatts].compactMap { $0 }.max()
        guard let highest else { return boundMicrowatts(kind) }
        let (doubled, overflows) = highest.multipliedReportingOverflow(by: factor)
        return overflows ? UInt64.max : max(doubled, leastMicrowatts)
    }

    /// For zones of which nothing is known.
    static func boundMicrowatts(_ kind: DomainKind) -> UInt64 {
        switch kind {
        case .package, .core, .uncore, .dram, .leadCore: 1_000_000_000
        case .psys: 4_000_000_000
        case .sensor: 100_000_000_000
        }
    }
}
