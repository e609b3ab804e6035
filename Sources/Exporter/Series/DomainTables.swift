import Energy
import Metrics

/// The tables that have a row for each domain, in the order of the sampler's accounts.
struct DomainTables {
    /// A table and its rows.
    struct Table {
        let index: TableIndex
        let rows: [Row]

        init(
            in registry: inout Registry, _ labels: [KeyValuePairs<StaticString, String>],
            startUnixMilliseconds: (Int) -> UInt64? = { _ in nil }
        ) {
            (index, rows) = registry.declareRows(labels, startUnixMilliseconds: startUnixMilliseconds)
        }
    }

    /// What a domain's tag alone tells apart; counters are those that a ledger carries over restarts.
    let domains: Table
    /// The energy, which a ledger carries over restarts.
    let totals: Table
    /// The histograms, which begin with this program; no rows if there are none.
    let distributions: Table

    init(declaredIn registry: inout Registry, _ facts: SeriesFacts) {
        let starts = facts.startsUnixMilliseconds
        domains = Table(in: &registry, facts.domains.map { ["domain": $0.tag] }) { starts[$0] }
        totals = Table(in: &registry, facts.domains.map(DomainTables.labels)) { starts[$0] }
        distributions = Table(in: &registry, facts.hasHistograms ? facts.domains.map(DomainTables.labels) : [])
    }

    private static func labels(of domain: Domain) -> KeyValuePairs<StaticString, String> {
        guard let package = domain.package else { return ["domain": domain.tag, "kind": domain.kind.rawValue] }
        return ["domain": domain.tag, "kind": domain.kind.rawValue, "package": String(package)]
    }
}
