import Attribution
import TestSupport
import Testing

private let id = String(repeating: "0123456789abcdef", count: 4)
private let uid = "5ba385ca-0b1c-4d2e-8f3a-0123456789ab"
private let underscored = "5ba385ca_0b1c_4d2e_8f3a_0123456789ab"
private let hash = "0123456789abcdef0123456789abcdef"
private let burstable = "kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod\(underscored).slice"
private let manager = "user.slice/user-1000.slice/user@1000.service"

/// Paths as services' managers and runtimes make them, and what is said of them.
struct PathCase: Sendable, CustomTestStringConvertible {
    let path: String
    let told: String
    var testDescription: String { path }

    init(_ path: String, _ told: String) {
        self.path = path
        self.told = told
    }

    static let units = [
        PathCase("", "descend rest"),
        PathCase("init.scope", "scope name=init.scope"),
        PathCase("system.slice", "descend rest slice=system.slice"),
        PathCase("system.slice/nginx.service", "service slice=system.slice name=nginx.service"),
        PathCase("system.slice/run-user-1000.mount", "mount slice=system.slice name=run-user-1000.mount"),
        PathCase("system.slice/dbus.socket", "socket slice=system.slice name=dbus.socket"),
        PathCase("system.slice/dev-sda2.swap", "swap slice=system.slice name=dev-sda2.swap"),
        PathCase("system.slice/system-getty.slice", "descend rest slice=system-getty.slice"),
        PathCase(
            "system.slice/system-getty.slice/getty@tty1.service",
            "service slice=system-getty.slice name=getty@tty1.service"
        ),
        PathCase(
            "system.slice/system-systemd\\x2dfsck.slice/systemd-fsck@dev-sda1.service",
            "service slice=system-systemd\\x2dfsck.slice name=systemd-fsck@dev-sda1.service"),
        PathCase("system.slice/nginx.service/worker", "pass"),
        PathCase("user.slice/user-1000.slice", "user slice=user.slice uid=1000"),
        PathCase("user.slice/user-1000.slice/session-12.scope", "pass"),
        PathCase("user.slice/user-.slice", "descend rest slice=user-.slice"),
        PathCase("user.slice/user-x1.slice", "descend rest slice=user-x1.slice"),
        // A slice that is not named after the one that it lies in is told apart by its path.
        PathCase("a.slice/b.slice", "descend rest slice=a.slice/b.slice"),
        PathCase("a.slice/ab.slice", "descend rest slice=a.slice/ab.slice"),
        PathCase("a.slice/b.slice/c.service", "service slice=a.slice/b.slice name=c.service"),
        PathCase("a.slice/b.slice/b-c.slice", "descend rest slice=a.slice/b.slice/b-c.slice"),
        PathCase("a.slice/a-.slice", "descend rest slice=a-.slice"),
        PathCase("machine/m-x.slice", "descend rest slice=machine/m-x.slice"),
        PathCase("docker/-x.slice", "descend rest slice=docker/-x.slice"),
        // Where the kernel has files of that beginning, systemd puts a `_` before a unit's name.
        PathCase("system.slice/_memory.service", "service slice=system.slice name=memory.service"),
        PathCase("system.slice/_cgroup.mount", "mount slice=system.slice name=cgroup.mount"),
        PathCase("system.slice/__x.service", "service slice=system.slice name=_x.service"),
        PathCase("system.slice/_x", "cgroup slice=system.slice name=_x"),
        PathCase("system.slice/_", "cgroup slice=system.slice name=_"),
        PathCase("_io.slice", "descend rest slice=io.slice"),
        PathCase("_io.slice/io-a.slice/b.service", "service slice=io-a.slice name=b.service"),
        PathCase("__x.slice/__x-y.slice", "descend rest slice=_x-y.slice"),
        PathCase("a.slice/_io.slice/c.service", "service slice=a.slice/_io.slice name=c.service"),
        PathCase("unknown", "cgroup name=unknown"),
        PathCase("unknown/below", "pass"),
        PathCase("system.slice/odd", "cgroup slice=system.slice name=odd"),
    ]

