import Bytes

/// All series of the program: families and tables are declared at start-up, after that rows open and close and values change.
///
/// A table has rows, each a set of labels; a family belongs to one table and can show a value for each of its rows, so that one
/// row is a series in each of the table's families. Whatever a page repeats (HELP, TYPE, names, labels) is rendered for each
/// exposition when it is declared or opened: writing a page copies bytes and prints numbers, without allocation. All
/// expositions are written from the same values.
public struct Registry: ~Copyable {
    /// A registry has at most so many tables.
    public static let mostTables = 64

    private(set) var prepared = PreparedBytes()
    private(set) var families: [Family] = []
    private(set) var tables = SlotTable<Table>(capacity: mostTables)
    let startUnixMilliseconds: UInt64
    /// What the labels of a row are written into while it opens, for all tables.
    private var writer = LabelWriter(labelBytes: 0)

    /// - Parameter startUnixMilliseconds: since when counters and histograms count, unless a row says otherwise; 0 if that is not
    ///   known, and then no page says it.
    public init(startUnixMilliseconds: UInt64 = 0) {
        self.startUnixMilliseconds = startUnixMilliseconds
        let unlabelled = open(declareTable(rows: 1, labelBytes: 0)) { _ in }
        precondition(unlabelled == .unlabelled)
    }

    /// The value of a row in a family of its table. A closed row's is absent, and setting it does nothing.
    public subscript(family: FamilyIndex, row: Row) -> Value {
        get {
            precondition(family.table == row.table)
            return tables[index: row.table]?.value(family.column, row.slot) ?? .absent
        }
        set {
            precondition(family.table == row.table)
            tables[index: row.table]?.set(newValue, family.column, row.slot)
        }
    }

    /// The value of a family without labels.
    public subscript(family: FamilyIndex) -> Value {
        get { self[family, .unlabelled] }
        set { self[family, .unlabelled] = newValue }
    }

    /// Shows a distribution of power in a row that is open; nil makes it absent.
    public mutating func publish(
        _ distribution: PowerHistogram?, as family: PowerHistogramIndex, _ row: Row = .unlabelled
    ) {
        precondition(family.table == row.table)
        tables[index: row.table]?.set(distribution, family.column, row.slot)
    }

    /// Shows a summary of power in a row that is open; nil makes it absent.
    public mutating func publish(_ summary: PowerSummary?, as family: PowerSummaryIndex, _ row: Row = .unlabelled) {
        precondition(family.table == row.table)
        tables[index: row.table]?.set(summary, family.column, row.slot)
    }

    /// The summary that a row shows; nil if it shows none.
    public func summary(_ family: PowerSummaryIndex, _ row: Row) -> PowerSummary? {
        precondition(family.table == row.table)
        return tables[index: row.table]?.summary(family.column, row.slot) ?? nil
    }

    /// Shows a distribution of durations in a row that is open; nil makes it absent.
    public mutating func publish(
        _ distribution: LatencyHistogram?, as family: LatencyHistogramIndex, _ row: Row = .unlabelled
    ) {
        precondition(family.table == row.table)
        tables[index: row.table]?.set(distribution, family.column, row.slot)
    }

    /// Adds a duration to the distribution that an open row shows, which is an empty one if it was absent.
    public mutating func record(
        nanoseconds: UInt64, in family: LatencyHistogramIndex, _ row: Row = .unlabelled
    ) {
        precondition(family.table == row.table)
        tables[index: row.table]?.record(nanoseconds: nanoseconds, family.column, row.slot)
    }

    /// The most bytes that a page of all families can need, whatever the values are.
    ///
    /// - Parameter rows: with `.all` the answer depends on what was declared alone; with `.open` it changes with each row that
    ///   opens or closes, and never is more. Both are quick to ask.
    public func longestPageBytes(_ exposition: Exposition, of rows: PageRows = .all) -> Int {
        var sum = exposition == .openMetrics ? Registry.endOfOpenMetrics.utf8CodeUnitCount : 0
        for index in tables.indices { sum += tables[index: index]?.longestBytes(exposition, of: rows) ?? 0 }
        return sum
    }
}

/// Rows. Opening one allocates only if more rows of its table are open than ever before.
extension Registry {
    /// Opens a row with the labels that the closure adds, with no value in any family.
    ///
    /// It stands among the table's other rows where it found the first free place. No two open rows may have the same labels.
    ///
    /// - Parameter startUnixMilliseconds: since when its counters and histograms count, if not since the registry's start.
    /// - Returns: nil if the table is full, or if the labels are longer than its `labelBytes`.
    public mutating func open(
        _ table: TableIndex, startUnixMilliseconds: UInt64? = nil, _ labels: (inout LabelWriter) -> Void
    ) -> Row? {
        let slot = tables[index: table.position]?.open(
            startUnixMilliseconds: startUnixMilliseconds, &writer, labels)
        return slot.map { Row(table: table.position, slot: $0) }
    }

    /// Forgets a row and all that it shows. A row that is closed already stays so.
    public mutating func close(_ row: Row) {
        tables[index: row.table]?.close(row.slot)
    }

    /// Whether a row was not closed.
    public func isOpen(_ row: Row) -> Bool {
        tables[index: row.table]?.contains(row.slot) ?? false
    }

    /// How many rows of a table are open.
    public func openCount(_ table: TableIndex) -> Int {
        tables[index: table.position]?.openCount() ?? 0
    }

    /// Whether no more rows of a table can open.
    public func isFull(_ table: TableIndex) -> Bool {
        tables[index: table.position]?.isFull() ?? true
    }
}

/// What declarations come down to.
extension Registry {
    /// Declares a table.
    ///
    /// - Parameters:
    ///   - capacity: the most rows that can be open at once.
    ///   - labels: the names that labels of its rows can have, for the reference of all families alone.
    ///   - labelBytes: the most bytes that a row's labels may take as text, `{a="1",b="2"}` with escapes, and as protobuf,
    ///     where each label takes 6 bytes beside name and value, and 8 if they have more than 120.
    public mutating func declareTable(
        rows capacity: Int, labels: [StaticString] = [], labelBytes: Int
    ) -> TableIndex {
        if labelBytes > writer.capacity { writer = LabelWriter(labelBytes: labelBytes) }
        guard let slot = tables.insert(Table(rows: capacity, labels: labels, labelBytes: labelBytes)) else {
            preconditionFailure()
        }
        return TableIndex(position: slot.index)
    }

    /// Adds a family, after all others.
    ///
    /// - Parameter bounds: of classic buckets, or quantiles.
    /// - Returns: its column among those of its kind.
    mutating func declare(
        _ name: String, _ type: MetricType, in table: TableIndex, help: String, _ content: RowShape.Content,
        bounds: [String]
    ) -> Int {
        precondition(families.count < FamilySelection.mostFamilies)
        let text = FamilyText(name, type, help: help, bounds: bounds, in: &prepared)
        let shape = text.shape(content)
        let column = tables[index: table.position]?.declare(shape) { exposition in
            content.isShown(in: exposition) ? text.headerBytes(exposition) : 0
        }
        guard let column else { preconditionFailure() }
        families.append(Family(text: text, table: table.position, content: content, column: column))
        return column
    }
}
