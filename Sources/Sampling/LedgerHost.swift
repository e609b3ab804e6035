import Accounts
import Counters

/// The part of the machine's energy that only the ledger knows.
extension Ledger {
    /// What the counters counted in earlier runs that are parts of the machine and not measured now. It allocates.
    func keptHostEnergy() -> HostTotal.Kept {
        var energy = HostTotal.Kept()
        for record in kept {
            switch record.identity.processorKind {
            case .psys: energy.platformMicrojoules &+= record.accountant.totalMicrojoules
            case .package, .dram: energy.partsMicrojoules &+= record.accountant.totalMicrojoules
            default: break
            }
        }
        return energy
    }
}
