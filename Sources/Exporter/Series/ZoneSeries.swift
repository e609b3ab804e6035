import Accounts
import Counters
import Metrics
import Sampling
import Sources

/// Which zones the kernel shows and what became of each, and the power limits that it states.
struct ZoneSeries {
    /// The roles that a zone can be found in while the program runs; one of them holds.
    private struct Entry {
        /// The account that counts it; nil if none ever does.
        let account: Int?
        let series: SeriesIndex
        /// Shown while the account is a mirror.
        let mirror: SeriesIndex?
    }

    private let entries: [Entry]
    private let limits: [(series: SeriesIndex, microwatts: UInt64)]

    init(declaredIn registry: inout Registry, _ facts: SeriesFacts) {
        registry.declareFamily(
            "pyjoules_zone_info", .gauge, help: "Every energy zone that the kernel shows, counted or not, and why not.")
        entries = facts.zones.enumerated().map { position, zone in
            let account = position < facts.domains.count ? position : nil
            let leader = account.flatMap { facts.suspects[$0] }
            return Entry(
                account: account,
                series: registry.declareSeries(ZoneSeries.labels(zone, zone.role, zone.reason)),
                mirror: leader.map {
                    registry.declareSeries(ZoneSeries.labels(zone, .mirror, "shows the counter of \($0.tag)"))
                })
        }
        registry.declareFamily(
            "pyjoules_power_limit_watts", .gauge,
            help: "Power limits as the kernel stated them when the exporter started.")
        limits = facts.zones.flatMap { zone in
            zone.limits.map { limit in
                let labels = [Label("domain", zone.domain?.tag ?? ""), Label("constraint", limit.constraint)]
                return (registry.declareSeries(labels), limit.microwatts)
            }
        }
    }

    private static func labels(_ zone: ZoneReport, _ role: ZoneRole, _ reason: String) -> [Label] {
        [
            Label("zone", zone.zone), Label("domain", zone.domain?.tag ?? ""), Label("role", role.rawValue),
            Label("reason", reason),
        ]
    }

    func publish(_ sampler: borrowing Sampling, into registry: inout Registry) {
        for entry in entries {
            let isMirror = entry.account.map { sampler.accounts[$0].isMirror } ?? false
            registry[entry.series] = isMirror ? .absent : .integer(1)
            if let mirror = entry.mirror { registry[mirror] = isMirror ? .integer(1) : .absent }
        }
        for limit in limits { registry[limit.series] = .micro(limit.microwatts) }
    }
}
