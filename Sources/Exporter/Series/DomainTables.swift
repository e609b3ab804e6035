import Accounts
import Counters
import Metrics
import Sampling
import Sources

/// The tables that have a row for each domain, in the order of the accounts. They differ by their labels, and by the moment since
/// which their counters count.
struct DomainTables {
    /// What a domain's tag alone tells apart; a ledger carries these counters over restarts.
    private(set) var domains: KeyedRows<Domain>
    /// The energy, which a ledger carries over restarts.
    private(set) var totals: KeyedRows<Domain>
    /// The histograms, which begin with this program; no rows if there are none.
    private(set) var distributions: KeyedRows<Domain>
    /// The summaries, which begin with this program too.
    private(set) var summaries: KeyedRows<Domain>
    let hasHistograms: Bool

    init(in registry: inout Registry, hasHistograms: Bool) {
        let capacity = Sources.mostCounters
        let (tag, tags): ([StaticString], [StaticString]) = (["domain"], ["domain", "kind", "package"])
        domains = KeyedRows(in: &registry, rows: capacity, labels: tag, labelBytes: 192)
        totals = KeyedRows(in: &registry, rows: capacity, labels: tags, labelBytes: 256)
        distributions = KeyedRows(
            in: &registry, rows: hasHistograms ? capacity : 0, labels: tags, labelBytes: 256)
        summaries = KeyedRows(in: &registry, rows: capacity, labels: tag, labelBytes: 192)
        self.hasHistograms = hasHistograms
    }

    /// Opens rows for the accounts that have none.
    ///
    /// - Returns: how many rows have no room.
    mutating func follow(_ sampling: borrowing Sampling, in registry: inout Registry) -> Int {
        let wanted = sampling.accounts.map(\.domain)
        let shown = sampling.accounts.indices.map { sampling.isShown($0) }
        let starts = sampling.accounts.map { $0.startUnixMicroseconds.map { $0 / 1000 } }
        return domains.follow(
            wanted, in: &registry, isOpen: { shown[$0] }, startUnixMilliseconds: { starts[$0] },
            labels: DomainTables.appendTag)
            + totals.follow(
                wanted, in: &registry, isOpen: { shown[$0] }, startUnixMilliseconds: { starts[$0] },
                labels: DomainTables.append)
            + distributions.follow(
                hasHistograms ? wanted : [], in: &registry, isOpen: { shown[$0] }, labels: DomainTables.append)
            + summaries.follow(wanted, in: &registry, isOpen: { shown[$0] }, labels: DomainTables.appendTag)
    }

    private static func appendTag(_ domain: Domain, to labels: inout LabelWriter) {
        labels.append("domain", domain.tag)
    }

    private static func append(_ domain: Domain, to labels: inout LabelWriter) {
        labels.append("domain", domain.tag)
        labels.append("kind", domain.kind.rawValue)
        if let package = domain.package { labels.append("package", String(package)) }
    }
}
