/// A hardware counter whose truth is known: a register of so many bits that is brought up to date about once a millisecond and
/// then shows the whole units used so far, and the powercap driver's view of it in microjoules.
public struct SimulatedCounter {
    /// The kernel's driver keeps a unit as whole nanojoules: 2^-14 J are 61,035 to it, and 2^-16 J are 15,258.
    public static let unitsNanojoules: [UInt64] = [61_035, 15_258]
    /// How often the register is brought up to date.
    public static let updatePeriodNanoseconds: UInt64 = 976_563
    /// An update comes late by up to this much.
    public static let jitterNanoseconds: UInt64 = 96_000

    /// How much the register counts by.
    public let unitNanojoules: UInt64
    /// The register starts again from 0 at 2^bits. Real ones have 32 bits; with fewer they do so every few seconds.
    public let bits: UInt64
    /// False for updates exactly on time.
    public let hasJitter: Bool
    /// What the register shows.
    public private(set) var register: UInt64
    /// Units that the register has counted since the beginning, whatever became of its value.
    public private(set) var unitsCounted: UInt64 = 0
    /// How often it started again from 0 by counting.
    public private(set) var timesRound: UInt64 = 0
    /// Everything that was used, counted or not: a milliwatt in a nanosecond is a picojoule.
    public private(set) var usedPicojoules: UInt64 = 0
    /// What was used and is not counted yet: since the latest update, and what did not fill a unit.
    private var pendingPicojoules: UInt64 = 0
    /// Two periods at first, so that there is an update before any time.
    private var nanoseconds = 2 * updatePeriodNanoseconds

    /// A counter that shows a value and has counted nothing yet.
    public init(unitNanojoules: UInt64, bits: UInt64, register: UInt64, hasJitter: Bool = true) {
        self.unitNanojoules = unitNanojoules
        self.bits = bits
        self.register = register
        self.hasJitter = hasJitter
    }

    /// What `energy_uj` shows: whole microjoules, rounded down.
    public var microjoules: UInt64 { register * unitNanojoules / 1000 }
    /// What the driver's rounding of the present reading cut off.
    public var roundingNanojoules: UInt64 { register * unitNanojoules % 1000 }
    /// Where the exporter lets the counter start again from 0: what `max_energy_range_uj` shows, and one unit as the exporter
    /// rounds it.
    public var modulus: UInt64 { ((1 << bits) - 1) * unitNanojoules / 1000 + unitMicrojoules }
    /// A unit as the exporter rounds it.
    public var unitMicrojoules: UInt64 { (unitNanojoules + 500) / 1000 }
    /// How much more than the modulus the register really holds, for both roundings: up to 1,258 nJ.
    public var modulusErrorNanojoules: UInt64 { (1 << bits) * unitNanojoules - modulus * 1000 }

    /// Lets time pass at a constant power.
    public mutating func run(nanoseconds duration: UInt64, milliwatts: UInt64) {
        let end = nanoseconds + duration
        let update = latestUpdate(notAfter: end)
        if update > nanoseconds {
            pendingPicojoules += milliwatts * (update - nanoseconds)
            count(pendingPicojoules / (unitNanojoules * 1000))
            pendingPicojoules %= unitNanojoules * 1000
            pendingPicojoules += milliwatts * (end - update)
        } else {
            pendingPicojoules += milliwatts * duration
        }
        usedPicojoules += milliwatts * duration
        nanoseconds = end
    }

    /// The register loses its value, and what it had not counted yet with it: a processor that was off, a reloaded firmware.
    public mutating func setAnew(to register: UInt64) {
        self.register = register
        pendingPicojoules = 0
    }

    private mutating func count(_ units: UInt64) {
        unitsCounted += units
        timesRound += (register + units) >> bits
        register = (register + units) & ((1 << bits) - 1)
    }

    private func latestUpdate(notAfter time: UInt64) -> UInt64 {
        let number = time / SimulatedCounter.updatePeriodNanoseconds
        let update = instant(ofUpdate: number)
        return update <= time ? update : instant(ofUpdate: number - 1)
    }

    private func instant(ofUpdate number: UInt64) -> UInt64 {
        var random = SplitMix64(seed: number)
        let jitter = hasJitter ? random.next() % SimulatedCounter.jitterNanoseconds : 0
        return number * SimulatedCounter.updatePeriodNanoseconds + jitter
    }
}
