import Counters
import Kernel

/// The sensors of energy and power that hwmon shows, kept open.
///
/// Energy counters are read as they are. Power is integrated over the time between two readings into a counter of the same form:
/// an estimate, the better the more often it is read. A reading may cost a millisecond where the chip sits on a slow bus.
struct HwmonSource: ~Copyable {
    /// The most sensors that are read.
    static let capacity = 128

    private let descriptors: DescriptorRow
    /// Nil for the sensors that count energy themselves.
    private var integrators: [PowerIntegrator?]

    /// Opens the sensors, in their order.
    init(opening sensors: [HwmonSensor]) throws(SystemError) {
        precondition(sensors.count <= HwmonSource.capacity)
        var row = DescriptorRow(capacity: sensors.count)
        for sensor in sensors { row.append(try FileDescriptor.open(reading: sensor.path)) }
        descriptors = row
        integrators = sensors.map { $0.isIntegrated ? PowerIntegrator() : nil }
    }

    /// Reads one sensor: energy, or power in microwatts.
    func read(_ index: Int) -> Reading { readCounter(descriptors[index]) }

    /// Makes energy of what was read of one sensor in a span of time.
    mutating func take(_ reading: Reading, of index: Int, at span: ReadSpan) -> Reading {
        guard integrators[index] != nil else { return reading }
        let now = span.middle.monotonicNanoseconds
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
