import Accounts
import Counters

/// The part of the machine's energy that only the ledger knows.
extension Ledger {
    /// What the counters counted in earlier runs that are parts of the machine and not measured now. It allocates.
    ///
    /// One register may have been read through several zones or sources, a run each. Whichever is read now has counted meanwhile
    /// what the others did; of those that are not, only the one that was read last is believed.
    func keptHostEnergy() -> HostTotal.Kept {
        var energy = HostTotal.Kept()
        var tags = Set(entries.compactMap(\.identity.name?.tag))
        for record in kept.sorted(by: { $0.lastSeenSequence > $1.lastSeenSequence }) {
            guard let name = record.identity.name,
                !name.identity.hasPrefix("\(SourceKind.simulated.rawValue)/"), tags.insert(name.tag).inserted
            else { continue }
            switch record.identity.partKind {
            case .psys: energy.platformMicrojoules &+= record.accountant.totalMicrojoules
            case .package, .dram: energy.partsMicrojoules &+= record.accountant.totalMicrojoules
            case .gpu:
                energy.partsMicrojoules &+= record.accountant.totalMicrojoules
                energy.hasGPU = true
            default: break
            }
        }
        return energy
    }
}
