import Energy
import Kernel
import Log
import Logging

/// Looks for zones that went from the kernel and may come back: a module that is loaded again, a processor that is put back
/// online. Nothing announces them (inotify says nothing in sysfs, and the kernel's events do not reach a private network
/// namespace), so it looks from time to time, ever more rarely.
struct ZoneReviver {
    private static let firstDelayNanoseconds: UInt64 = 1_000_000_000
    private static let longestDelayNanoseconds: UInt64 = 60_000_000_000

    /// What is read to find zones again. The links of `class/powercap` lead to `devices/virtual/powercap`, which goes with the last
    /// zone and comes back as another directory: only the one above it stays.
    static func readPaths(sysfs: String) -> [String] {
        [sysfs + "/class/powercap", sysfs + "/devices/virtual"]
    }

    private let sysfs: String
    private let vendor: ProcessorVendor
    private var delayNanoseconds = firstDelayNanoseconds
    private var nextNanoseconds: UInt64?
    private var hasSaidForbidden = false

    init(sysfs: String, vendor: ProcessorVendor) {
        self.sysfs = sysfs
        self.vendor = vendor
    }

    /// Tries to find lost zones again when that is due, and says whether it did. Opening a counter needs the right that the first
    /// opening needed.
    @discardableResult
    mutating func review(_ sampler: inout Sampler, nanoseconds now: UInt64, _ log: Logger) -> Bool {
        guard sampler.hasLostZones else {
            delayNanoseconds = ZoneReviver.firstDelayNanoseconds
            nextNanoseconds = nil
            hasSaidForbidden = false
            return false
        }
        let due = nextNanoseconds ?? now + delayNanoseconds
        nextNanoseconds = due
        guard now >= due else { return false }
        delayNanoseconds = min(delayNanoseconds * 2, ZoneReviver.longestDelayNanoseconds)
        nextNanoseconds = now + delayNanoseconds
        let discovery = PowercapDiscovery(sysfs: sysfs, vendor: vendor)
        sampler.reattach(discovery.zones)
        let accounts = sampler.accounts
        let forbidden = discovery.refused.first { zone in
            zone.reason == .permissionDenied
                && accounts.contains { $0.failure == .unregistered && $0.domain == zone.domain }
        }
        if !hasSaidForbidden, let zone = forbidden {
            hasSaidForbidden = true
            log.report(
                .zoneUnreadable, .error,
                "zone \(zone.name) is back but may not be read any more: restart the exporter, which opens it with the rights it starts with",
                ["zone": zone.name, "reason": "permission denied"])
        }
        return true
    }
}
