import Bytes
import Counters
import Sources

/// The energy events of the kernel's `power` unit: whether there are any, and whether they may be opened.
struct PerfCheck {
    let procfs: String
    let machine: Machine
    /// Without them there is no energy.
    let isNeeded: Bool

    /// `refused` are all that are not counted, and `error` is why one that was found cannot be opened; nil if all can.
    func findings(_ discovery: PerfDiscovery, _ error: PerfError?, refused zones: [RefusedZone]) -> [Finding] {
        let refused = zones.map { Finding(.note, .perf, "\($0.name) is not counted: \($0.reason).") }
        // What counting would take is of no interest where there is nothing to count.
        guard !discovery.groups.isEmpty else { return refused.isEmpty ? [absence] : refused }
        let failed = Set(zones.filter(isRefusedByKernel).map(\.name))
        let counting = discovery.groups.flatMap(\.zones).filter { !failed.contains($0.name) }
        if let error, counting.isEmpty {
            return [obstacle(error)]
                + discovery.refused.map { Finding(.note, .perf, "\($0.name) is not counted: \($0.reason).") }
        }
        let tags = enumeration(counting.map(\.domain.tag))
        let count = counted(counting.count, "energy event")
        return [Finding(.ok, .perf, "\(count) of the kernel's power unit can be counted: \(tags).")] + refused + setting
    }

    private func isRefusedByKernel(_ zone: RefusedZone) -> Bool {
        switch zone.reason {
        case .permissionDenied, .failed: true
        default: false
        }
    }

    /// What the kernel asks of those who count.
    private var setting: [Finding] {
        let permission = PerfPermission(procfs: procfs)
        guard permission.paranoid != nil else { return [] }
        let price = permission.capability ?? "no capability"
        return [Finding(.ok, .perf, "Counting a whole processor takes \(price), as \(permission.setting).")]
    }

    private var status: Finding.Status { isNeeded ? .problem : .note }

    private var absence: Finding {
        Finding(
            status, .perf, "The kernel has no power unit of perf events.",
            remedy: machine.isARM ? nil : Remedy(in: machine.place).absentEvents)
    }

    private func obstacle(_ error: PerfError) -> Finding {
        switch error {
        case .forbidden(let permission):
            Finding(
                status, .perf, "There are energy events, and this process may not count them: \(permission.setting).",
                remedy: Remedy(in: machine.place).forbiddenEvents(permission))
        case .failed(let zone, let error):
            Finding(status, .perf, "There are energy events, and \(zone) cannot be counted: \(error).")
        }
    }
}
