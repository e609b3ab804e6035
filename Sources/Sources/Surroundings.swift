public import Kernel

/// Where this program runs, as far as it changes what gives it the right to read counters, and who can do that.
///
/// From what anybody may read: nothing of it takes a privilege, and a part that cannot be read is taken for what is usual.
public struct Surroundings: Sendable, Equatable {
    /// What has put a container around this process.
    public enum Container: Sendable, Equatable {
        case docker
        case podman
        case kubernetes
        /// A whole system in a container: LXC, LXD and Incus.
        case lxc
        /// Another one, such as systemd-nspawn, by the name that systemd has for it.
        case other(String)
    }

    /// Nil outside of containers.
    public let container: Container?
    /// User numbers here are others than the machine's, so that root here is nobody there. See user_namespaces(7).
    public let isInUserNamespace: Bool
    /// The machine is virtual.
    public let isGuest: Bool
    /// The processor is an ARM, which has no RAPL.
    public let isARM: Bool
    /// This process's user is root here. It is asked once, since the loop may not ask who it is.
    let isRoot: Bool

    /// A place that is known.
    public init(
        container: Container? = nil, isInUserNamespace: Bool = false, isGuest: Bool = false, isARM: Bool = false
    ) {
        isRoot = Account.user == 0
        self.container = container
        self.isInUserNamespace = isInUserNamespace
        self.isGuest = isGuest
        self.isARM = isARM
    }

    /// Looks around.
    ///
    /// - Parameters:
    ///   - sysfs: the root of sysfs, which may be the host's under another name.
    ///   - procfs: the root of the proc file system. One in which this process does not appear is a picture of another machine, and
    ///     what surrounds this process has no part in it.
    ///   - root: where the file system begins.
    ///   - environment: a variable of the environment by its name.
    public init(
        sysfs: String, procfs: String, root: String = "", environment: (String) -> String? = Process.environment
    ) {
        let cpuinfo = CPUInfo(procfs: procfs)
        let showsUs = Surroundings.isThere(procfs + "/self")
        self.init(
            container: showsUs ? Surroundings.container(procfs: procfs, root: root, environment) : nil,
            isInUserNamespace: Surroundings.isInUserNamespace(procfs: showsUs ? procfs : "/proc"),
            isGuest: Surroundings.isGuest(sysfs: sysfs, cpuinfo), isARM: cpuinfo.isARM)
    }

    /// It can happen that several leave their marks: Kubernetes runs on engines that leave theirs, and is the one that is asked.
    private static func container(
        procfs: String, root: String, _ environment: (String) -> String?
    ) -> Container? {
        if environment("KUBERNETES_SERVICE_HOST") != nil { return .kubernetes }
        if isThere(root + "/run/.containerenv") { return .podman }
        if isThere(root + "/.dockerenv") { return .docker }
        // See https://systemd.io/CONTAINER_INTERFACE.
        let word = line(root + "/run/systemd/container") ?? environment("container")
        if let word, let container = named(word) { return container }
        let groups = text(procfs + "/self/cgroup") ?? ""
        return marks.first { groups.contains($0.mark) }?.container
    }

    /// What systemd calls containers. See systemd-detect-virt(1).
    private static func named(_ word: String) -> Container? {
        switch word {
        case "": nil
        case "docker": .docker
        case "podman": .podman
        case "lxc", "lxc-libvirt": .lxc
        default: .other(word)
        }
    }

    /// Parts of the names of cgroups that the engines give.
    private static let marks: [(mark: String, container: Container)] = [
        ("/kubepods", .kubernetes), ("/libpod-", .podman), ("/docker", .docker), ("/lxc", .lxc),
    ]

    /// The map of the machine's own user namespace leaves every number as it is. See user_namespaces(7).
    private static func isInUserNamespace(procfs: String) -> Bool {
        guard let map = line(procfs + "/self/uid_map") else { return false }
        return map.split(separator: " ").map(String.init) != ["0", "0", "4294967295"]
    }

    /// Processors of x86 have a bit for it; of others only the firmware tells. Clouds rent whole machines, too.
    private static func isGuest(sysfs: String, _ cpuinfo: CPUInfo) -> Bool {
        guard cpuinfo.isARM else { return cpuinfo.hasFlag("hypervisor") }
        let maker = line(sysfs + "/class/dmi/id/sys_vendor") ?? ""
        let product = line(sysfs + "/class/dmi/id/product_name") ?? ""
        return virtualMakers.contains(maker) && !product.hasSuffix("metal")
    }

    /// What the firmware of virtual machines calls its maker.
    private static let virtualMakers = [
        "QEMU", "KVM", "Amazon EC2", "Google", "VMware, Inc.", "Xen", "Microsoft Corporation",
    ]

    private static func isThere(_ path: String) -> Bool { Files.realPath(path) != nil }

    private static func line(_ path: String) -> String? {
        text(path).map { String($0.prefix { $0 != "\n" }) }
    }

    private static func text(_ path: String) -> String? {
        do throws(SystemError) {
            return String(decoding: try Files.read(path, limit: 4096), as: UTF8.self)
        } catch {
            return nil
        }
    }
}
