/// What a row of attributed energy stands for.
public enum AttributedType: Sendable, Equatable, CaseIterable {
    case service
    case scope
    case mount
    case socket
    case swap
    case user
    case pod
    case container
    case vm
    case machine
    case job
    /// A directory that nobody above is known to have made.
    case cgroup
    /// What lies in a slice or a pod and is shown nowhere else.
    case rest
    /// The kernel, interrupts, and what lies in no slice and is not shown.
    case system
    case idle

    /// The value of the label `type`.
    public var label: StaticString {
        switch self {
        case .service: "service"
        case .scope: "scope"
        case .mount: "mount"
        case .socket: "socket"
        case .swap: "swap"
        case .user: "user"
        case .pod: "pod"
        case .container: "container"
        case .vm: "vm"
        case .machine: "machine"
        case .job: "job"
        case .cgroup: "cgroup"
        case .rest: "rest"
        case .system: "system"
        case .idle: "idle"
        }
    }
}

/// Who runs a container, in the words of Kubernetes where it has one: `runtime://container_id` is its `container_id`.
public enum ContainerRuntime: Sendable, Equatable {
    case containerd
    case crio
    case docker
    case podman

    /// The value of the label `runtime`.
    public var label: StaticString {
        switch self {
        case .containerd: "containerd"
        case .crio: "cri-o"
        case .docker: "docker"
        case .podman: "podman"
        }
    }
}

/// How far down the tree of control groups energy is shown.
public enum AttributionLevel: Sendable, Equatable {
    /// The slices directly below the root, and no name but theirs.
    case slices
    /// Services, scopes, users, machines, containers, and pods as a whole.
    case units
    /// Pods split into their containers.
    case containers
}

/// What a control group's path says of it. The ranges are places in that path; an empty one says that there is no such label.
///
/// Some values are written otherwise than they stand in the path; `appendSlice`, `appendName` and `appendPodUID` write all of
/// them as labels have them.
public struct CgroupName: Sendable, Equatable {
    /// What it is.
    public internal(set) var type = AttributedType.rest
    /// The slice that it lies in, or for a rest the slice itself; see `CgroupWalk.enter`.
    public internal(set) var slice = 0..<0
    /// Its own name.
    public internal(set) var name = 0..<0
    /// The name is written with systemd's escapes.
    public internal(set) var nameIsEscaped = false
    /// The pod that it is or lies in, perhaps with underscores.
    public internal(set) var podUID = 0..<0
    /// A container's 64 hexadecimal digits.
    public internal(set) var containerID = 0..<0
    /// A container's runtime, if the name tells.
    public internal(set) var runtime: ContainerRuntime?
    /// The user in whose slice it lies.
    public internal(set) var uid = 0..<0
}

/// What is to be done with a control group.
public enum CgroupPlace: Sendable, Equatable {
    /// Look at what lies in it; the name is that of its rest.
    case descend(CgroupName)
    /// Show it whole.
    case show(CgroupName)
    /// Do neither: its time is in what contains it. So are monitors of containers, and whatever lies below what is shown whole.
    case pass

    /// Decides by the path below the root of the tree, with or without a slash in front. Without allocation.
    ///
    /// - Parameters:
    ///   - path: any bytes; what no kernel would give is passed.
    ///   - level: how far down.
    ///   - globs: what else to look into, although it would be shown whole.
    public init(_ path: Span<UInt8>, level: AttributionLevel, descending globs: [Glob] = []) {
        guard path.count <= CgroupPlace.mostPathBytes else {
            self = .pass
            return
        }
        let start = path.count > 0 && path[0] == UInt8(ascii: "/") ? 1 : 0
        var walk = CgroupWalk(start: start, level: level)
        self = walk.decide(path, globs)
    }

    /// The longest path. See path_resolution(7).
    public static let mostPathBytes = 4096
}

extension CgroupPlace {
    /// What its account is called; nil where it has none.
    var name: CgroupName? {
        switch self {
        case .descend(let name), .show(let name): name
        case .pass: nil
        }
    }

    /// What lies in it has accounts of its own.
    var isNode: Bool {
        if case .descend = self { true } else { false }
    }
}
