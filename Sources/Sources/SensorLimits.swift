import Counters

/// What a chip says of how much power one of its channels can take. See Documentation/hwmon/sysfs-interface.rst in the kernel's
/// source: `powerN_max`, `_rated_max`, `_cap_max`, `_cap`, `_crit`.
enum SensorLimits {
    private static let constraints = ["max", "rated_max", "cap_max", "cap", "crit"]

    /// The limits of the power channel with a number; 0 is a limit that is off.
    static func limits(_ directory: SysfsDirectory, _ number: UInt16) -> [PowerLimit] {
        constraints.compactMap { constraint in
            let text = directory.textIfReadable("power\(number)_\(constraint)")
            guard let microwatts = text.flatMap({ UInt64($0) }), microwatts > 0 else { return nil }
            return PowerLimit(constraint: constraint, microwatts: microwatts, maximumMicrowatts: nil)
        }
    }
}
