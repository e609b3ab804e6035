import Energy
import Kernel
import Log
import Logging

/// The sampler that was chosen, and how the pages name it.
struct Measurement: ~Copyable {
    var sampler: Sampler
    /// The label `source`.
    let sourceName: String
    let isUp: Bool
    let isSimulated: Bool
    /// Some domains' energy is an estimate from their power.
    var isEstimated = false
    /// Every zone that the kernel shows; the first ones are the sampler's domains, in their order.
    var zones: [ZoneReport]

    /// Finds what can be read and says in the log what was found, what is missing, and what would mend it. Never fails: without
    /// a source the exporter runs and says so.
    static func open(_ configuration: Configuration, _ log: Logger) -> Measurement {
        let attempts = SourceAttempts(configuration, log)
        switch configuration.source {
        case .simulated:
            log.report(
                .simulatedSource, .warning,
                "SIMULATED: the numbers come from a model and measure nothing; for real ones leave out --source simulated"
            )
            return simulated()
        case .auto: return attempts.first(of: [.powercap, .perf, .hwmon])
        case .powercap: return attempts.first(of: [.powercap])
        case .perf: return attempts.first(of: [.perf])
        case .hwmon: return attempts.first(of: [.hwmon])
        }
    }

    /// The model's time starts with the machine, so that two runs of the program see one counter.
    private static func simulated() -> Measurement {
        Measurement(
            sampler: .simulated(startNanoseconds: 0), sourceName: "simulated", isUp: true, isSimulated: true,
            zones: SimulatedSource.models.map { ZoneReport(zone: "simulated", domain: $0.domain, role: .counted) })
    }
}

/// Tries real sources one after the other, and keeps what each of them found missing.
struct SourceAttempts {
    private let configuration: Configuration
    private let vendor: ProcessorVendor
    private let log: Logger

    init(_ configuration: Configuration, _ log: Logger) {
        self.configuration = configuration
        self.log = log
        vendor = SourceAttempts.vendor(configuration)
    }

    /// Who made the processor, by /proc/cpuinfo.
    static func vendor(_ configuration: Configuration) -> ProcessorVendor {
        do {
            let cpuinfo = try Files.read(configuration.procfs + "/cpuinfo")
            return ProcessorVendor(cpuinfo: String(decoding: cpuinfo, as: UTF8.self))
        } catch {
            return .unknown
        }
    }

    /// The first source that can be read. If there is none, the log says what each of them lacks.
    func first(of choices: [SourceChoice]) -> Measurement {
        var obstacles: [String] = []
        var zones: [ZoneReport] = []
        for choice in choices {
            switch attempt(choice) {
            case .opened(var measurement):
                if !obstacles.isEmpty {
                    log.report(
                        .sourceFallback, .warning,
                        "energy is read from \(choice.rawValue), because \(obstacles.joined(separator: ", and "))",
                        ["source": choice.rawValue])
                }
                measurement.zones += zones
                return measurement
            case .refused(let obstacle, let seen):
                obstacles.append(obstacle)
                zones += seen
            }
        }
        let remedy = "'--source simulated' shows how it would look"
        log.report(.noSource, .error, (obstacles + [remedy]).joined(separator: "; "))
        return Measurement(
            sampler: .withoutSource(), sourceName: choices[0].rawValue, isUp: false, isSimulated: false, zones: zones)
    }

    private enum Outcome: ~Copyable {
        case opened(Measurement)
        /// Why not, in words that go on after "because", with the remedy; and the zones that were seen.
        case refused(String, [ZoneReport])
    }

    private func attempt(_ choice: SourceChoice) -> Outcome {
        switch choice {
        case .perf: perf()
        case .hwmon: hwmon()
        case .auto, .powercap, .simulated: powercap()
        }
    }

    private func powercap() -> Outcome {
        let root = configuration.sysfs + "/class/powercap"
        let discovery = PowercapDiscovery(sysfs: configuration.sysfs, vendor: vendor)
        for zone in discovery.refused { report(zone) }
        guard !discovery.zones.isEmpty else {
            let isForbidden = discovery.refused.contains { $0.reason == .permissionDenied }
            let obstacle =
                isForbidden
                ? "no energy counter under \(root) may be read: run as root or in the group that the udev rule shows them to, or give the service CAP_DAC_READ_SEARCH"
                : "there is no RAPL counter under \(root): load the driver with 'modprobe intel_rapl_msr' (Intel and AMD; virtual machines have none)"
            return .refused(obstacle, discovery.reports)
        }
        do throws(SystemError) {
            return .opened(
                Measurement(
                    sampler: try .powercap(discovery.zones), sourceName: "powercap", isUp: true, isSimulated: false,
                    zones: discovery.reports))
        } catch {
            return .refused(
                "the energy counters under \(root) cannot be opened: \(error)", discovery.refused.map(\.report))
        }
    }

    private func perf() -> Outcome {
        let discovery = PerfDiscovery(sysfs: configuration.sysfs, vendor: vendor)
        for zone in discovery.refused { report(zone) }
        guard !discovery.groups.isEmpty else {
            return .refused("the kernel has no 'power' unit of perf events", discovery.refused.map(\.report))
        }
        do throws(PerfError) {
            return .opened(
                Measurement(
                    sampler: try .perf(discovery.groups, procfs: configuration.procfs), sourceName: "perf", isUp: true,
                    isSimulated: false, zones: discovery.reports))
        } catch {
            return .refused("perf's energy events cannot be opened: \(error)", discovery.refused.map(\.report))
        }
    }

    private func hwmon() -> Outcome {
        let discovery = HwmonDiscovery(sysfs: configuration.sysfs)
        for zone in discovery.refused { report(zone) }
        guard !discovery.sensors.isEmpty else {
            return .refused("hwmon shows no sensor of energy or power", discovery.refused.map(\.report))
        }
        do throws(SystemError) {
            return .opened(
                Measurement(
                    sampler: try .hwmon(discovery.sensors), sourceName: "hwmon", isUp: true, isSimulated: false,
                    isEstimated: discovery.sensors.contains(where: \.isIntegrated), zones: discovery.reports))
        } catch {
            return .refused("the sensors of hwmon cannot be opened: \(error)", discovery.refused.map(\.report))
        }
    }

    private func report(_ zone: RefusedZone) {
        switch zone.reason {
        case .duplicate:
            log.report(
                .zoneIgnored, .info, "zone \(zone.name) \(zone.reason)", ["zone": zone.name, "reason": "duplicate"])
        case .permissionDenied:
            log.report(
                .zoneUnreadable, .error,
                "zone \(zone.name) may not be read: run as root or in the group that the udev rule shows it to, or give the "
                    + "service CAP_DAC_READ_SEARCH (energy_uj is readable by root only since CVE-2020-8694)",
                ["zone": zone.name, "reason": "permission denied"])
        case .unknownName, .badAttribute, .failed, .tooMany:
            log.report(
                .zoneUnreadable, .warning, "zone \(zone.name) is not counted: \(zone.reason)",
                ["zone": zone.name, "reason": zone.reason.description])
        }
    }
}