    static let containers = [
        PathCase("system.slice/docker-\(id).scope", "container slice=system.slice id=\(id) runtime=docker"),
        PathCase("system.slice/nerdctl-\(id).scope", "container slice=system.slice id=\(id) runtime=containerd"),
        PathCase("machine.slice/libpod-\(id).scope", "container slice=machine.slice id=\(id) runtime=podman"),
        PathCase("machine.slice/libpod-\(id).scope/container", "pass"),
        PathCase("docker", "descend rest slice=docker"),
        PathCase("docker/\(id)", "container slice=docker id=\(id) runtime=docker"),
        PathCase("docker/buildkit", "cgroup slice=docker name=buildkit"),
        PathCase("libpod_parent", "descend rest slice=libpod_parent"),
        PathCase("libpod_parent/libpod-\(id)", "container slice=libpod_parent id=\(id) runtime=podman"),
        PathCase("libpod_parent/conmon", "pass"),
        PathCase("\(id)", "container id=\(id)"),
        PathCase("machine.slice/libpod-conmon-\(id).scope", "pass"),
        PathCase("system.slice/crio-conmon-\(id).scope", "pass"),
        PathCase(
            "system.slice/docker-\(id.dropLast()).scope", "scope slice=system.slice name=docker-\(id.dropLast()).scope"),
        PathCase("system.slice/docker-0\(id).scope", "scope slice=system.slice name=docker-0\(id).scope"),
        PathCase(
            "system.slice/docker-\(id.dropLast())G.scope",
            "scope slice=system.slice name=docker-\(id.dropLast())G.scope"),
        PathCase("system.slice/other-\(id).scope", "scope slice=system.slice name=other-\(id).scope"),
        PathCase("system.slice/docker-\(id).service", "service slice=system.slice name=docker-\(id).service"),
        // Quadlet: the unit is the leaf, and what Podman makes in it is not.
        PathCase("system.slice/web.service", "service slice=system.slice name=web.service"),
        PathCase("system.slice/web.service/libpod-payload-\(id)", "pass"),
    ]

    static let pods = [
        PathCase("kubepods.slice", "descend rest slice=kubepods.slice"),
        PathCase("kubepods.slice/kubepods-burstable.slice", "descend rest slice=kubepods-burstable.slice"),
        PathCase(burstable, "pod slice=kubepods-burstable.slice pod=\(uid)"),
        PathCase("kubepods.slice/kubepods-pod\(underscored).slice", "pod slice=kubepods.slice pod=\(uid)"),
        PathCase("kubepods.slice/kubepods-pod\(hash).slice", "pod slice=kubepods.slice pod=\(hash)"),
        PathCase("kubepods.slice/kubepods-podman.slice", "descend rest slice=kubepods-podman.slice"),
        PathCase("kubepods", "descend rest slice=kubepods"),
        PathCase("kubepods/pod\(uid)", "pod slice=kubepods pod=\(uid)"),
        PathCase("kubepods/besteffort", "descend rest slice=kubepods/besteffort"),
        PathCase("kubepods/besteffort/pod\(uid)", "pod slice=kubepods/besteffort pod=\(uid)"),
        PathCase("kubepods/besteffort/pod\(uid)/\(id)", "pass"),
        PathCase("kubelet.slice/kubelet-kubepods.slice", "descend rest slice=kubelet-kubepods.slice"),
        PathCase(
            "kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod\(underscored).slice",
            "pod slice=kubelet-kubepods.slice pod=\(uid)"),
    ]

