import Bytes
import Counters
import Sources

/// What other programs publish.
struct FeedsCheck {
    /// Feeds were asked for by name, and there is nothing of them.
    let isNeeded: Bool

    func findings(_ discovery: FeedDiscovery) -> [Finding] {
        if let refusal = discovery.refusal {
            return [
                Finding(
                    .problem, .feeds, "Nothing is taken from \(discovery.path): \(refusal).",
                    remedy: refusal.remedy(discovery.path))
            ]
        }
        guard discovery.isPresent else {
            guard isNeeded else { return [] }
            return [
                Finding(
                    .problem, .feeds, "There is no directory of feeds, \(discovery.path).",
                    remedy: FeedsCheck.directoryRemedy)
            ]
        }
        return counted(discovery) + discovery.refused.map(refuse)
    }

    private func counted(_ discovery: FeedDiscovery) -> [Finding] {
        guard !discovery.domains.isEmpty else {
            guard discovery.refused.isEmpty else { return [] }
            return [
                Finding(
                    isNeeded ? .problem : .note, .feeds, "No feed in \(discovery.path) shows energy or power.",
                    remedy: isNeeded ? FeedsCheck.readerRemedy : nil)
            ]
        }
        let tags = enumeration(discovery.domains.map(\.tag))
        var findings = [
            Finding(.ok, .feeds, "\(Bytes.counted(discovery.domains.count, "device")) can be read by feeds: \(tags).")
        ]
        if !discovery.stale.isEmpty {
            findings.append(
                Finding(
                    .problem, .feeds,
                    "\(enumeration(discovery.stale)): nobody has published it for more than three times as long as it should take.",
                    remedy: "see whether the program that publishes it still runs"))
        }
        return findings + gpus(discovery)
    }

    /// What is special about GPUs that are counted.
    private func gpus(_ discovery: FeedDiscovery) -> [Finding] {
        var findings: [Finding] = []
        if !discovery.divided.isEmpty {
            findings.append(
                Finding(
                    .note, .feeds,
                    "\(enumeration(discovery.divided)) is divided into instances (MIG), which have no counters of their own: the energy is "
                        + "that of the whole GPU."))
        }
        if !discovery.forgetful.isEmpty {
            findings.append(
                Finding(
                    .note, .feeds,
                    "Persistence mode of \(enumeration(discovery.forgetful)) is off: its counter may begin anew when nobody has used it "
                        + "for a while.",
                    remedy: "systemctl enable --now nvidia-persistenced"))
        }
        return findings
    }

    private func refuse(_ zone: RefusedZone) -> Finding {
        switch zone.reason {
        case .garbage(let fault):
            Finding(
                .problem, .feeds, "Nothing of \(zone.name) is counted: \(fault).",
                remedy: "mend the program that writes it; docs/feeds.md has the format")
        case .unreadable(let obstacle, _):
            Finding(
                .problem, .feeds,
                "\(zone.domain?.tag ?? zone.name) is not counted, says its feed: \(zone.reason).",
                remedy: FeedsCheck.remedy(obstacle))
        case .failed:
            Finding(
                .problem, .feeds, "\(zone.name) cannot be read: \(zone.reason).",
                remedy: "feeds must be regular files that everybody may read, and no links")
        default: Finding(.note, .feeds, "\(zone.name) is not counted: \(zone.reason).")
        }
    }

    private static func remedy(_ obstacle: FeedObstacle) -> String? {
        switch obstacle {
        case .notSupported, .asleep: nil
        case .forbidden:
            "let its reader open the device: mind the mode of the device nodes and DeviceAllow= of its unit"
        case .lost: "the kernel's log says why (dmesg); the machine must be started anew if it does not come back"
        case .driverMismatch:
            "library and driver are of different versions, as after an upgrade: start the machine anew"
        case .timeout, .error: "its reader's log says more"
        }
    }

    private static let directoryRemedy = "systemd-tmpfiles --create pyjoules-exporter.conf"
    private static let readerRemedy = "start a program that publishes one: docs/feeds.md"
}
