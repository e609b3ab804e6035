import Bytes
import Counters
import Sources

/// The energy events of the kernel's `power` unit: whether there are any, and whether they may be opened.
struct PerfCheck {
    let procfs: String
    let machine: Machine
    /// Without them there is no energy.
    let isNeeded: Bool

    /// `error` is why events that were found cannot be opened; nil if they can.
    func findings(_ discovery: PerfDiscovery, _ error: PerfError?) -> [Finding] {
        let refused = discovery.refused.map { zone in
            Finding(.note, .perf, "\(zone.name) is not counted: \(zone.reason).")
        }
        guard !discovery.groups.isEmpty else { return (refused.isEmpty ? [absence] : refused) + setting }
        if let error { return [obstacle(error)] + refused }
        let tags = enumeration(discovery.domains.map(\.tag))
        let count = counted(discovery.domains.count, "energy event")
        return [Finding(.ok, .perf, "\(count) of the kernel's power unit can be counted: \(tags).")] + refused + setting
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
