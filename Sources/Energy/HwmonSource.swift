public import Kernel

/// The sensors of energy and power that hwmon shows, kept open.
///
/// Energy counters are read as they are. Power is integrated over the time between two readings into a counter of the same form:
/// an estimate, the better the more often it is read. A reading may cost a millisecond where the chip sits on a slow bus.
public struct HwmonSource: ~Copyable {
    /// The most sensors that are read.
    public static let capacity = 128

    /// No attribute tells where a counter starts again from 0, and 64 bits of microjoules never end, so a step back is always a new
    /// start and never a wrap.
    public static let modulus = UInt64.max

    private let descriptors: DescriptorRow
    /// Nil for the sensors that count energy themselves.
    private var integrators: [PowerIntegrator?]

    /// Opens the sensors, in their order.
    public init(opening sensors: [HwmonSensor]) throws(SystemError) {
        precondition(sensors.count <= HwmonSource.capacity)
        var row = DescriptorRow(capacity: sensors.count)
        for sensor in sensors { row.append(try FileDescriptor.open(reading: sensor.path)) }
        descriptors = row
        integrators = sensors.map { $0.isIntegrated ? PowerIntegrator() : nil }
    }

    /// Reads one sensor; `now` is the time of the reading, on the monotonic clock.
    public mutating func read(_ index: Int, atNanoseconds now: UInt64) -> Reading {
        let reading = readCounter(descriptors[index])
        guard isIntegrated(index) else { return reading }
        // For these the number that was read is not energy yet but power, in microwatts.
        switch reading {
        case .microjoules(let microwatts) where microwatts <= PowerIntegrator.largestMicrowatts:
            return .microjoules(integrate(index, microwatts, now))
        case .microjoules:
            integrators[index]?.interrupt()
            return .failure(.garbage)
        case .failure:
            integrators[index]?.interrupt()
            return reading
        }
    }

    /// Whether a sensor's energy is an estimate from its power.
    public func isIntegrated(_ index: Int) -> Bool {
        integrators[index] != nil
    }

    /// Whether nothing is known of the time between a sensor's latest good reading and the good one before: power could not be
    /// read in between, or not for too long, and no energy was added. The interval has no average power then.
    public func hasHoleBefore(_ index: Int) -> Bool {
        integrators[index]?.hasHoleBefore ?? false
    }

    private mutating func integrate(_ index: Int, _ microwatts: UInt64, _ now: UInt64) -> UInt64 {
        integrators[index]?.note(microwatts: microwatts, atNanoseconds: now)
        return integrators[index]?.totalMicrojoules ?? 0
    }
}
