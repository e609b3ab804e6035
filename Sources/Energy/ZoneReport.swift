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
    /// It cannot be counted.
    case unreadable
}

/// One zone that the kernel shows, counted or not, so that nobody has to guess what is in a sum.
public struct ZoneReport: Sendable {
    /// The kernel's name: `intel-rapl:0:1`.
    public var zone: String
    public let domain: Domain?
    public let role: ZoneRole
    /// Why it is not counted; empty if it is.
    public let reason: String
    public let limits: [PowerLimit]

    public init(zone: String, domain: Domain?, role: ZoneRole, reason: String = "", limits: [PowerLimit] = []) {
        self.zone = zone
        self.domain = domain
        self.role = role
        self.reason = reason
        self.limits = limits
    }
}

extension PowercapDiscovery {
    /// All zones: first those that are counted, in their order, then the others.
    public var reports: [ZoneReport] {
        let counted = zones.map { zone in
            ZoneReport(
                zone: zone.name, domain: zone.domain,
                role: zone.domain.kind == .leadCore ? .leadCore : .counted, limits: zone.limits)
        }
        return counted + refused.map(\.report)
    }
}

extension PerfDiscovery {
    /// All events: first those that are counted, in their order, then the others.
    public var reports: [ZoneReport] {
        let counted = groups.flatMap(\.zones).map { zone in
            ZoneReport(zone: zone.name, domain: zone.domain, role: zone.domain.kind == .leadCore ? .leadCore : .counted)
        }
        return counted + refused.map(\.report)
    }
}

extension HwmonDiscovery {
    /// All sensors: first those that are counted, in their order, then the others.
    public var reports: [ZoneReport] {
        sensors.map { ZoneReport(zone: $0.name, domain: $0.domain, role: .counted) } + refused.map(\.report)
    }
}

extension RefusedZone {
    public var report: ZoneReport {
        let role: ZoneRole = reason == .duplicate ? .duplicate : .unreadable
        return ZoneReport(zone: name, domain: domain, role: role, reason: reason.description)
    }
}

extension RefusedZone.Reason: CustomStringConvertible {
    public var description: String {
        switch self {
        case .duplicate: "repeats a counter that is counted already"
        case .unknownName(let name): "its name '\(name)' is none that RAPL uses"
        case .badAttribute(let what): what
        case .permissionDenied: "permission denied"
        case .failed(let code): "\(code)"
        case .tooMany: "more than \(PowercapSource.capacity) zones"
        }
    }
}
