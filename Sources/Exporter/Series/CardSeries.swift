import Accounts
import Counters
import Metrics
import Sampling
import Sources

/// Which card each GPU's domain is, so that its energy can be joined with what others say of the same card.
struct CardSeries {
    private struct Card: Equatable {
        let domain: String
        let facts: CardFacts
    }

    private let info: FamilyIndex
    private var cards: KeyedRows<Card>

    init(declaredIn registry: inout Registry) {
        cards = KeyedRows(
            in: &registry, rows: Sources.mostCards, labels: ["domain", "uuid", "pci_bus_id", "model", "vendor"],
            labelBytes: 1024)
        info = registry.declareFamily(
            "pyjoules_gpu_info", .gauge, in: cards.table, help: "The card that a domain of the kind gpu measures.")
    }

    /// Opens and closes rows for what came and went.
    ///
    /// - Returns: how many rows have no room.
    mutating func follow(_ sampling: borrowing Sampling, in registry: inout Registry) -> Int {
        let wanted = sampling.accounts.compactMap { account in
            account.facts.card.map { Card(domain: account.domain.tag, facts: $0) }
        }
        let missing = cards.follow(wanted, in: &registry) { card, labels in
            labels.append("domain", card.domain)
            labels.append("uuid", card.facts.uuid)
            labels.append("pci_bus_id", card.facts.address)
            labels.append("model", card.facts.model)
            labels.append("vendor", card.facts.vendor)
        }
        for case .some(let row) in cards.rows { registry[info, row] = .integer(1) }
        return missing
    }
}
