import Kernel

/// Where readings come from.
enum EnergySource: ~Copyable {
    case none
    case powercap(PowercapSource)
    case perf(PerfSource)
    case hwmon(HwmonSource)
    case simulated(SimulatedSource)

    /// Reads what is read for many domains at once.
    mutating func beginPass() {
        switch consume self {
        case .none: self = .none
        case .powercap(let zones): self = .powercap(zones)
        case .perf(var groups):
            groups.beginPass()
            self = .perf(groups)
        case .hwmon(let sensors): self = .hwmon(sensors)
        case .simulated(let model): self = .simulated(model)
        }
    }

    /// Reads one domain's counter.
    mutating func read(_ index: Int, atNanoseconds now: UInt64) -> Reading {
        switch consume self {
        case .none:
            self = .none
            return .failure(.other)
        case .powercap(let zones):
            let reading = zones.read(index)
            self = .powercap(zones)
            return reading
        case .perf(let groups):
            let reading = groups.read(index)
            self = .perf(groups)
            return reading
        case .hwmon(var sensors):
            let reading = sensors.read(index, atNanoseconds: now)
            self = .hwmon(sensors)
            return reading
        case .simulated(let model):
            self = .simulated(model)
            return model.read(index, atNanoseconds: now)
        }
    }

    /// Nothing is known of the time between a domain's latest reading and the one before.
    func hasHoleBefore(_ index: Int) -> Bool {
        switch self {
        case .hwmon(let sensors): sensors.hasHoleBefore(index)
        case .none: false
        case .powercap: false
        case .perf: false
        case .simulated: false
        }
    }

    /// A domain's counter belongs to the machine and not to this process: what it shows to the next process goes on.
    func counterOutlivesProcess(_ index: Int) -> Bool {
        switch self {
        case .powercap: true
        case .simulated: true
        case .hwmon(let sensors): !sensors.isIntegrated(index)
        case .perf: false
        case .none: false
        }
    }

    /// The kernel's zone behind a domain, where there is one.
    func zone(_ index: Int) -> PowercapZone? {
        switch self {
        case .powercap(let zones): zones.zone(index)
        case .none: nil
        case .perf: nil
        case .hwmon: nil
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
        case .none: self = .none
        case .perf(let groups): self = .perf(groups)
        case .hwmon(let sensors): self = .hwmon(sensors)
        case .simulated(let model): self = .simulated(model)
        }
    }
}
