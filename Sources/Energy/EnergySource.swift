import Kernel

/// Where readings come from.
public enum EnergySource: ~Copyable {
    case none
    case powercap(PowercapSource)
    case simulated(SimulatedSource)

    /// Reads one domain's counter.
    func read(_ index: Int, atNanoseconds now: UInt64) -> Reading {
        switch self {
        case .none: .failure(.other)
        case .powercap(let zones): zones.read(index)
        case .simulated(let model): model.read(index, atNanoseconds: now)
        }
    }

    /// The kernel's zone behind a domain, where there is one.
    func zone(_ index: Int) -> PowercapZone? {
        switch self {
        case .powercap(let zones): zones.zone(index)
        case .none: nil
        case .simulated: nil
        }
    }

    /// Opens the counter of a zone anew.
    mutating func reopen(_ index: Int, _ zone: PowercapZone) throws(SystemError) {
        switch consume self {
        case .powercap(var zones):
            do throws(SystemError) {
                try zones.reopen(index, zone)
                self = .powercap(zones)
            } catch {
                self = .powercap(zones)
                throw error
            }
        case .simulated(let model): self = .simulated(model)
        case .none: self = .none
        }
    }
}
