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
    /// A graphics processor or another accelerator on a card of its own, its memory included.
    case gpu
    /// Whatever a sensor chip of the board measures; only the label tells what. Sensors may lie inside one another.
    case sensor
    /// A zone of a control type of powercap whose meaning nobody here knows; only its names tell. Zones may lie inside one another.
    case zone
}

extension DomainKind {
    /// Its domains have names of their own instead of numbers.
    var isNamed: Bool { self == .gpu || self == .sensor || self == .zone }
}

/// A part of this machine that has an energy counter of its own.
public struct Domain: Sendable, Hashable {
    /// What is measured.
    public let kind: DomainKind
    /// The socket it belongs to; for `psys` the socket that measures it; 0 for what has a name.
    public let socket: Int
    /// The die, on packages that have several.
    public let die: Int?
    /// The name of a GPU, a sensor or a zone, which no number tells apart: letters, digits and underscores.
    public let label: String?

    /// A domain; its label is for GPUs, sensors and zones only.
    public init(kind: DomainKind, socket: Int, die: Int? = nil, label: String? = nil) {
        self.kind = kind
        self.socket = socket
        self.die = die
        self.label = label
    }

    /// pyJoules' name of the domain: `package_0`, `core_0`, `package_0_die_1`. AMD's lead core is `core_0` there. That of a
    /// GPU, a sensor or a zone is its label.
    public var tag: String {
        if let label { return label }
        let kind = self.kind == .leadCore ? DomainKind.core : self.kind
        let socket = "\(kind.rawValue)_\(self.socket)"
        return die.map { "\(socket)_die_\($0)" } ?? socket
    }

    /// Whether a name is, or could be, that of a part of a processor or of the platform, which nothing else may have: `package_0`,
    /// `core_1_die_0`.
    public static func isProcessorTag(_ name: String) -> Bool {
        DomainKind.allCases.contains { kind in
            guard !kind.isNamed, name.hasPrefix(kind.rawValue + "_") else { return false }
            let numbers = name.dropFirst(kind.rawValue.utf8.count + 1).split(
                separator: "_", omittingEmptySubsequences: false)
            func isNumber(_ text: Substring) -> Bool {
                !text.isEmpty && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
            }
            switch numbers.count {
            case 1: return isNumber(numbers[0])
            case 3: return isNumber(numbers[0]) && numbers[1] == "die" && isNumber(numbers[2])
            default: return false
            }
        }
    }

    /// The package it lies in; nil for the platform, which packages lie in, and for what has a name, which does not say.
    public var package: Int? { kind == .psys || kind.isNamed ? nil : socket }
}
