import Glibc
import TestSupport
import Testing

@testable import Kernel
@testable import Sources

@Suite struct SurroundingsTests {
    @Test func `a machine without marks is no container and no guest`() throws {
        try withMachine { machine in #expect(machine.place() == Surroundings()) }
    }

    @Test(arguments: [
        ("/.dockerenv", "", Surroundings.Container.docker), ("/run/.containerenv", "engine=\"podman\"\n", .podman),
        ("/run/systemd/container", "lxc", .lxc),
        ("/run/systemd/container", "systemd-nspawn\n", .other("systemd-nspawn")),
        ("/run/systemd/container", "docker\n", .docker), ("/proc/self/cgroup", "0::/kubepods.slice/x\n", .kubernetes),
        ("/proc/self/cgroup", "12:cpu:/docker/0123\n0::/\n", .docker),
        ("/proc/self/cgroup", "0::/lxc.payload.a\n", .lxc),
        ("/proc/self/cgroup", "0::/machine.slice/libpod-0.scope\n", .podman),
    ])
    func `a container is known by the mark that it leaves`(
        path: String, text: String, container: Surroundings.Container
    ) throws {
        try withMachine { machine in
            try writeFile(machine.root + path, text)
            #expect(machine.place().container == container)
        }
    }

    @Test(arguments: [
        (["KUBERNETES_SERVICE_HOST": "10.0.0.1"], Surroundings.Container.kubernetes), (["container": "lxc"], .lxc),
        (["container": "podman"], .podman), (["container": ""], nil),
    ])
    func `a container is known by its environment`(variables: [String: String], container: Surroundings.Container?)
        throws
    {
        try withMachine { machine in #expect(machine.place(variables).container == container) }
    }

    @Test func `Kubernetes is asked before the engine under it`() throws {
        try withMachine { machine in
            try writeFile(machine.root + "/.dockerenv", "")
            #expect(machine.place(["KUBERNETES_SERVICE_HOST": "10.0.0.1"]).container == .kubernetes)
        }
    }

    @Test(arguments: [
        ("         0          0 4294967295\n", false), ("0 1000 1\n", true), ("0 100000 65536\n", true),
        ("0 1000 1\n1 100000 65536\n", true),
    ])
    func `a user namespace is known by its map`(map: String, isOne: Bool) throws {
        try withMachine { machine in
            try writeFile(machine.root + "/proc/self/uid_map", map)
            #expect(machine.place().isInUserNamespace == isOne)
        }
    }

    @Test(arguments: [
        ("flags\t: fpu hypervisor sse\n", "", "", true), ("flags\t: fpu\n", "QEMU", "", false),
        ("CPU implementer\t: 0x41\n", "QEMU", "virt", true),
        ("CPU implementer\t: 0x41\n", "Amazon EC2", "a1.metal", false),
        ("CPU implementer\t: 0x41\n", "Ampere", "Altra", false),
    ])
    func `a guest is known by its processor or its firmware`(
        cpuinfo: String, maker: String, product: String, isGuest: Bool
    ) throws {
        try withMachine { machine in
            try writeFile(machine.root + "/proc/cpuinfo", cpuinfo)
            try writeFile(machine.root + "/sys/class/dmi/id/sys_vendor", maker + "\n")
            try writeFile(machine.root + "/sys/class/dmi/id/product_name", product + "\n")
            #expect(machine.place().isGuest == isGuest)
        }
    }

    /// A tree that shows another machine says nothing of what surrounds this process.
    @Test func `a proc without this process has no container around it`() throws {
        try withMachine { machine in
            try writeFile(machine.root + "/.dockerenv", "")
            try checked("rmdir", rmdir(machine.root + "/proc/self"))
            #expect(machine.place(["container": "lxc"]).container == nil)
        }
    }

    private func withMachine(_ body: (FakeMachine) throws -> Void) throws {
        try withTemporaryDirectory { root in
            for path in [
                "run", "run/systemd", "proc", "proc/self", "sys", "sys/class", "sys/class/dmi", "sys/class/dmi/id",
            ] {
                try checked("mkdir", mkdir("\(root)/\(path)", 0o755))
            }
            try body(FakeMachine(root: root))
        }
    }
}

/// A file system with as much of a machine as `Surroundings` looks at.
private struct FakeMachine {
    let root: String

    /// What it is taken for, with these variables in the environment.
    func place(_ variables: [String: String] = [:]) -> Surroundings {
        Surroundings(sysfs: root + "/sys", procfs: root + "/proc", root: root) { variables[$0] }
    }
}
