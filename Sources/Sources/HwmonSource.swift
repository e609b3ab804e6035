import Counters
import Kernel

/// The sensors of energy and power that hwmon shows, kept open.
///
/// Energy counters are read as they are. Power is integrated over the time between two readings into a counter of the same form:
/// an estimate, the better the more often it is read. A reading may cost a millisecond where the chip sits on a slow bus.
struct HwmonSource: ~Copyable {
    /// The most sensors that are read.
    static let capacity = 128

    private var descriptors = DescriptorRow(capacity: HwmonSource.capacity)
    /// Nil for the sensors that count energy themselves.
    private var integrators: [PowerIntegrator?] = []

    /// Opens one more sensor.
    mutating func append(_ sensor: HwmonSensor) throws(SystemError) {
        descriptors.append(try FileDescriptor.open(reading: sensor.path))
        integrators.append(sensor.isIntegrated ? PowerIntegrator() : nil)
    }

    /// Opens a sensor that was gone.
    mutating func reopen(_ index: Int, _ sensor: HwmonSensor) throws(SystemError) {
        descriptors.replace(index, with: try FileDescriptor.open(reading: sensor.path))
        integrators[index]?.interrupt()
    }

    /// Reads one sensor at a time on the monotonic clock, in nanoseconds.
    mutating func read(_ index: Int, at now: UInt64) -> Reading {
        let reading = readCounter(descriptors[index])
        guard integrators[index] != nil else { return reading }
        // For these the number that was read is not energy yet but power, in microwatts.
        switch reading {
        case .counter(let microwatts, _) where microwatts <= PowerIntegrator.largestMicrowatts:
            return integrate(index, microwatts, now)
        case .counter:
            integrators[index]?.interrupt()
            return .failure(.garbage)
        case .failure:
            integrators[index]?.interrupt()
            return reading
        }
    }

    /// While power could not be read, or not for too long, no energy was added: the interval has no average power then.
    private mutating func integrate(_ index: Int, _ microwatts: UInt64, _ now: UInt64) -> Reading {
        integrators[index]?.take(microwatts: microwatts, at: now)
        return .counter(
            integrators[index]?.totalMicrojoules ?? 0, afterGap: integrators[index]?.hasGapBefore ?? false)
    }
}
