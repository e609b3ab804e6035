import Counters

/// How `pyjoules_host_energy_joules_total` is made up, so that nothing is counted twice.
public enum HostBasis: String, Sendable {
    /// The platform's counters, which have everything in them.
    case psys
    /// All packages and the memory beside them.
    case packagesAndDram = "packages+dram"
    /// The same and the cards that have graphics processors or other accelerators.
    case packagesDramAndGPUs = "packages+dram+gpus"
    /// Those cards, where nothing else is counted.
    case gpus

    /// What parts of the machine add up to; nil where none is counted that stands for it.
    init?(hasPackage: Bool, hasGPU: Bool) {
        switch (hasPackage, hasGPU) {
        case (true, false): self = .packagesAndDram
        case (true, true): self = .packagesDramAndGPUs
        case (false, true): self = .gpus
        case (false, false): return nil
        }
    }
}

extension DomainKind {
    /// Together with others of these kinds it is most of a machine, and none of them lies in another.
    var isHostPart: Bool { self == .package || self == .dram || self == .gpu }
}
