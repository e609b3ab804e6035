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

    /// Who shows the zone: `intel-rapl`, or `intel-rapl-mmio`, whose counter is another one.
    var controlType: Substring { name.prefix { $0 != ":" } }

    /// By what it is known when it comes back, whatever its number is then.
    var identity: String { "powercap/\(controlType)/\(domain.kind.rawValue)/\(domain.tag)" }

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
        /// Its counter may not be read.
        case permissionDenied
        /// Its counter cannot be read.
        case failed(ErrorCode)
        /// More zones than this program has room for.
        case tooMany
        /// It measures a battery: what charges it is not use.
        case battery
        /// Its device is suspended, or the sensor is switched off: it may be read later.
        case asleep
        /// Reading it takes so long that it would hold up everything else.
        case slow(nanoseconds: UInt64)
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

/// `intel-rapl:0:1` as its control type's prefix and its numbers.
struct ZoneNumber: Comparable {
    let entry: String
    private let prefix: String
    private let numbers: [Int]

    init?(entry: String, prefix: String) {
        let parts = entry.dropFirst(prefix.count).split(separator: ":", omittingEmptySubsequences: false)
        let numbers = parts.compactMap { Int($0) }
        guard numbers.count == parts.count, numbers.count <= 2 else { return nil }
        self.init(prefix: prefix, numbers: numbers)
    }

    private init(prefix: String, numbers: [Int]) {
        self.entry = prefix + numbers.map(String.init).joined(separator: ":")
        self.prefix = prefix
        self.numbers = numbers
    }

    /// The zone this one is a part of; nil at the top.
    var parent: ZoneNumber? {
        numbers.count > 1 ? ZoneNumber(prefix: prefix, numbers: numbers.dropLast()) : nil
    }

    static func < (left: ZoneNumber, right: ZoneNumber) -> Bool {
        left.numbers.lexicographicallyPrecedes(right.numbers)
    }
}

/// `package-0` or `package-0-die-1`.
struct PackageName {
    let socket: Int
    let die: Int?

    init?(_ name: String) {
        let parts = name.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2 || parts.count == 4, parts[0] == "package", let socket = Int(parts[1]), socket >= 0
        else {
            return nil
        }
        self.socket = socket
        guard parts.count == 4 else {
            die = nil
            return
        }
        guard parts[2] == "die", let die = Int(parts[3]), die >= 0 else { return nil }
        self.die = die
    }
}
