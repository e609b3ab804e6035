import Counters

/// How `pyjoules_host_energy_joules_total` is made up, so that nothing is counted twice.
public enum HostBasis: String, Sendable {
    /// The platform's counters, which have everything in them.
    case psys
    /// All packages and the memory beside them.
    case packagesAndDram = "packages+dram"
}

extension DomainKind {
    /// Together with others of these kinds it is most of a machine, and none of them lies in another.
    var isHostPart: Bool { self == .package || self == .dram }
}
