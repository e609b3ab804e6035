public import Counters

/// A sensor of the kernel's hwmon class that measures energy or power.
public struct HwmonSensor: Sendable, Equatable {
    /// Directory and file, such as `hwmon2/energy1_input`. The directory's number is no identity: it changes from boot to boot.
    public internal(set) var name: String
    /// The directory of the chip's attributes.
    var directory: String
    /// The attribute that shows it.
    let file: HwmonFile
    /// What it measures: only its label tells.
    public internal(set) var domain: Domain
    /// What it is called if no other device has the name.
    let words: String
    /// The chip's device and the channel, which stay the same when directories get other numbers.
    public let identity: String
    /// The card that it is the energy of; nil for any other sensor.
    var card: HwmonCard?
    /// Where it starts again from 0, in microjoules.
    var modulus = CounterFacts.neverWraps
    /// Which appearance of its device it belongs to.
    var appearance: UInt64
    /// How old a reading can be: what the chip states; RAPL's where it states nothing.
    public let updatePeriodNanoseconds: UInt64
    /// The power limits that the chip states for it.
    public internal(set) var limits: [PowerLimit]

    /// The file that shows it.
    public var path: String { "\(directory)/\(file.name)" }

    /// Whether the chip tells power only, so that its energy is an estimate from readings of power.
    public var isIntegrated: Bool { file.quantity == .power }

    /// More power than this is not believed of it.
    public var boundMicrowatts: UInt64 {
        PlausiblePower.boundMicrowatts(
            domain.kind, highestMicrowatts: limits.map(\.microwatts).filter(PlausiblePower.isLimit).max())
    }

    /// No attribute tells where a counter starts again from 0, and 64 bits of microjoules never end, so a step back is always a
    /// new start and never a wrap, but for a narrow accumulator. Power is integrated in this process.
    var facts: CounterFacts {
        CounterFacts(
            source: .hwmon, domain: domain, identity: identity, name: name,
            modulus: modulus, unitMicrojoules: file.quantity == .metrics ? GPUMetrics.unitMicrojoules : 1,
            boundMicrowatts: boundMicrowatts, updatePeriodNanoseconds: updatePeriodNanoseconds,
            outlivesProcess: !isIntegrated, isEstimate: isIntegrated, card: card?.facts)
    }

    /// The same sensor where its chip has appeared now.
    func at(_ chip: HwmonChip) -> HwmonSensor {
        var sensor = self
        sensor.name = "\(chip.entry)/\(file.name)"
        sensor.directory = chip.directory.path
        sensor.appearance = chip.appearance
        sensor.card = chip.card ?? card
        return sensor
    }

    /// What is read again of the limits, if there are any.
    var limitFiles: LimitFiles? { limits.isEmpty ? nil : LimitFiles(directory: directory, number: file.number, limits) }
}