    static let insidePods = [
        PathCase(burstable, "descend rest slice=kubepods-burstable.slice pod=\(uid)"),
        PathCase(
            "\(burstable)/cri-containerd-\(id).scope",
            "container slice=kubepods-burstable.slice pod=\(uid) id=\(id) runtime=containerd"),
        PathCase(
            "\(burstable)/crio-\(id).scope",
            "container slice=kubepods-burstable.slice pod=\(uid) id=\(id) runtime=cri-o"),
        PathCase(
            "\(burstable)/docker-\(id).scope",
            "container slice=kubepods-burstable.slice pod=\(uid) id=\(id) runtime=docker"
        ),
        PathCase("\(burstable)/crio-conmon-\(id).scope", "pass"),
        PathCase("\(burstable)/anything", "pass"),
        PathCase("\(burstable)/cri-containerd-\(id).scope/inner", "pass"),
        PathCase("kubepods/burstable/pod\(uid)", "descend rest slice=kubepods/burstable pod=\(uid)"),
        PathCase("kubepods/burstable/pod\(uid)/\(id)", "container slice=kubepods/burstable pod=\(uid) id=\(id)"),
        PathCase("kubepods/pod\(uid)/crio-\(id)", "container slice=kubepods pod=\(uid) id=\(id) runtime=cri-o"),
        PathCase("kubepods/pod\(uid)/crio-conmon-\(id)", "pass"),
        PathCase("system.slice/docker-\(id).scope", "container slice=system.slice id=\(id) runtime=docker"),
    ]

    static let machines = [
        PathCase("machine.slice/machine-qemu\\x2d1\\x2dweb1.scope", "vm slice=machine.slice name=web1"),
        PathCase("machine.slice/machine-qemu\\x2d12\\x2dweb\\x2d2.scope", "vm slice=machine.slice name=web-2"),
        PathCase("machine.slice/machine-qemu\\x2d1\\x2dweb1.scope/libvirt", "pass"),
        PathCase("machine.slice/machine-qemu\\x2d1\\x2d7.scope", "vm slice=machine.slice name=7"),
        PathCase("machine.slice/machine-lxc\\x2d3\\x2dbox.scope", "machine slice=machine.slice name=box"),
        PathCase("machine.slice/machine-qemu\\x2d1.scope", "machine slice=machine.slice name=qemu-1"),
        PathCase("machine.slice/machine-qemu\\x2d\\x2dx.scope", "machine slice=machine.slice name=qemu--x"),
        PathCase("machine.slice/machine-qemu\\x2d1\\x2d.scope", "machine slice=machine.slice name=qemu-1-"),
        PathCase("machine.slice/machine-trixie\\x20a.scope", "machine slice=machine.slice name=trixie a"),
        PathCase("machine.slice/machine-.scope", "scope slice=machine.slice name=machine-.scope"),
        PathCase("machine.slice/systemd-nspawn@tri\\x2dxie.service", "machine slice=machine.slice name=tri-xie"),
        PathCase("machine.slice/systemd-nspawn@.service", "service slice=machine.slice name=systemd-nspawn@.service"),
        PathCase("machine", "descend rest slice=machine"),
        PathCase("machine/qemu-3-web-1.libvirt-qemu", "vm slice=machine name=web-1"),
        PathCase("machine/lxc-3-box.libvirt-lxc", "machine slice=machine name=box"),
        PathCase("machine/qemu-3-a\\x2db", "vm slice=machine name=a\\x2db"),
        PathCase("machine/qemu-x", "cgroup slice=machine name=qemu-x"),
        PathCase("qemu.slice", "descend rest slice=qemu.slice"),
        PathCase("qemu.slice/101.scope", "vm slice=qemu.slice name=101"),
        PathCase("qemu.slice/x.scope", "scope slice=qemu.slice name=x.scope"),
        PathCase("system.slice/101.scope", "scope slice=system.slice name=101.scope"),
        PathCase("lxc", "descend rest slice=lxc"),
        PathCase("lxc/101", "machine slice=lxc name=101"),
        PathCase("lxc/101/ns", "pass"),
        PathCase("lxc.payload.web", "machine name=web"),
        PathCase("lxc.payload.", "cgroup name=lxc.payload."),
        PathCase("lxc.monitor.web", "pass"),
        PathCase("lxc.pivot", "pass"),
    ]

