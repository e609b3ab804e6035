import Bytes
import Counters
import Kernel
import Sources

/// The counters under /sys/class/powercap: which can be read, and why the others cannot.
struct PowercapCheck {
    let sysfs: String
    let machine: Machine
    /// Without them there is no energy.
    let isNeeded: Bool
    /// Somebody has changed how the service is set up, so its rights are not known.
    var serviceIsChanged = false
    /// Where udev looks for rules. See udev(7).
    var ruleDirectories = [
        "/etc/udev/rules.d", "/run/udev/rules.d", "/usr/local/lib/udev/rules.d", "/usr/lib/udev/rules.d",
    ]

    private var root: String { sysfs + "/class/powercap" }

    func findings(_ discovery: PowercapDiscovery) -> [Finding] {
        let forbidden = discovery.refused.filter { $0.reason == .permissionDenied }
        let others = discovery.refused.filter { $0.reason != .permissionDenied }
        var findings: [Finding] = []
        if !discovery.zones.isEmpty {
            let tags = enumeration(discovery.zones.map(\.domain.tag))
            let count = counted(discovery.zones.count, "energy counter")
            findings.append(Finding(.ok, .powercap, "\(count) under \(root) can be read: \(tags)."))
        }
        if let finding = discovery.zones.first.flatMap(serve) { findings.append(finding) }
        if !forbidden.isEmpty { findings.append(forbid(forbidden, areAll: discovery.zones.isEmpty)) }
        guard discovery.zones.isEmpty && forbidden.isEmpty else { return findings + others.map(ignore) }
        // That they are hidden is said of all together.
        return findings + [absence(others)] + others.filter { $0.reason != .hidden }.map(ignore)
    }

    /// Counters whose files this user may not open.
    private func forbid(_ zones: [RefusedZone], areAll: Bool) -> Finding {
        let access = CounterFile(path: "\(root)/\(zones[0].name)/energy_uj")
        let names = enumeration(zones.map(\.name))
        return Finding(
            // Some that are missing among others make sums wrong.
            isNeeded || !areAll ? .problem : .note, .powercap,
            "\(counted(zones.count, "energy counter")) may not be read (\(names)): \(access.obstacle); Linux shows them to root "
                + "only since CVE-2020-8694.",
            remedy: access.remedy(hasRule: hasRule, in: machine.place))
    }

    /// The user who runs doctor can read more than the service, which has only the rights of its group.
    private func serve(_ zone: PowercapZone) -> Finding? {
        guard hasRule, let obstacle = CounterFile(path: zone.counterPath).obstacle(toGroup: PowercapCheck.group)
        else {
            return nil
        }
        return Finding(
            serviceIsChanged ? .note : .problem, .powercap,
            "The service may not read \(zone.name), as its group \(PowercapCheck.group) may not: \(obstacle).",
            remedy: PowercapCheck.applyingRule)
    }

    /// The group that our udev rule shows the counters to.
    private static let group = "pyjoules"
    fileprivate static let applyingRule =
        "sudo udevadm control --reload && sudo udevadm trigger --action=add --subsystem-match=powercap"

    private var hasRule: Bool {
        ruleDirectories.contains { directory in
            do throws(SystemError) {
                _ = try FileStatus(at: directory + "/60-pyjoules-exporter.rules")
                return true
            } catch {
                return false
            }
        }
    }

    /// Nothing that could be counted, and nothing that is only forbidden.
    private func absence(_ refused: [RefusedZone]) -> Finding {
        let absence = PowercapAbsence(refused, sysfs: sysfs, in: machine.place)
        let sentence =
            switch absence.cause {
            case .hidden: hiding(refused.count { $0.reason == .hidden })
            case .absent(let reason) where refused.isEmpty: "There is no energy counter under \(root): \(reason)."
            case .absent(let reason): "No energy counter under \(root) can be used: \(reason)."
            case .unusable, .forbidden: "No energy counter under \(root) can be used, for what is said of each."
            }
        return Finding(isNeeded ? .problem : .note, .powercap, sentence, remedy: absence.remedy)
    }

    private func hiding(_ count: Int) -> String {
        "\(counted(count, "energy counter")) under \(root) \(count == 1 ? "is" : "are") hidden: container engines put an empty directory over "
            + "/sys/devices/virtual/powercap."
    }

    private func ignore(_ zone: RefusedZone) -> Finding {
        let domain = zone.domain.map { " (\($0.tag))" } ?? ""
        switch zone.reason {
        case .duplicate:
            return Finding(.note, .powercap, "\(zone.name)\(domain) \(zone.reason): it is left out of every sum.")
        case .unknownName, .badAttribute, .hidden, .noEnergy, .failed, .tooMany, .permissionDenied, .battery,
            .asleep, .slow, .replaced, .enclosed, .garbage, .unreadable:
            return Finding(.note, .powercap, "\(zone.name)\(domain) is not counted: \(zone.reason).")
        }
    }
}

/// Who may read a counter's file, and who asks.
private struct CounterFile {
    private let status: FileStatus?
    private let user = Account.user

    init(path: String) {
        do throws(SystemError) {
            status = try FileStatus(at: path)
        } catch {
            status = nil
        }
    }

    /// `energy_uj has mode 0400, owner root, group root, and this is user nobody`.
    var obstacle: String {
        let asking = "this is user \(Account.userName(user) ?? "\(user)")"
        guard let status else { return asking }
        return "energy_uj has \(rights(status)), and \(asking)"
    }

    /// Nil if the group may read the file, or if nobody knows.
    func obstacle(toGroup name: String) -> String? {
        guard let status, status.permissions & 0o040 == 0 || groupName(status) != name else { return nil }
        return "energy_uj has \(rights(status))"
    }

    private func rights(_ status: FileStatus) -> String {
        let digits = String(status.permissions, radix: 8)
        let mode = String(repeating: "0", count: max(0, 4 - digits.count)) + digits
        return
            "mode \(mode), owner \(Account.userName(status.owner) ?? "\(status.owner)") and group \(groupName(status))"
    }

    /// Groups and udev's rules are the machine's own business, and root is in need of neither.
    func remedy(hasRule: Bool, in place: Surroundings) -> String {
        let isElsewhere = place.container != nil || place.isInUserNamespace
        guard !isElsewhere, user != 0 else { return Remedy(in: place).forbiddenCounters }
        if let status, status.permissions & 0o040 != 0, !Account.groups.contains(status.group) {
            return
                "sudo usermod --append --groups \(groupName(status)) \(Account.userName(user) ?? "\(user)"), and log in again "
                + "(the service has the group)"
        }
        return hasRule ? PowercapCheck.applyingRule : Remedy(in: place).forbiddenCounters
    }

    private func groupName(_ status: FileStatus) -> String {
        Account.groupName(status.group) ?? "\(status.group)"
    }
}
