import Energy
import TestSupport

/// A hardware counter with a known truth: a register of so many bits that moves by whole units once a millisecond or so, shown
/// in microjoules as the kernel's driver shows it.
struct SimulatedCounter {
    /// Nanojoules of one unit, as the driver rounds them: 61035 (2^-14 J) or 15258 (2^-16 J).
    let unitNanojoules: UInt64
    /// The register wraps at 2^bits; real ones have 32, fewer make it wrap every few seconds.
    let bits: UInt64
    private(set) var register: UInt64
    /// Units used since the beginning, whatever became of the register.
    private(set) var unitsUsed: UInt64 = 0
    /// Energy that did not fill a unit or an update step yet.
    private var pendingNanojoules: UInt64 = 0
    private var sinceUpdateNanoseconds: UInt64 = 0
    private var updatePeriodNanoseconds: UInt64 = 976_563

    init(unitNanojoules: UInt64, bits: UInt64, register: UInt64) {
        self.unitNanojoules = unitNanojoules
        self.bits = bits
        self.register = register
    }

    /// What `energy_uj` shows.
    var microjoules: UInt64 { register * unitNanojoules / 1000 }
    /// What `max_energy_range_uj` shows.
    var rangeMicrojoules: UInt64 { ((1 << bits) - 1) * unitNanojoules / 1000 }
    /// One unit, rounded as the exporter rounds it.
    var unitMicrojoules: UInt64 { max(1, (unitNanojoules + 500) / 1000) }
    var modulus: UInt64 { rangeMicrojoules + unitMicrojoules }
    /// The truth in microjoules, rounded down.
    var usedMicrojoules: UInt64 { unitsUsed * unitNanojoules / 1000 }

    /// Lets time pass at a power. The register moves only at its update steps, whose period jitters by a tenth.
    mutating func run(nanoseconds: UInt64, milliwatts: UInt64, _ random: inout SplitMix64) {
        pendingNanojoules += milliwatts * nanoseconds / 1_000_000
        sinceUpdateNanoseconds += nanoseconds
        guard sinceUpdateNanoseconds >= updatePeriodNanoseconds else { return }
        sinceUpdateNanoseconds %= updatePeriodNanoseconds
        updatePeriodNanoseconds = 976_563 - 48_000 + UInt64.random(in: 0..<96_000, using: &random)
        let units = pendingNanojoules / unitNanojoules
        pendingNanojoules %= unitNanojoules
        unitsUsed += units
        register = (register + units) % (1 << bits)
    }

    /// The driver was reloaded, or the processor lost its power.
    mutating func setAnew(to register: UInt64) {
        self.register = register
        pendingNanojoules = 0
    }
}
