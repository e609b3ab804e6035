public import Counters
public import Kernel

/// A zone of the kernel's powercap framework that is to be counted.
public struct PowercapZone: Sendable, Equatable {
    /// The kernel's name of the directory, such as `intel-rapl:0:1`. Its numbers are no identity: the kernel uses them again.
    public let name: String
    /// Where its attributes are.
    public let directory: String
    /// What it measures.
    public let domain: Domain
    /// How far the counter runs before it starts again from 0, in microjoules.
    public let modulus: UInt64
    /// The least that the counter moves by, in microjoules.
    public let unitMicrojoules: UInt64
    /// More power than this is not believed of it.
    public let boundMicrowatts: UInt64
    /// The power limits that the kernel states for it.
    public let limits: [PowerLimit]

    /// The file that shows the counter.
    public var counterPath: String { directory + "/energy_uj" }

    /// The same as files, to be read again.
    let limitFiles: LimitFiles
    /// By what it is known when it comes back, whatever its number is then: who shows it (`intel-rapl`, or `intel-rapl-mmio`, whose
    /// counter is another one), and its names.
    public let identity: String

    var facts: CounterFacts {
        CounterFacts(
            source: .powercap, domain: domain, identity: identity, name: name, modulus: modulus,
            unitMicrojoules: unitMicrojoules, boundMicrowatts: boundMicrowatts)
    }
}

/// A zone that is shown by the kernel and not counted, and why.
public struct RefusedZone: Sendable, Equatable {
    /// Why a zone is not counted.
    public enum Reason: Sendable, Equatable {
        /// Another control type shows the same counter already; `intel-rapl-mmio` repeats a package.
        case duplicate
        /// Its `name` is not one that RAPL uses.
        case unknownName(String)
        /// An attribute is missing or makes no sense.
        case badAttribute(String)
        /// Its directory is not there, though the class lists it: container engines put an empty one over those of all zones.
        case hidden
        /// It shows power or less, and no energy: `power_uw` alone is enough to register a zone.
        case noEnergy(showsPower: Bool)
        /// Its counter may not be read.
        case permissionDenied
        /// Its counter cannot be read.
        case failed(ErrorCode)
        /// More zones than this program has room for.
        case tooMany
        /// It measures a battery: what charges it is not use.
        case battery
        /// Its energy is counted already, as a part of something else.
        case enclosed(Enclosure)
        /// Its device is suspended, or the sensor is switched off: it may be read later.
        case asleep
        /// Reading it takes so long that it would hold up everything else.
        case slow(nanoseconds: UInt64)
        /// It is in a feed that cannot be believed.
        case garbage(FeedFault)
        /// Who publishes it says that it cannot be read, why, and, if it does, in which words.
        case unreadable(FeedObstacle, String)
        /// Another source was read first in this run, and reads the same registers.
        case replaced(by: SourceKind)
    }

    /// What the kernel calls it.
    public let name: String
    /// What it would measure, as far as its name could be read.
    public let domain: Domain?
    /// Why it is not counted.
    public let reason: Reason

    init(name: String, domain: Domain? = nil, reason: Reason) {
        self.name = name
        self.domain = domain
        self.reason = reason
    }
}
