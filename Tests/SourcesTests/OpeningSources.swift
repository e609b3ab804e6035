import Kernel

@testable import Sources

extension PowercapSource {
    /// The counters of some zones, in their order.
    init(opening zones: [PowercapZone]) throws(SystemError) {
        var source = PowercapSource()
        for (index, zone) in zones.enumerated() { try source.open(zone, at: index) }
        self = source
    }
}

extension HwmonSource {
    /// Some sensors, in their order.
    init(opening sensors: [HwmonSensor]) throws(SystemError) {
        var source = HwmonSource()
        for sensor in sensors { try source.append(sensor) }
        self = source
    }
}

extension PerfSource {
    /// The events of some groups, in their order.
    init(
        opening groups: [PerfGroup], procfs: String = "/proc", calls: PerfCalls = .kernel
    ) throws(PerfError) {
        var source = PerfSource()
        var count = 0
        for group in groups {
            let next = count + group.zones.count
            try source.open(group.zones, at: Array(count..<next), procfs: procfs, calls: calls)
            count = next
        }
        self = source
    }
}
