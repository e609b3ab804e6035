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

        init(_ sensor: HwmonSensor) {
            self.sensor = sensor
            integrator = sensor.isIntegrated ? PowerIntegrator() : nil
        }
    }

    private var descriptors = DescriptorRow(capacity: HwmonSource.capacity)
    private var states: [State] = []

    /// A sensor as it was found last.
    func sensor(_ index: Int) -> HwmonSensor { states[index].sensor }

    /// How long the reading took after which the sensor was given up; nil while it is read.
    func slowNanoseconds(_ index: Int) -> UInt64? { states[index].pace.slowNanoseconds }

    /// Opens one more sensor, for which there must be room.
    mutating func append(_ sensor: HwmonSensor) throws(SystemError) {
        descriptors.append(try FileDescriptor.open(reading: sensor.path))
        states.append(State(sensor))
    }

    /// Opens a sensor again that was gone or was given up, where it is now. What it used in between is known only if it counts
    /// energy itself.
    mutating func reopen(_ index: Int, _ sensor: HwmonSensor) throws(SystemError) {
        descriptors.replace(index, with: try FileDescriptor.open(reading: sensor.path))
        states[index].sensor = sensor
        states[index].pace = SensorPace()
        states[index].integrator?.interrupt()
    }

    /// Gives a sensor another name.
    mutating func rename(_ index: Int, _ domain: Domain) {
        states[index].sensor.domain = domain
    }
}

/// Reading, in two steps, so that whoever has the clock can look at it in between.
extension HwmonSource {
    /// Reads what a sensor shows: energy, or power. It takes as long as the sensor takes. One that was given up is not read.
    mutating func show(_ index: Int) -> Reading {
        guard states[index].pace.slowNanoseconds == nil else { return .failure(.slow) }
        return readSensor(descriptors[index], states[index].sensor.file.quantity)
    }

    /// Makes energy of what a sensor showed in a reading from `start` to `end` on the monotonic clock, in nanoseconds. More power
    /// than the bound is not believed. After one reading too many that took too long the sensor is given up; this one still counts.
    mutating func take(
        _ index: Int, _ shown: Reading, from start: UInt64, to end: UInt64, boundMicrowatts: UInt64
    ) -> Reading {
        let duration = end - min(start, end)
        if shown != .failure(.slow) { states[index].pace.take(nanoseconds: duration) }
        guard states[index].integrator != nil else { return shown }
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
}
