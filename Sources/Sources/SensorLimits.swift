import Counters

/// What a chip says of how much power one of its channels can take. See Documentation/hwmon/sysfs-interface.rst in the kernel's
/// source: `powerN_max`, `_rated_max`, `_cap_max`, `_cap`, `_crit`.
enum SensorLimits {
    private static let constraints = ["max", "rated_max", "cap_max", "cap", "crit"]

    /// A limit can be no more than an alarm, set by the user to little or passed for a moment: less than this is not taken from it.
    static let leastMicrowatts: UInt64 = 1_000_000_000

    /// The limits of the power channel with a number; 0 is a limit that is off.
    static func limits(_ directory: SysfsDirectory, _ number: UInt16) -> [PowerLimit] {
        constraints.compactMap { constraint in
            let text = directory.textIfReadable("power\(number)_\(constraint)")
            guard let microwatts = text.flatMap({ UInt64($0) }), microwatts > 0 else { return nil }
            return PowerLimit(constraint: constraint, microwatts: microwatts, maximumMicrowatts: nil)
        }
    }

    /// More power than this is not believed of a sensor with these limits: twice the highest one.
    static func boundMicrowatts(_ limits: [PowerLimit]) -> UInt64 {
        guard let highest = limits.map(\.microwatts).max() else { return PlausiblePower.boundMicrowatts(.sensor) }
        let (doubled, overflows) = highest.multipliedReportingOverflow(by: PlausiblePower.factor)
        return min(overflows ? UInt64.max : max(doubled, leastMicrowatts), PowerIntegrator.largestMicrowatts)
    }
}
