import Metrics

/// Rows of counters, each of which opens when it first counts something: what never happened takes no line of a page.
struct CountedRows<Key: Equatable> {
    /// The table that the rows are in.
    let table: TableIndex
    /// What each position counts.
    private(set) var keys: [Key]
    private var rows: [Row?]

    /// - Parameters:
    ///   - keys: what is counted from the start; no two are alike.
    ///   - capacity: the most rows.
    ///   - labels: the names that labels of one can have.
    ///   - labelBytes: the most bytes that the labels of one may take.
    init(
        _ keys: [Key] = [], in registry: inout Registry, rows capacity: Int, labels: [StaticString], labelBytes: Int
    ) {
        table = registry.declareTable(rows: capacity, labels: labels, labelBytes: labelBytes)
        self.keys = keys
        rows = Array(repeating: nil, count: keys.count)
    }

    /// Counts other things from now on: a position that counts another one has no row any more. It allocates: it is called when
    /// something came or went.
    mutating func follow(_ wanted: [Key], in registry: inout Registry) {
        guard wanted != keys else { return }
        for (index, row) in rows.enumerated() where index >= wanted.count || wanted[index] != keys[index] {
            if let row { registry.close(row) }
            rows[index] = nil
        }
        rows = wanted.indices.map { $0 < rows.count ? rows[$0] : nil }
        keys = wanted
    }

    /// Shows a count in its row; one of 0 opens none. It allocates where one opens, if more are open than ever before.
    mutating func set(
        _ count: UInt64, at index: Int, as family: FamilyIndex, in registry: inout Registry,
        labels: (Key, inout LabelWriter) -> Void
    ) {
        guard count > 0 else { return }
        let row = rows[index] ?? registry.open(table) { labels(keys[index], &$0) }
        rows[index] = row
        if let row { registry[family, row] = .integer(count) }
    }
}
