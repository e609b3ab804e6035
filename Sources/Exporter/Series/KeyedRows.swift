import Metrics

/// The rows of one table, which follow a list of keys: what is new in the list opens a row, and what has left it closes its own.
/// Whatever stays keeps its row and all that it shows.
struct KeyedRows<Key: Equatable> {
    /// The table that the rows are in.
    let table: TableIndex
    /// The keys, in the order of the list that was followed last.
    private(set) var keys: [Key] = []
    /// The row of each key; nil if it is to have none, if the table has no room for it, or if the same key comes before.
    private(set) var rows: [Row?] = []

    /// - Parameters:
    ///   - capacity: the most keys that get a row.
    ///   - labels: the names that labels of one can have.
    ///   - labelBytes: the most bytes that the labels of one may take.
    init(in registry: inout Registry, rows capacity: Int, labels: [StaticString], labelBytes: Int) {
        table = registry.declareTable(rows: capacity, labels: labels, labelBytes: labelBytes)
    }

    /// Opens and closes rows until there is one for each key. It allocates: it is called when something came or went.
    ///
    /// - Parameters:
    ///   - isOpen: whether a key at a position is to have a row.
    ///   - startUnixMilliseconds: since when the counters of a key at a position count, if not since the registry's start.
    ///   - labels: writes the labels of a key, which no other key has.
    /// - Returns: how many keys have no room.
    mutating func follow(
        _ wanted: [Key], in registry: inout Registry, isOpen: (Int) -> Bool = { _ in true },
        startUnixMilliseconds: (Int) -> UInt64? = { _ in nil },
        labels: (Key, inout LabelWriter) -> Void
    ) -> Int {
        guard wanted != keys || rows.contains(nil) || !wanted.indices.allSatisfy(isOpen) else { return 0 }
        let opened = wanted.indices.filter(isOpen).map { wanted[$0] }
        for (key, row) in zip(keys, rows) where !opened.contains(key) {
            if let row { registry.close(row) }
        }
        var missing = 0
        let followed = wanted.indices.map { index -> Row? in
            let key = wanted[index]
            guard isOpen(index), !wanted.indices.prefix(index).contains(where: { wanted[$0] == key && isOpen($0) })
            else { return nil }
            if let old = keys.indices.first(where: { keys[$0] == key && rows[$0] != nil }) { return rows[old] }
            let row = registry.open(table, startUnixMilliseconds: startUnixMilliseconds(index)) { labels(key, &$0) }
            missing += row == nil ? 1 : 0
            return row
        }
        keys = wanted
        rows = followed
        return missing
    }
}
