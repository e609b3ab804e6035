import Accounts
import Bytes
import Counters
import Metrics
import Sampling
import Sources

/// Which zones the kernel shows and what became of each, the power limits that it states, and how each domain is read.
struct ZoneSeries {
    /// What is said of a zone.
    private struct Zone: Equatable {
        let zone: String
        let domain: String
        let role: ZoneRole
        let reason: String

        init(_ report: ZoneReport, role: ZoneRole, _ reason: String) {
            zone = report.zone
            domain = report.domain?.tag ?? ""
            self.role = role
            self.reason = String(reason.prefix(ZoneSeries.longestReason))
        }
    }

    /// A power limit of a domain.
    private struct Limit: Equatable {
        let domain: String
        let constraint: String
    }

    /// More of a reason than this is cut off: it may be what a file of sysfs shows.
    private static let longestReason = 200
    /// Every zone of every source, and some that come and go.
    private static let mostZones = 1024
    private static let mostLimits = 512

    private let info: FamilyIndex
    private var zones: KeyedRows<Zone>
    private let limit: FamilyIndex
    private var limits: KeyedRows<Limit>
    private let domainInfo: FamilyIndex
    private var counters: KeyedRows<CounterFacts>

    init(declaredIn registry: inout Registry) {
        zones = KeyedRows(
            in: &registry, rows: ZoneSeries.mostZones, labels: ["zone", "domain", "role", "reason"], labelBytes: 1024)
        info = registry.declareFamily(
            "pyjoules_zone_info", .gauge, in: zones.table,
            help: "Every energy zone that the kernel shows, counted or not, and why not.")
        limits = KeyedRows(
            in: &registry, rows: ZoneSeries.mostLimits, labels: ["domain", "constraint"], labelBytes: 320)
        limit = registry.declareFamily(
            "pyjoules_power_limit_watts", .gauge, in: limits.table,
            help: "Power limits as the kernel states them.")
        counters = KeyedRows(
            in: &registry, rows: Sources.mostCounters,
            labels: ["domain", "source", "device", "unit", "estimate"], labelBytes: 768)
        domainInfo = registry.declareFamily(
            "pyjoules_domain_info", .gauge, in: counters.table,
            help: "How each domain is read, its unit in joules, and whether its energy is estimated from power.")
    }

    /// Opens and closes rows, and sets the values that change only with them.
    mutating func follow(_ sampling: borrowing Sampling, in registry: inout Registry) -> Int {
        followZones(sampling, in: &registry) + followLimits(sampling, in: &registry)
            + followCounters(sampling, in: &registry)
    }

    private mutating func followZones(_ sampling: borrowing Sampling, in registry: inout Registry) -> Int {
        let missing = zones.follow(ZoneSeries.zones(of: sampling), in: &registry) { zone, labels in
            labels.append("zone", zone.zone)
            labels.append("domain", zone.domain)
            labels.append("role", zone.role.rawValue)
            labels.append("reason", zone.reason)
        }
        for case .some(let row) in zones.rows { registry[info, row] = .integer(1) }
        return missing
    }

    private static func zones(of sampling: borrowing Sampling) -> [Zone] {
        let leaders = sampling.suspects
        let reports = sampling.zones
        return reports.indices.map { index in
            let report = reports[index]
            // The first zones are the accounts' own.
            guard index < sampling.accounts.count else { return Zone(report, role: report.role, report.reason) }
            if report.role == .gone { return Zone(report, role: report.role, report.reason) }
            if sampling.accounts[index].isMirror {
                return Zone(report, role: .mirror, leaders[index].map { "shows the counter of \($0.tag)" } ?? "")
            }
            if sampling.hasNeverMoved(index) { return Zone(report, role: .unreadable, "never_moves") }
            if report.domain?.kind == .psys, let fault = sampling.platformFault {
                return Zone(report, role: report.role, "no basis of the machine's energy: \(fault.rawValue)")
            }
            return Zone(report, role: report.role, report.reason)
        }
    }

    private mutating func followLimits(_ sampling: borrowing Sampling, in registry: inout Registry) -> Int {
        let stated = sampling.zones.flatMap { zone in
            zone.limits.map { Limit(domain: zone.domain?.tag ?? "", constraint: $0.constraint) }
        }
        return limits.follow(stated, in: &registry) { limit, labels in
            labels.append("domain", limit.domain)
            labels.append("constraint", limit.constraint)
        }
    }

    /// Sets the limits, which follow what the kernel states.
    func publish(_ sampling: borrowing Sampling, into registry: inout Registry) {
        let zones = sampling.zones
        var next = 0
        for zone in zones.indices {
            for index in zones[zone].limits.indices where next < limits.rows.count {
                if let row = limits.rows[next] { registry[limit, row] = .micro(zones[zone].limits[index].microwatts) }
                next += 1
            }
        }
    }

    private mutating func followCounters(_ sampling: borrowing Sampling, in registry: inout Registry) -> Int {
        let missing = counters.follow(
            sampling.accounts.map(\.facts), in: &registry, isOpen: { !sampling.hasNeverMoved($0) }
        ) { counter, labels in
            labels.append("domain", counter.domain.tag)
            labels.append("source", counter.source.rawValue)
            labels.append("device", counter.identity)
            labels.append("unit", decimal(counter.unitMicrojoules, digits: 6))
            labels.append("estimate", counter.isEstimate ? "true" : "false")
        }
        for case .some(let row) in counters.rows { registry[domainInfo, row] = .integer(1) }
        return missing
    }
}
