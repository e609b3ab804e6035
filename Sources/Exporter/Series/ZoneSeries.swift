import Energy
import Metrics

/// Which zones the kernel shows and what became of each, and the power limits that it states.
struct ZoneSeries {
    /// The roles that a zone can be found in while the program runs; one of them holds.
    private struct Entry {
        /// The account that counts it; nil if none ever does.
        let account: Int?
        let row: Row
        /// Shown while the account is a mirror.
        let mirror: Row?
    }

    private let info: FamilyIndex
    private let entries: [Entry]
    private let limit: FamilyIndex
    private let limits: [(row: Row, microwatts: UInt64)]

    init(declaredIn registry: inout Registry, _ facts: SeriesFacts) {
        let accounts = facts.zones.indices.map { $0 < facts.domains.count ? $0 : nil }
        let leaders = accounts.map { account in account.flatMap { facts.suspects[$0] } }
        let zones = registry.declareRows(
            zip(facts.zones, leaders).flatMap { zone, leader in
                [ZoneSeries.labels(zone, zone.role, zone.reason)]
                    + (leader.map { [ZoneSeries.labels(zone, .mirror, "shows the counter of \($0.tag)")] } ?? [])
            })
        info = registry.declareFamily(
            "pyjoules_zone_info", .gauge, in: zones.table,
            help: "Every energy zone that the kernel shows, counted or not, and why not.")
        var rows = zones.rows.makeIterator()
        entries = zip(accounts, leaders).compactMap { account, leader in
            rows.next().map { Entry(account: account, row: $0, mirror: leader == nil ? nil : rows.next()) }
        }
        let limits = facts.zones.flatMap { zone in zone.limits.map { (zone.domain?.tag ?? "", $0) } }
        let limitRows = registry.declareRows(limits.map { ["domain": $0, "constraint": $1.constraint] })
        limit = registry.declareFamily(
            "pyjoules_power_limit_watts", .gauge, in: limitRows.table,
            help: "Power limits as the kernel stated them when the exporter started.")
        self.limits = zip(limitRows.rows, limits).map { ($0, $1.1.microwatts) }
    }

    private static func labels(
        _ zone: ZoneReport, _ role: ZoneRole, _ reason: String
    ) -> KeyValuePairs<StaticString, String> {
        ["zone": zone.zone, "domain": zone.domain?.tag ?? "", "role": role.rawValue, "reason": reason]
    }

    func publish(_ sampler: borrowing Sampler, into registry: inout Registry) {
        for entry in entries {
            let isMirror = entry.account.map { sampler.accounts[$0].isMirror } ?? false
            registry[info, entry.row] = isMirror ? .absent : .integer(1)
            if let mirror = entry.mirror { registry[info, mirror] = isMirror ? .integer(1) : .absent }
        }
        for (row, microwatts) in limits { registry[limit, row] = .micro(microwatts) }
    }
}
