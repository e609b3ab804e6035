import Kernel
import Testing

@testable import Sources

/// Each remedy can be followed by whoever reads it, where it is read.
@Suite struct RemedyTests {
    private static let containers: [Surroundings.Container] = [
        .docker, .podman, .kubernetes, .lxc, .other("systemd-nspawn"),
    ]
    private static let places =
        [Surroundings(), Surroundings(isInUserNamespace: true), Surroundings(isGuest: true)]
        + containers.flatMap { [Surroundings(container: $0), Surroundings(container: $0, isInUserNamespace: true)] }

    @Test func `outside of containers a user is told of root, the group and the capability`() {
        for text in ["run as root", "pyjoules", "CAP_DAC_READ_SEARCH"] {
            #expect(Remedy(in: Surroundings(), isRoot: false).forbiddenCounters.contains(text))
        }
        #expect(Remedy(in: Surroundings(), isRoot: false).forbiddenSensors.contains("run as root"))
    }

    @Test(arguments: places)
    func `root is never told to become root`(place: Surroundings) {
        let remedy = Remedy(in: place, isRoot: true)
        for text in [remedy.forbiddenCounters, remedy.forbiddenSensors] {
            #expect(!text.contains("as root") && !text.contains("0:0") && !text.contains("runAsUser"), "\(text)")
        }
    }

    @Test(arguments: [true, false])
    func `in a user namespace only the host can help`(isRoot: Bool) {
        for container in [nil] + RemedyTests.containers {
            let remedy = Remedy(in: Surroundings(container: container, isInUserNamespace: true), isRoot: isRoot)
            for text in [remedy.forbiddenCounters, remedy.forbiddenSensors] {
                #expect(text.contains("host"))
                #expect(!text.contains("as root"))
            }
            #expect(remedy.forbiddenEvents(PerfPermission(paranoid: 3)).contains("on the host"))
        }
    }

    @Test func `a module is loaded where the kernel is the machine's own`() {
        #expect(Remedy(in: Surroundings()).absentCounters == "sudo modprobe intel_rapl_msr")
        #expect(Remedy(in: Surroundings()).absentEvents == "sudo modprobe rapl")
        for container in RemedyTests.containers {
            let remedy = Remedy(in: Surroundings(container: container))
            #expect(remedy.absentCounters.hasPrefix("on the host: "))
            #expect(remedy.absentEvents?.hasPrefix("on the host: ") == true)
        }
        let namespace = Remedy(in: Surroundings(isInUserNamespace: true))
        #expect(namespace.absentCounters == "on the host: sudo modprobe intel_rapl_msr")
        #expect(namespace.absentEvents == "on the host: sudo modprobe rapl")
        let guest = Remedy(in: Surroundings(container: .docker, isGuest: true))
        #expect(!guest.absentCounters.contains("modprobe") && guest.absentCounters.contains("on its host"))
        #expect(!guest.absentFramework.contains("modprobe"))
        #expect(guest.absentEvents == nil)
    }

    @Test(arguments: [
        (Surroundings.Container.docker, "--user 0:0"), (.podman, "--group-add"), (.kubernetes, "supplementalGroups"),
        (.lxc, "run as root"),
    ])
    func `in a container the one who starts it is told how`(container: Surroundings.Container, words: String) {
        #expect(Remedy(in: Surroundings(container: container), isRoot: false).forbiddenCounters.contains(words))
    }

    @Test func `what an engine hides is mounted elsewhere`() {
        for container in RemedyTests.containers {
            #expect(Remedy(in: Surroundings(container: container)).hiddenCounters.contains("--path.sysfs /host/sys"))
        }
        #expect(Remedy(in: Surroundings(container: .kubernetes)).hiddenCounters.contains("hostPath"))
        // Docker's profile of AppArmor forbids the counters in the container's own /sys to root, too.
        #expect(Remedy(in: Surroundings(container: .docker), isRoot: true).forbiddenCounters.contains("/host/sys"))
    }

    @Test func `on an ARM no driver of other processors is asked for`() {
        #expect(Remedy(in: Surroundings(isARM: true)).absentEvents == nil)
        let absence = PowercapAbsence(
            [RefusedZone(name: "arm-scmi:0", reason: .noEnergy(showsPower: true))], sysfs: "/nowhere",
            in: Surroundings(isARM: true))
        #expect(absence.remedy == nil)
        guard case .absent(let sentence) = absence.outcome else {
            Issue.record("there is no counter")
            return
        }
        #expect(sentence.contains("this is an ARM") && !sentence.contains("modprobe"))
    }

    /// What is there needs no driver: it is in the way in another way.
    @Test(
        arguments: [
            (.hidden, "--path.sysfs /host/sys"), (.badAttribute("max_energy_range_uj is \"0\""), "range_uj is \"0\""),
            (.failed(.noDevice), "intel-rapl:0: No such device"), (.unknownName("gpu"), "its name 'gpu'"),
            (.permissionDenied, "CVE-2020-8694"),
        ] as [(RefusedZone.Reason, String)])
    func `counters that are there are not asked to be loaded`(reason: RefusedZone.Reason, words: String) {
        for place in [Surroundings(isInUserNamespace: true), Surroundings(container: .docker, isInUserNamespace: true)]
        {
            let absence = PowercapAbsence(
                [RefusedZone(name: "intel-rapl:0", reason: reason)], sysfs: "/nowhere", in: place)
            guard case .unreadable(let sentence) = absence.outcome else {
                Issue.record("\(reason) is no absence")
                return
            }
            #expect(sentence.contains(words), "\(sentence)")
            #expect(!sentence.contains("modprobe"))
        }
    }

    @Test func `events are counted with the capability that the setting asks for`() {
        #expect(Remedy(in: Surroundings()).forbiddenEvents(PerfPermission(paranoid: 3)).contains("CAP_SYS_ADMIN"))
        let inContainer = Remedy(in: Surroundings(container: .docker)).forbiddenEvents(PerfPermission(paranoid: 2))
        #expect(inContainer.contains("CAP_PERFMON") && inContainer.contains("seccomp"))
    }
}
