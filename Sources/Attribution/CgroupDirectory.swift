import Bytes

/// Where a directory lies, as far as that decides what its name means.
enum Surroundings: Sendable {
    case root
    case slice
    /// Kubernetes' pods, by class of service or not.
    case pods
    case pod
    case docker
    case podman
    case lxc
    /// libvirt's machines without systemd.
    case machines
    /// Proxmox' machines.
    case proxmox
    case slurm
    /// What would be shown whole, but is looked into because somebody wants it.
    case opened
}

/// What one directory's name says of it, in its surroundings.
struct CgroupDirectory {
    enum Kind {
        case node(Surroundings)
        case leaf(AttributedType)
        /// It watches a container and is none.
        case monitor
    }

    private(set) var kind = Kind.leaf(.cgroup)
    private(set) var name: Range<Int>
    private(set) var nameIsEscaped = false
    private(set) var podUID = 0..<0
    private(set) var containerID = 0..<0
    private(set) var runtime: ContainerRuntime?
    private(set) var uid = 0..<0
    private let offset: Int

    /// - Parameters:
    ///   - directory: the directory's own name.
    ///   - start: where that begins in the path.
    init(_ directory: Span<UInt8>, at start: Int, in surroundings: Surroundings) {
        let escape = directory.systemdEscapeCount
        let (text, offset) = (directory.extracting(escape..<directory.count), start + escape)
        self.offset = offset
        name = offset..<(offset + text.count)
        if let found = ContainerName(text) {
            readContainer(found, in: surroundings)
        } else if isMonitor(text, surroundings) {
            kind = .monitor
        } else {
            kind = read(text, surroundings)
        }
    }

    private mutating func readContainer(_ found: ContainerName, in surroundings: Surroundings) {
        kind = found.isMonitor ? .monitor : .leaf(.container)
        containerID = place(found.id)
        name = offset..<offset
        runtime = found.runtime ?? runtime(of: surroundings)
    }

    /// Whose containers lie in directories of this kind under their bare numbers.
    private func runtime(of surroundings: Surroundings) -> ContainerRuntime? {
        switch surroundings {
        case .docker: .docker
        case .podman: .podman
        default: nil
        }
    }

    private func isMonitor(_ text: Span<UInt8>, _ surroundings: Surroundings) -> Bool {
        switch surroundings {
        // Whatever else is in a pod has no number to know it by, and a job's daemon is no job.
        case .pod: true
        case .podman: text.equals("conmon")
        case .root: text.hasPrefix("lxc.monitor") || text.hasPrefix("lxc.pivot")
        default: false
        }
    }

    private mutating func read(_ text: Span<UInt8>, _ surroundings: Surroundings) -> Kind {
        switch surroundings {
        case .pods:
            if let kind = readPod(text, 0) { return kind }
            if text.equals("burstable") || text.equals("besteffort") || text.equals("guaranteed") {
                return .node(.pods)
            }
        case .slurm: return readJob(text)
        case .lxc: return .leaf(.machine)
        case .machines: if let kind = readLibvirt(text, 0) { return kind }
        case .proxmox: if let kind = readProxmox(text) { return kind }
        case .root: if let kind = readTop(text) { return kind }
        case .slice, .pod, .docker, .podman, .opened: break
        }
        return text.hasSuffix(".slice") ? readSlice(text) : readUnit(text)
    }

    /// What programs without systemd make directly below the root.
    private mutating func readTop(_ text: Span<UInt8>) -> Kind? {
        if text.equals("docker") { return .node(.docker) }
        if text.equals("libpod_parent") { return .node(.podman) }
        if text.equals("lxc") { return .node(.lxc) }
        if text.equals("machine") { return .node(.machines) }
        return text.hasPrefix("kubepods") && !text.hasSuffix(".slice") ? .node(.pods) : nil
    }

    private mutating func readSlice(_ text: Span<UInt8>) -> Kind {
        let stem = 0..<(text.count - 6)
        if text.hasPrefix("user-"), text.extracting(5..<stem.upperBound).isDecimal {
            uid = place(5..<stem.upperBound)
            name = offset..<offset
            return .leaf(.user)
        }
        if text.equals("qemu.slice") { return .node(.proxmox) }
        guard text.contains("kubepods") else { return .node(.slice) }
        let last = text.lastIndex(of: UInt8(ascii: "-"), in: stem).map { $0 + 1 } ?? 0
        return readPod(text.extracting(stem), last) ?? .node(.pods)
    }

    /// `pod` and an identity: a UUID, or the hash of a file that kubelet was given.
    private mutating func readPod(_ text: Span<UInt8>, _ start: Int) -> Kind? {
        guard text.extracting(start..<text.count).hasPrefix("pod") else { return nil }
        let identity = (start + 3)..<text.count
        guard text.extracting(identity).isPodUID else { return nil }
        podUID = place(identity)
        name = offset..<offset
        return .leaf(.pod)
    }

    private mutating func readUnit(_ text: Span<UInt8>) -> Kind {
        if text.hasSuffix(".scope") { return readScope(text) }
        if text.hasSuffix(".service") {
            guard text.hasPrefix("systemd-nspawn@") else { return .leaf(.service) }
            return escaped(15..<(text.count - 8), .machine)
        }
        if text.hasSuffix(".mount") { return .leaf(.mount) }
        if text.hasSuffix(".socket") { return .leaf(.socket) }
        if text.hasSuffix(".swap") { return .leaf(.swap) }
        guard text.hasPrefix("lxc.payload."), text.count > 12 else { return .leaf(.cgroup) }
        name = place(12..<text.count)
        return .leaf(.machine)
    }

    private mutating func readScope(_ text: Span<UInt8>) -> Kind {
        if text.equals("slurmstepd.scope") || text.hasSuffix("_slurmstepd.scope") { return .node(.slurm) }
        guard text.hasPrefix("machine-"), text.count > 14 else { return .leaf(.scope) }
        let machine = text.extracting(0..<(text.count - 6))
        return readLibvirt(machine, 8) ?? escaped(8..<machine.count, .machine)
    }

    /// Not empty, or it stays a unit by its whole name.
    private mutating func escaped(_ range: Range<Int>, _ type: AttributedType) -> Kind {
        guard !range.isEmpty else { return .leaf(.service) }
        name = place(range)
        nameIsEscaped = true
        return .leaf(type)
    }

    /// libvirt's names have the number that a machine has until it is stopped, which would make a series of each start.
    private mutating func readLibvirt(_ text: Span<UInt8>, _ start: Int) -> Kind? {
        guard let found = LibvirtName(text, from: start) else { return nil }
        name = place(found.name)
        nameIsEscaped = start > 0
        return .leaf(found.isVirtual ? .vm : .machine)
    }

    private mutating func readProxmox(_ text: Span<UInt8>) -> Kind? {
        guard text.hasSuffix(".scope"), text.extracting(0..<(text.count - 6)).isDecimal else { return nil }
        name = place(0..<(text.count - 6))
        return .leaf(.vm)
    }

    /// `job_N`, and since Slurm 26.05 `s` with the 13 characters of the job's lasting number.
    private mutating func readJob(_ text: Span<UInt8>) -> Kind {
        if text.hasPrefix("job_"), text.extracting(4..<text.count).isDecimal {
            name = place(4..<text.count)
            return .leaf(.job)
        }
        return text.isSlurmIdentity ? .leaf(.job) : .monitor
    }

    private func place(_ range: Range<Int>) -> Range<Int> {
        (offset + range.lowerBound)..<(offset + range.upperBound)
    }
}
