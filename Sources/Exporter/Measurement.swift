import Energy
import Kernel
import Logging

/// The sampler that was chosen, and how the pages name it.
struct Measurement: ~Copyable {
    let sampler: Sampler
    /// The label `source`.
    let sourceName: String
    let isUp: Bool
    let isSimulated: Bool
    /// When it was opened, on the monotonic clock: the simulated machine's time 0.
    var openedNanoseconds = Clock.monotonicNanoseconds()

    /// Finds what can be read and says in the log what was found, what is missing, and what would mend it. Never fails: without
    /// a source the exporter runs and says so.
    static func open(_ configuration: Configuration, _ log: Logger) -> Measurement {
        switch configuration.source {
        case .simulated:
            log.report(
                .simulatedSource, .warning,
                "SIMULATED: the numbers come from a model and measure nothing; for real ones leave out --source simulated"
            )
            let now = Clock.monotonicNanoseconds()
            return Measurement(
                sampler: .simulated(startNanoseconds: now), sourceName: "simulated", isUp: true, isSimulated: true,
                openedNanoseconds: now)
        case .auto, .powercap:
            return powercap(configuration, log)
        }
    }

    private static func powercap(_ configuration: Configuration, _ log: Logger) -> Measurement {
        let discovery = PowercapDiscovery(sysfs: configuration.sysfs, vendor: vendor(configuration))
        for zone in discovery.refused { report(zone, log) }
        guard !discovery.zones.isEmpty else {
            log.report(.noSource, .error, remedy(discovery, configuration))
            return withoutSource()
        }
        do {
            let sampler = try Sampler.powercap(discovery.zones)
            return Measurement(sampler: sampler, sourceName: "powercap", isUp: true, isSimulated: false)
        } catch {
            log.report(.noSource, .error, "the energy counters cannot be opened: \(error)")
            return withoutSource()
        }
    }

    private static func withoutSource() -> Measurement {
        Measurement(sampler: .withoutSource(), sourceName: "powercap", isUp: false, isSimulated: false)
    }

    private static func vendor(_ configuration: Configuration) -> ProcessorVendor {
        do {
            let cpuinfo = try Files.read(configuration.procfs + "/cpuinfo")
            return ProcessorVendor(cpuinfo: String(decoding: cpuinfo, as: UTF8.self))
        } catch {
            return .unknown
        }
    }

    private static func remedy(_ discovery: PowercapDiscovery, _ configuration: Configuration) -> String {
        let root = configuration.sysfs + "/class/powercap"
        if discovery.refused.contains(where: { $0.reason == .permissionDenied }) {
            return "no energy counter under \(root) may be read: run as root, or give the service CAP_DAC_READ_SEARCH"
        }
        return "no RAPL counter under \(root): load the driver with 'modprobe intel_rapl_msr' (Intel and AMD); "
            + "virtual machines have none; '--source simulated' shows how it would look"
    }

    private static func report(_ zone: RefusedZone, _ log: Logger) {
        switch zone.reason {
        case .duplicate:
            log.report(
                .zoneIgnored, .info, "zone \(zone.name) repeats a counter that is counted already",
                ["zone": zone.name, "reason": "duplicate"])
        case .permissionDenied:
            log.report(
                .zoneUnreadable, .error,
                "zone \(zone.name) may not be read: run as root, or give the service CAP_DAC_READ_SEARCH "
                    + "(energy_uj is readable by root only since CVE-2020-8694)",
                ["zone": zone.name, "reason": "permission denied"])
        case .unknownName(let name):
            ignore(zone, "its name '\(name)' is none that RAPL uses", log)
        case .badAttribute(let what):
            ignore(zone, what, log)
        case .failed(let code):
            ignore(zone, "\(code)", log)
        case .tooMany:
            ignore(zone, "more than \(PowercapSource.capacity) zones", log)
        }
    }

    private static func ignore(_ zone: RefusedZone, _ reason: String, _ log: Logger) {
        log.report(
            .zoneUnreadable, .warning, "zone \(zone.name) is not counted: \(reason)",
            ["zone": zone.name, "reason": reason])
    }
}