    static let jobs = [
        PathCase("system.slice/slurmstepd.scope", "descend rest slice=system.slice/slurmstepd.scope"),
        PathCase("system.slice/slurmstepd.scope/job_42", "job slice=system.slice/slurmstepd.scope name=42"),
        PathCase("system.slice/slurmstepd.scope/job_42/step_0", "pass"),
        PathCase("system.slice/slurmstepd.scope/job_", "pass"),
        PathCase("system.slice/slurmstepd.scope/system", "pass"),
        PathCase("system.slice/n1_slurmstepd.scope", "descend rest slice=system.slice/n1_slurmstepd.scope"),
        PathCase("system.slice/n1_slurmstepd.scope/job_7", "job slice=system.slice/n1_slurmstepd.scope name=7"),
        PathCase("slurmstepd.scope/job_42", "job slice=slurmstepd.scope name=42"),
        PathCase(
            "system.slice/slurmstepd.scope/s5K1KKYAYG5D00",
            "job slice=system.slice/slurmstepd.scope name=s5K1KKYAYG5D00"),
        PathCase("system.slice/slurmstepd.scope/s5K1KKYAYG5D0", "pass"),
        PathCase("system.slice/job_42", "cgroup slice=system.slice name=job_42"),
    ]

    static let garbled = [
        PathCase("system.slice/", "pass"), PathCase("//", "pass"), PathCase("//system.slice", "pass"),
        PathCase("system.slice//x.service", "pass"), PathCase("/", "descend rest"),
        PathCase(".slice", "descend rest slice=.slice"), PathCase(".service", "service name=.service"),
        PathCase("-.slice", "descend rest slice=-.slice"), PathCase(".scope", "scope name=.scope"),
        PathCase("kubepods-pod.slice", "descend rest slice=kubepods-pod.slice"),
        PathCase("-\(id)", "cgroup name=-\(id)"), PathCase("_slurmstepd.scope", "descend rest slice=slurmstepd.scope"),
    ]
}

@Suite struct CgroupPlaceTests {
    @Test(
        arguments: PathCase.units + PathCase.containers + PathCase.pods + PathCase.machines + PathCase.jobs
            + PathCase.garbled)
    func `units are shown with pods as a whole`(_ expected: PathCase) {
        #expect(told(expected.path, .units) == expected.told)
    }

    @Test(arguments: PathCase.insidePods + PathCase.units + PathCase.containers + PathCase.machines + PathCase.jobs)
    func `containers are shown with pods split`(_ expected: PathCase) {
        #expect(told(expected.path, .containers) == expected.told)
    }

    @Test(arguments: PathCase.units + PathCase.containers + PathCase.pods)
    func `a slash in front says the same`(_ expected: PathCase) {
        #expect(told("/" + expected.path, .units) == expected.told)
    }

    @Test(arguments: [
        PathCase("", "descend rest"), PathCase("init.scope", "scope name=init.scope"),
        PathCase("system.slice", "rest slice=system.slice"), PathCase("kubepods.slice", "rest slice=kubepods.slice"),
        PathCase("kubepods", "rest slice=kubepods"), PathCase("docker", "rest slice=docker"),
        PathCase("system.slice/nginx.service", "pass"), PathCase("system.slice/system-getty.slice", "pass"),
        PathCase("user.slice/user-1000.slice", "pass"), PathCase("other.scope", "pass"), PathCase(id, "pass"),
        PathCase("lxc.payload.web", "pass"), PathCase("x.service", "pass"),
        PathCase("user-1000.slice", "pass"),
    ])
    func `of slices nothing below is shown, and no other name`(_ expected: PathCase) {
        #expect(told(expected.path, .slices) == expected.told)
        #expect(told(expected.path, .slices, descending: ["*", "*/*"]) == expected.told)
    }

