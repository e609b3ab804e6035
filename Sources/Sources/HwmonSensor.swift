public import Counters

/// A sensor of the kernel's hwmon class that measures energy or power.
public struct HwmonSensor: Sendable, Equatable {
    /// Directory and file, such as `hwmon2/energy1_input`. The directory's number is no identity: it changes from boot to boot.
    public let name: String
    /// The file that shows it.
    public let path: String
    /// What it measures: only its label tells.
    public let domain: Domain
    /// Whether the chip tells power only, so that its energy is an estimate from readings of power.
    public let isIntegrated: Bool
    /// The chip's device and the channel, which stay the same when directories get other numbers.
    public let identity: String
    /// How old a reading can be: what the chip states; RAPL's where it states nothing.
    public let updatePeriodNanoseconds: UInt64

    /// No attribute tells where a counter starts again from 0, and 64 bits of microjoules never end, so a step back is always a
    /// new start and never a wrap. Power is integrated in this process.
    var facts: CounterFacts {
        CounterFacts(
            source: .hwmon, domain: domain, identity: identity, name: name, modulus: CounterFacts.neverWraps,
            unitMicrojoules: 1, boundMicrowatts: PlausiblePower.boundMicrowatts(.sensor),
            updatePeriodNanoseconds: updatePeriodNanoseconds, outlivesProcess: !isIntegrated, isEstimate: isIntegrated)
    }
}
