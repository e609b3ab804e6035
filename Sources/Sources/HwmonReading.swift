import Counters
import Kernel

/// Reading sensors, which may be slow, and giving up those that are.
extension Sources {
    /// Opens sensors as they were found, and numbers their counters after those that are there.
    mutating func openSensors(_ sensors: [HwmonSensor]) throws(SystemError) {
        var opened = hwmon.take() ?? HwmonSource()
        for sensor in sensors where try opened.append(sensor) {
            hwmonMemory.open[sensor.identity] = sensor
            append([sensor.facts], limits: [sensor.limits])
        }
        hwmon = consume opened
    }

    /// Reads one sensor, and looks at the clock before and after.
    mutating func readSensor(_ place: Int, from start: Moment) -> Reading {
        let shown = hwmon?.show(place) ?? .failure(.other)
        let end = time == .kernel ? Clock.monotonicNanoseconds() : start.monotonicNanoseconds
        return hwmon?.take(place, shown, from: start.monotonicNanoseconds, to: end) ?? .failure(.other)
    }

    /// Says of a counter that it is given up because it is too slow to be read.
    public mutating func giveUp(_ index: Int) {
        let place = places[index]
        guard place.kind == .hwmon, let nanoseconds = hwmon?.slowNanoseconds(place.index),
            let sensor = hwmon?.sensor(place.index)
        else { return }
        hwmonMemory.open[sensor.identity] = nil
        hwmonMemory.slow[sensor.identity] = HwmonMemory.Slow(appearance: sensor.appearance, nanoseconds: nanoseconds)
        zones[index] = ZoneReport(
            zone: sensor.name, domain: sensor.domain, role: .slow, reason: ZoneReport.slowness(nanoseconds),
            limits: sensor.limits)
    }

    /// Gives devices back the names that they had in an earlier run, whoever came first this time. To be called before anything is
    /// read.
    ///
    /// - Parameter names: the identity and the name of each.
    public mutating func recall(_ names: [(identity: String, tag: String)]) {
        hwmonMemory.names.recall(names.filter { $0.identity.hasPrefix(HwmonChip.identityPrefix) })
        for index in counters.indices where places[index].kind == .hwmon {
            guard let sensor = hwmon?.sensor(places[index].index) else { continue }
            let name = hwmonMemory.names.name(sensor.identity, sensor.words)
            counters[index].domain = Domain(kind: .sensor, socket: 0, label: name)
            hwmon?.rename(places[index].index, counters[index].domain)
            hwmonMemory.open[sensor.identity]?.domain = counters[index].domain
            zones[index] = ZoneReport(counters[index], limits: sensor.limits)
        }
    }
}

extension RefusedZone.Reason {
    /// What is refused could be counted some time: it is there.
    var isOfSomethingUsable: Bool {
        switch self {
        case .permissionDenied, .failed, .badAttribute, .asleep, .slow: true
        case .duplicate, .unknownName, .tooMany, .battery: false
        }
    }
}