    @Test(arguments: [
        PathCase("user.slice/user-1000.slice", "descend rest slice=user-1000.slice uid=1000"),
        PathCase(
            "user.slice/user-1000.slice/session-1.scope", "scope slice=user-1000.slice name=session-1.scope uid=1000"),
        PathCase(manager, "descend rest slice=user-1000.slice/user@1000.service uid=1000"),
        PathCase(
            manager + "/user.slice", "descend rest slice=user-1000.slice/user@1000.service/user.slice uid=1000"),
        PathCase(
            manager + "/user.slice/libpod-\(id).scope",
            "container slice=user-1000.slice/user@1000.service/user.slice id=\(id) runtime=podman uid=1000"),
        PathCase(
            manager + "/app.slice/web.service",
            "service slice=user-1000.slice/user@1000.service/app.slice name=web.service uid=1000"),
        PathCase("system.slice/web.service", "descend rest slice=system.slice/web.service"),
        PathCase(
            "system.slice/web.service/libpod-payload-\(id)",
            "container slice=system.slice/web.service id=\(id) runtime=podman"),
        PathCase("system.slice/other.service", "service slice=system.slice name=other.service"),
        PathCase(burstable, "descend rest slice=kubepods-burstable.slice pod=\(uid)"),
        PathCase("machine.slice/libpod-conmon-\(id).scope", "pass"),
    ])
    func `what somebody wants opened is looked into`(_ expected: PathCase) {
        let globs = ["user-*.slice", "user@*.service", "/system.slice/w?b.service", "*-pod*", "libpod-conmon*"]
        #expect(told(expected.path, .units, descending: globs) == expected.told)
        #expect(told("/" + expected.path, .units, descending: globs) == expected.told)
    }
}

/// Bytes that no manager gives.
@Suite struct CgroupPlaceHostileTests {
    @Test func `names that are not UTF-8 are written with escapes, and others as they are`() {
        let start = Array("system.slice/".utf8)
        #expect(
            told(start + [0x61, 0xFF, 0x0A] + Array(".service".utf8), .units)
                == "service slice=system.slice name=a\\xff\n.service")
        #expect(told("system.slice/é\"\\.service", .units) == "service slice=system.slice name=é\"\\.service")
        #expect(told([0xC3] + Array(".slice/a.service".utf8), .units) == "service slice=\\xc3.slice name=a.service")
    }

    @Test(arguments: [
        ("a\\x41b", "aAb"), ("\\x5cx41", "\\x5cx41"), ("\\x00\\x0a\\x7f\\xff", "\\x00\\x0a\\x7f\\xff"),
        ("\\x4", "\\x4"),
        ("\\x", "\\x"), ("\\", "\\"), ("\\xzz", "\\xzz"), ("\\x4\\x41", "\\x4A"), ("\\x2D\\x2d", "--"), ("é", "é"),
    ])
    func `only what is printable is unescaped`(_ written: String, _ name: String) {
        #expect(told("machine-\(written).scope", .units) == "machine name=\(name)")
    }

    @Test func `the longest names are whole`() {
        let name = String(repeating: "n", count: 247) + ".service"
        #expect(told("system.slice/\(name)", .units) == "service slice=system.slice name=\(name)")
        #expect(
            told(String(repeating: "n", count: 4096), .units) == "cgroup name=\(String(repeating: "n", count: 4096))")
        #expect(told(String(repeating: "n", count: 4097), .units) == "pass")
        #expect(
            told(Array(repeating: 0xFF, count: 255), .units)
                == "cgroup name=" + String(repeating: "\\xff", count: 255))
    }

    /// Whatever is cut off or changed, all ranges lie in the path, and a directory is descended into before its children are.
    @Test(arguments: [AttributionLevel.slices, .units, .containers])
    func `paths that are cut or changed are read without a fault`(_ level: AttributionLevel) {
        let all =
            PathCase.units + PathCase.containers + PathCase.pods + PathCase.insidePods + PathCase.machines
            + PathCase.jobs
        var random = SplitMix64(seed: 7)
        for path in all.map({ Array($0.path.utf8) }) {
            for end in 0...path.count {
                check(Array(path[..<end]), level)
                check(Array(path[end...]), level)
            }
            for _ in 0..<50 where !path.isEmpty {
                var changed = path
                changed[Int.random(in: changed.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
                check(changed, level)
            }
        }
    }

    private func check(_ path: [UInt8], _ level: AttributionLevel) {
        let said = told(path, level)
        guard said != "pass", path != [0x2F], let slash = path.lastIndex(of: 0x2F), slash > 0 else { return }
        #expect(told(Array(path[..<slash]), level).hasPrefix("descend"), "above \(path)")
    }
}
