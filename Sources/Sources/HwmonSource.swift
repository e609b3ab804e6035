import Counters
import Kernel

/// The sensors of energy and power that hwmon shows, kept open.
///
/// Energy counters are read as they are. Power is integrated over the time between two readings into a counter of the same form:
/// an estimate, the better the more often it is read. A reading may cost a millisecond where the chip sits on a slow bus, and one
/// that costs much more is the last: see `SensorPace`.
struct HwmonSource: ~Copyable {
    /// The most sensors that are read.
    static let capacity = 128

    /// What is kept of a sensor.
    private struct State {
        var sensor: HwmonSensor
        var pace = SensorPace()
        /// Nil for a sensor that counts energy itself.
        var integrator: PowerIntegrator?
        var watch = AccumulatorWatch()
        var rest = CardRest()
        var steps = SleepSteps()

        init(_ sensor: HwmonSensor) {
            self.sensor = sensor
            integrator = sensor.isIntegrated ? PowerIntegrator() : nil
        }

        var hasNarrowRegister: Bool { sensor.card?.hasNarrowRegister ?? false }

        /// What the sensor used since it was read last is known only if it counts energy itself.
        mutating func goOn(with sensor: HwmonSensor) {
            self.sensor = sensor
            pace = SensorPace()
            watch = AccumulatorWatch()
            rest = CardRest()
            steps = SleepSteps()
            integrator?.interrupt()
            if sensor.isIntegrated != (integrator != nil) {
                integrator = sensor.isIntegrated ? PowerIntegrator() : nil
            }
        }
    }

    private var descriptors = DescriptorRow(capacity: HwmonSource.capacity)
    /// What shows whether the sensor's card sleeps, for sensors of cards.
    private var statuses = DescriptorSlots(capacity: HwmonSource.capacity)
    private var states: [State] = []

    /// The registers of Intel's cards have 32 bits, which are 262 kJ: 4 minutes at a kilowatt. Their drivers count on beyond that, but
    /// notice a turn only when they are asked, and one at most.
    private static let longestNanoseconds: UInt64 = 30_000_000_000

    /// So much time at most may lie between two readings.
    var longestIntervalNanoseconds: UInt64 {
        states.contains(where: \.hasNarrowRegister) ? HwmonSource.longestNanoseconds : UInt64.max
    }

    /// A sensor as it was found last.
    func sensor(_ index: Int) -> HwmonSensor { states[index].sensor }

    /// How long the reading took after which the sensor was given up; nil while it is read.
    func slowNanoseconds(_ index: Int) -> UInt64? { states[index].pace.slowNanoseconds }

    /// Opens one more sensor, for which there must be room.
    mutating func append(_ sensor: HwmonSensor) throws(SystemError) {
        descriptors.append(try FileDescriptor.open(reading: sensor.path))
        openStatus(states.count, sensor)
        states.append(State(sensor))
    }

    /// Opens a sensor again that was gone or was given up, where it is now. What it used in between is known only if it counts
    /// energy itself.
    mutating func reopen(_ index: Int, _ sensor: HwmonSensor) throws(SystemError) {
        descriptors.replace(index, with: try FileDescriptor.open(reading: sensor.path))
        openStatus(index, sensor)
        states[index].goOn(with: sensor)
    }

    private mutating func openStatus(_ index: Int, _ sensor: HwmonSensor) {
        statuses.close(at: index)
        if let file = sensor.card?.status.open() { statuses.put(file, at: index) }
    }

    /// The sensor is on a card that is left alone at a time on the monotonic clock, so that it can fall asleep.
    mutating func isResting(_ index: Int, at now: UInt64) -> Bool {
        guard statuses.isOpen(index) else { return false }
        guard !states[index].rest.isResting(at: now) else { return true }
        guard states[index].rest.isDue(at: now) || states[index].rest.hasSlept && !isAsleep(index) else { return false }
        let nanoseconds = states[index].sensor.card?.restNanoseconds
        states[index].rest.begin(at: now, for: nanoseconds)
        return states[index].rest.isResting(at: now)
    }

    /// The sensor is on a card that sleeps.
    func isAsleep(_ index: Int) -> Bool {
        statuses.withOpen(index) { HwmonCard.isAsleep($0) } ?? false
    }

    /// Gives a sensor another name.
    mutating func rename(_ index: Int, _ domain: Domain) {
        states[index].sensor.domain = domain
    }
}

/// Reading, in two steps, so that whoever has the clock can look at it in between.
extension HwmonSource {
    /// Reads what a sensor shows: energy, or power. It takes as long as the sensor takes. One that was given up is not read, and one
    /// on a card that sleeps neither: that would wake it.
    mutating func show(_ index: Int) -> Reading {
        guard states[index].pace.slowNanoseconds == nil else { return .failure(.slow) }
        guard !isAsleep(index) else { return .failure(.asleep) }
        return readSensor(descriptors[index], states[index].sensor.file.quantity)
    }

    /// The sensor is an accumulator that has stood still while its card ran, and is no counter.
    func isStuck(_ index: Int) -> Bool { states[index].watch.isStuck }

    /// Makes energy of what a sensor showed in a reading from `start` to `end` on the monotonic clock, in nanoseconds. More power
    /// than the bound is not believed. After one reading too many that took too long the sensor is given up; this one still counts.
    mutating func take(
        _ index: Int, _ shown: Reading, from start: UInt64, to end: UInt64, boundMicrowatts: UInt64
    ) -> Reading {
        let duration = end - min(start, end)
        if shown != .failure(.slow) { states[index].pace.take(nanoseconds: duration) }
        if shown == .failure(.asleep) { states[index].rest.noteSleep() }
        guard states[index].integrator != nil else { return takeEnergy(index, shown, at: end, boundMicrowatts) }
        guard case .counter(let microwatts, _) = shown else {
            states[index].integrator?.interrupt()
            return shown
        }
        guard microwatts <= boundMicrowatts else {
            states[index].integrator?.interrupt()
            return .failure(.garbage)
        }
        states[index].integrator?.take(microwatts: microwatts, at: start + duration / 2)
        // While power could not be read, or not for too long, no energy was added: the interval has no average power then.
        return .counter(
            states[index].integrator?.totalMicrojoules ?? 0,
            afterGap: states[index].integrator?.hasGapBefore ?? false)
    }

    /// What a counter shows, if it is to be believed as one.
    private mutating func takeEnergy(
        _ index: Int, _ shown: Reading, at now: UInt64, _ boundMicrowatts: UInt64
    ) -> Reading {
        if states[index].sensor.file.quantity == .metrics {
            states[index].watch.take(shown, at: now)
            return isStuck(index) ? .failure(.unregistered) : shown
        }
        guard states[index].hasNarrowRegister else { return shown }
        return states[index].steps.take(shown, at: now, boundMicrowatts: boundMicrowatts)
    }
}
