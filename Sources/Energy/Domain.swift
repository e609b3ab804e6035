/// What part of a machine a counter measures.
public enum DomainKind: String, Sendable, CaseIterable {
    /// A processor socket, or one die of it: everything on the package.
    case package
    /// All cores of a package (Intel).
    case core
    /// The integrated graphics (Intel clients).
    case uncore
    /// The memory attached to a package.
    case dram
    /// The platform: what the board's maker decided to measure, packages included.
    case psys
    /// One single core of a package: AMD's `core` zone reads the register of one core only.
    case leadCore = "lead_core"
}

/// A part of this machine that has an energy counter of its own.
public struct Domain: Sendable, Hashable {
    public let kind: DomainKind
    /// The socket it belongs to; for `psys`, which belongs to none, its number among its like.
    public let socket: Int
    /// The die, on packages that have several.
    public let die: Int?

    public init(kind: DomainKind, socket: Int, die: Int? = nil) {
        self.kind = kind
        self.socket = socket
        self.die = die
    }

    /// pyJoules' name of the domain: `package_0`, `core_0`, `package_0_die_1`. AMD's lead core is `core_0` there.
    public var tag: String {
        let kind = self.kind == .leadCore ? DomainKind.core : self.kind
        let socket = "\(kind.rawValue)_\(self.socket)"
        return die.map { "\(socket)_die_\($0)" } ?? socket
    }

    /// The package it lies in; nil for the platform, which packages lie in.
    public var package: Int? { kind == .psys ? nil : socket }
}

/// Who made the processor, as far as it changes what a zone means.
public enum ProcessorVendor: Sendable {
    case intel
    /// AMD, and Hygon, which builds on its design.
    case amd
    case unknown

    /// Reads the first `vendor_id` line of /proc/cpuinfo. See proc(5).
    public init(cpuinfo: String) {
        let line = cpuinfo.split(separator: "\n").first { $0.hasPrefix("vendor_id") }
        switch line?.split(separator: ":").last?.drop(while: { $0 == " " }) {
        case "GenuineIntel": self = .intel
        case "AuthenticAMD", "HygonGenuine": self = .amd
        default: self = .unknown
        }
    }
}
