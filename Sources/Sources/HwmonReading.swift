public import Counters
import Kernel

/// Reading sensors, which may be slow, and giving up those that are.
extension Sources {
    /// A counter is that of a card that is left alone at a moment, so that it can fall asleep: what it showed last is what is known.
    public mutating func isResting(_ index: Int, at moment: Moment) -> Bool {
        let place = places[index]
        return place.kind == .hwmon && hwmon.isResting(place.index, at: moment.monotonicNanoseconds)
    }

    /// Makes energy of what a sensor showed. Before power is called implausible, its limits are read again.
    mutating func takeSensor(_ index: Int, _ place: Int, _ shown: Reading, _ span: ReadSpan) -> Reading {
        if case .counter(let value, _) = shown, counters[index].isEstimate, value > counters[index].boundMicrowatts,
            value <= PowerIntegrator.largestMicrowatts
        {
            _ = refreshBound(index)
        }
        let reading = hwmon.take(
            place, shown, from: span.before.monotonicNanoseconds, to: span.after.monotonicNanoseconds,
            boundMicrowatts: counters[index].boundMicrowatts)
        // It is lost, so that it is looked for at once, and found by its power.
        if hwmon.isStuck(place) { hwmonMemory.stuck.insert(counters[index].identity) }
        return reading
    }

    /// Says of a counter that it is given up because it is too slow to be read.
    public mutating func giveUp(_ index: Int) {
        let place = places[index]
        guard place.kind == .hwmon, let nanoseconds = hwmon.slowNanoseconds(place.index) else { return }
        let sensor = hwmon.sensor(place.index)
        hwmonMemory.open[sensor.identity] = nil
        hwmonMemory.slow[sensor.identity] = HwmonMemory.Slow(appearance: sensor.appearance, nanoseconds: nanoseconds)
        // Somebody may publish it.
        feeds.lookClosely()
        // What states its limits is on the same slow bus.
        limitFiles[index] = nil
        zones[index] = ZoneReport(
            zone: sensor.name, domain: sensor.domain, role: .slow, reason: ZoneReport.slowness(nanoseconds),
            limits: zones[index].limits)
    }

    /// Gives devices back the names that they had in an earlier run, whoever came first this time. To be called before anything is
    /// read.
    ///
    /// - Parameter names: the identity and the name of each.
    public mutating func recall(_ names: [(identity: String, tag: String)]) {
        let prefixes = [HwmonChip.identityPrefix, FeedDiscovery.identityPrefix, CounterFacts.gpuIdentityPrefix]
        hwmonMemory.names.recall(names.filter { name in prefixes.contains(where: name.identity.hasPrefix) })
        for index in counters.indices {
            switch places[index].kind {
            case .hwmon:
                let sensor = hwmon.sensor(places[index].index)
                rename(index, sensor.words)
                hwmon.rename(places[index].index, counters[index].domain)
                hwmonMemory.open[sensor.identity]?.domain = counters[index].domain
            case .feeds: rename(index, feeds.counters[places[index].index].words)
            case .powercap, .perf, .simulated: continue
            }
            zones[index] = ZoneReport(counters[index], limits: zones[index].limits)
        }
    }

    private mutating func rename(_ index: Int, _ words: String) {
        let name = hwmonMemory.names.name(
            counters[index].identity, words, isNumbered: counters[index].domain.kind == .gpu)
        counters[index].domain = Domain(kind: counters[index].domain.kind, socket: 0, label: name)
    }
}
