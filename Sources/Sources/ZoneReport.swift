import Bytes
public import Counters

/// What a zone of the kernel is to this program.
public enum ZoneRole: String, Sendable {
    /// Its energy is counted.
    case counted
    /// It is counted, and covers one core of its package only.
    case leadCore = "lead-core"
    /// Another control type shows the same counter, which is counted there.
    case duplicate
    /// Another die's zone shows the same counter, which is counted there.
    case mirror
    /// It can be read, and what it shows is no use of energy.
    case ignored
    /// Reading it takes so long that it is not read any more.
    case slow
    /// It was counted, and the kernel does not show it any more.
    case gone
    /// It cannot be counted.
    case unreadable
}

/// One zone that the kernel shows, counted or not, so that nobody has to guess what is in a sum.
public struct ZoneReport: Sendable, Equatable {
    /// The kernel's name: `intel-rapl:0:1`.
    public var zone: String
    /// What it measures, or would.
    public let domain: Domain?
    /// What became of it.
    public let role: ZoneRole
    /// Why it is not counted; empty if it is.
    public let reason: String
    /// The power limits that the kernel states for it.
    public internal(set) var limits: [PowerLimit]

    /// A zone in its role.
    public init(zone: String, domain: Domain?, role: ZoneRole, reason: String = "", limits: [PowerLimit] = []) {
        self.zone = zone
        self.domain = domain
        self.role = role
        self.reason = reason
        self.limits = limits
    }
}

extension ZoneReport {
    /// A zone that is counted.
    init(_ facts: CounterFacts, limits: [PowerLimit] = []) {
        self.init(
            zone: facts.name, domain: facts.domain, role: facts.domain.kind == .leadCore ? .leadCore : .counted,
            limits: limits)
    }
}

extension ZoneReport {
    /// It could be counted if its device were awake.
    public var isAsleep: Bool { reason == RefusedZone.Reason.asleep.description }

    /// Why a zone that was counted is not any more.
    static func absence(_ kind: SourceKind) -> String {
        kind == .feeds ? "no feed shows it any more" : "the kernel does not show it any more"
    }

    /// Why a sensor is not read any more.
    static func slowness(_ nanoseconds: UInt64) -> String {
        "a reading took \(decimal(nanoseconds / 1_000_000, digits: 3, shown: 2)) s"
    }
}

extension RefusedZone {
    /// How it is shown.
    public var report: ZoneReport {
        ZoneReport(zone: name, domain: domain, role: role, reason: reason.description)
    }

    private var role: ZoneRole {
        switch reason {
        case .duplicate, .replaced, .enclosed: .duplicate
        case .battery: .ignored
        case .slow: .slow
        case .unknownName, .badAttribute, .hidden, .noEnergy, .permissionDenied, .failed, .tooMany, .asleep, .garbage,
            .unreadable:
            .unreadable
        }
    }
}

extension RefusedZone.Reason: CustomStringConvertible {
    /// The reason in words.
    public var description: String {
        switch self {
        case .duplicate: "repeats a counter that is counted already"
        case .unknownName(let name): "its name '\(name)' is none that RAPL uses"
        case .badAttribute(let what): what
        case .hidden: "hidden: the class lists it, and its directory is not there"
        case .noEnergy(let showsPower): showsPower ? "shows no energy, only power" : "shows no energy"
        case .permissionDenied: "permission denied"
        case .failed(let code): "\(code)"
        case .tooMany: "more than \(PowercapSource.capacity) of its kind"
        case .battery: "battery: what charges it is not use"
        case .enclosed(let enclosure): enclosure.rawValue
        case .asleep: "asleep: its device is suspended, or the sensor is switched off"
        case .slow(let nanoseconds): ZoneReport.slowness(nanoseconds)
        case .garbage(let fault): "garbage: \(fault)"
        case .unreadable(let obstacle, let words): obstacle.rawValue + (words.isEmpty ? "" : ": \(words)")
        case .replaced(let kind): "is read by \(kind.rawValue), which was there first, until the exporter starts anew"
        }
    }
}
