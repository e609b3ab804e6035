import Counters
import Kernel

/// Finding and opening.
extension Sources {
    /// Opens what was asked for, as far as it is there and can be read; `report` says what was tried. Never fails: without a source
    /// there are no counters.
    ///
    /// - Parameter simulationStartNanoseconds: when the simulated machine was started. By default with this one, so that two runs
    ///   of the program see one counter.
    public init(
        opening choice: SourceChoice, _ roots: SystemRoots, time: ReadingTime = .kernel, perfCalls: PerfCalls = .kernel,
        simulationStartNanoseconds: UInt64 = 0
    ) {
        self.init(empty: choice, roots, time)
        for (row, kinds) in choice.alternatives.enumerated() {
            for kind in kinds {
                let outcome = open(kind, perfCalls, simulationStartNanoseconds)
                report.attempts.append(SourceAttempt(kind: kind, outcome: outcome, row: row))
                if outcome == .opened { break }
            }
        }
        zones += report.uncounted
    }

    private mutating func open(
        _ kind: SourceKind, _ perfCalls: PerfCalls, _ simulationStartNanoseconds: UInt64
    ) -> SourceAttempt.Outcome {
        switch kind {
        case .powercap: return openPowercap()
        case .perf: return openPerf(perfCalls)
        case .hwmon: return openHwmon()
        case .simulated:
            simulated = SimulatedSource(startNanoseconds: simulationStartNanoseconds)
            append(SimulatedSource.facts)
            return .opened
        }
    }

    private mutating func openPowercap() -> SourceAttempt.Outcome {
        let root = roots.sysfs + "/class/powercap"
        let discovery = PowercapDiscovery(sysfs: roots.sysfs, vendor: roots.vendor)
        report.powercap = discovery
        guard !discovery.zones.isEmpty else {
            if discovery.refused.contains(where: { $0.reason == .permissionDenied }) {
                return .unreadable(
                    "no energy counter under \(root) may be read: \(Remedy(in: roots.place).forbiddenCounters)")
            }
            let absence =
                "there is no RAPL counter under \(root), as Intel's and AMD's processors have: \(Remedy(in: roots.place).absentCounters)"
            // What has a domain is there.
            return discovery.refused.contains { $0.domain != nil } ? .unreadable(absence) : .absent(absence)
        }
        do throws(SystemError) {
            powercap = try PowercapSource(opening: discovery.zones)
        } catch {
            return .unreadable("the energy counters under \(root) cannot be opened: \(error)")
        }
        append(discovery.zones.map(\.facts), limits: discovery.zones.map(\.limits))
        return .opened
    }

    private mutating func openPerf(_ calls: PerfCalls) -> SourceAttempt.Outcome {
        let discovery = PerfDiscovery(sysfs: roots.sysfs, vendor: roots.vendor)
        report.perf = discovery
        guard !discovery.groups.isEmpty else { return .absent("the kernel has no 'power' unit of perf events") }
        do throws(PerfError) {
            perf = try PerfSource(opening: discovery.groups, procfs: roots.procfs, calls: calls)
        } catch {
            report.perfError = error
            return .unreadable("perf's energy events cannot be opened: \(error.sentence(in: roots.place))")
        }
        append(discovery.groups.flatMap(\.zones).map(\.facts))
        return .opened
    }

    private mutating func openHwmon() -> SourceAttempt.Outcome {
        let discovery = HwmonDiscovery(sysfs: roots.sysfs)
        report.hwmon = discovery
        guard !discovery.sensors.isEmpty else {
            let absence = "hwmon shows no sensor of energy or power"
            let isForbidden = discovery.refused.contains { $0.reason == .permissionDenied }
            return isForbidden ? .unreadable(absence) : .absent(absence)
        }
        do throws(SystemError) {
            hwmon = try HwmonSource(opening: discovery.sensors)
        } catch {
            return .unreadable("the sensors of hwmon cannot be opened: \(error)")
        }
        append(discovery.sensors.map(\.facts))
        return .opened
    }
}

extension SourceReport {
    /// Looks for the kinds that nobody has looked for yet, and tries to open what is found of perf, for whoever explains the
    /// machine. Nothing stays open.
    public mutating func completeSurvey(_ roots: SystemRoots, perfCalls: PerfCalls = .kernel) {
        if powercap == nil { powercap = PowercapDiscovery(sysfs: roots.sysfs, vendor: roots.vendor) }
        if hwmon == nil { hwmon = HwmonDiscovery(sysfs: roots.sysfs) }
        guard perf == nil else { return }
        let discovery = PerfDiscovery(sysfs: roots.sysfs, vendor: roots.vendor)
        perf = discovery
        guard !discovery.groups.isEmpty else { return }
        do throws(PerfError) {
            _ = try PerfSource(opening: discovery.groups, procfs: roots.procfs, calls: perfCalls)
        } catch {
            perfError = error
        }
    }
}
