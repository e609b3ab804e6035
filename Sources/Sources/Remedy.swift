/// What gives this process the right to read energy counters, or shows it some: in one wording for the log, `measure` and `doctor`,
/// and such that it helps where this process runs. Each text is the end of a sentence, after a colon.
public struct Remedy: Sendable {
    private let place: Surroundings
    /// Whoever asks is root already, here at least.
    private let isRoot: Bool

    /// What helps in a place, and for whom; by default for this process's user.
    public init(in place: Surroundings, isRoot: Bool? = nil) {
        self.place = place
        self.isRoot = isRoot ?? place.isRoot
    }

    /// Counters are there and may not be read.
    public var forbiddenCounters: String {
        if place.isInUserNamespace { return inUserNamespace }
        switch place.container {
        case .some(let container) where !isRoot: return rights(in: container)
        // Their profiles forbid the counters to root where they are, and not elsewhere.
        case .docker, .podman, .kubernetes: return hiddenCounters
        case .lxc, .other, nil: break
        }
        guard isRoot else {
            return
                "run as root, or in the group pyjoules, to which the package's udev rule shows energy counters, or give the "
                + "service CAP_DAC_READ_SEARCH"
        }
        return refusedRoot
    }

    /// Sensors are there and may not be read.
    public var forbiddenSensors: String {
        if place.isInUserNamespace {
            return
                "the root of a user namespace is nobody on the host, so run the exporter there, or let everybody read the "
                + "sensor by a udev rule of the host"
        }
        if let container = place.container, !isRoot {
            return rights(in: container, showing: "a udev rule shows the sensor")
        }
        return isRoot ? refusedRoot : "run as root, or show it to the exporter's group by a udev rule"
    }

    /// The kernel shows no counter at all.
    public var absentCounters: String {
        if place.isGuest { return Remedy.onTheHost }
        let module = load("intel_rapl_msr")
        return place.container == nil ? module : "\(module), and then \(hiddenCounters)"
    }

    /// The kernel has no energy events; nil where no module brings any.
    public var absentEvents: String? {
        place.isGuest || place.isARM ? nil : load("rapl")
    }

    /// The kernel has no framework for counters, or its sysfs is not to be seen.
    public var absentFramework: String {
        place.container == nil && !place.isGuest
            ? load("intel_rapl_msr") + ", or a kernel with CONFIG_POWERCAP" : absentCounters
    }

    /// A container shows that there are counters, and hides what they are.
    public var hiddenCounters: String {
        switch place.container {
        case .docker, .podman, nil:
            "run the container with --volume /sys/class/powercap:/host/sys/class/powercap:ro --volume "
                + "/sys/devices/virtual/powercap:/host/sys/devices/virtual/powercap:ro, and the exporter with --path.sysfs /host/sys"
        case .kubernetes, .lxc, .other:
            "mount the host's /sys/class/powercap and /sys/devices/virtual/powercap read-only under /host/sys in the container"
                + (place.container == .kubernetes ? " (hostPath volumes)" : "")
                + ", and start the exporter with --path.sysfs /host/sys"
        }
    }

    /// The kernel's energy events may not be counted, by a setting.
    public func forbiddenEvents(_ permission: PerfPermission) -> String {
        if place.isInUserNamespace {
            return
                "capabilities of a user namespace do not count, so on the host 'sudo sysctl kernel.perf_event_paranoid=0', or run the "
                + "exporter there"
        }
        guard place.container != nil else { return permission.remedy }
        let capability = permission.capability ?? "CAP_PERFMON"
        return "run the container as root with \(capability), and with a seccomp profile that allows perf_event_open"
    }

    private var inUserNamespace: String {
        var text =
            "the root of a user namespace is nobody on the host: run the exporter there (it measures the whole machine either way), or let "
            + "everybody read them by 'sudo chmod a+r /sys/class/powercap/*/energy_uj' on the host (CVE-2020-8694 is why they may not)"
        if place.container == .podman {
            text += ", or run podman as a user in the host's group pyjoules, with --group-add keep-groups"
        }
        return text
    }

    /// Engines give capabilities to root only, and groups by their numbers on the host.
    private func rights(
        in container: Surroundings.Container, showing words: String = "the package's udev rule shows energy counters"
    ) -> String {
        switch container {
        case .docker, .podman:
            "run the container with --user 0:0, or with --group-add and the number of the host's group pyjoules, to which \(words)"
        case .kubernetes:
            "set runAsUser: 0 in the container's securityContext, or supplementalGroups: with the number of the host's group "
                + "pyjoules, to which \(words)"
        case .lxc, .other: "run as root, or in a group to which the host's udev shows them"
        }
    }

    /// Modules are loaded by the machine's own root.
    private func load(_ module: String) -> String {
        let isElsewhere = place.container != nil || place.isInUserNamespace
        return isElsewhere ? "on the host: sudo modprobe \(module)" : "sudo modprobe \(module)"
    }

    private var refusedRoot: String {
        "root is refused, so a security module forbids it ('dmesg' and 'ausearch -m avc' name it), or the service was left without "
            + "CAP_DAC_READ_SEARCH"
    }

    /// What helps in a virtual machine, in one wording for all who say it.
    public static let onTheHost = "a virtual machine has no energy counters of its own, so run the exporter on its host"
}
