import Bytes

/// Rows that open and close, and what each family of the table shows of each row.
///
/// A row's labels are written once, when it opens, into the table's own memory. Memory is there for as many rows as were ever
/// open at once; it grows by doubling up to the table's capacity, and never shrinks. So opening and closing rows allocates only
/// where more are open than ever before.
struct Table: ~Copyable {
    /// What is known of a row. The ranges are those of `labels`.
    struct RowFacts {
        /// `{a="1",b="2"} ` as a line of the text formats has it, with the blank; without labels only that.
        var text = 0..<0
        /// The labels as protobuf has them.
        var pairs = 0..<0
        /// Since when the row's counters and histograms count; nil if since the registry's start.
        var startUnixMilliseconds: UInt64?
    }

    private let names: [StaticString]
    private let labelBytes: Int
    private var rows: SlotTable<RowFacts>
    private var shapes: [RowShape] = []
    private var headerBytes = CaseTable<Exposition, Int>(repeating: 0)
    /// The longest that the rows now open can become.
    private var openBytes = CaseTable<Exposition, Int>(repeating: 0)

    /// All rows' labels, a row after the other.
    private(set) var labels: [UInt8] = []
    /// What each family shows of each row.
    private(set) var columns = Columns()

    init(rows capacity: Int, labels: [StaticString], labelBytes: Int) {
        names = labels
        self.labelBytes = labelBytes
        rows = SlotTable(capacity: capacity)
    }

    func isFull() -> Bool { rows.isFull }
    func openCount() -> Int { rows.count }

    /// The names that labels of its rows can have.
    func labelNames() -> [StaticString] { names }

    /// The places of all open rows, and of some that are not open.
    var rowIndices: Range<Int> { rows.indices }

    /// Nil if the row at that place is not open.
    func row(at index: Int) -> RowFacts? { rows[index: index] }

    func contains(_ slot: Slot) -> Bool { rows.contains(slot) }

    /// Nil if all rows are open, or the labels are too long.
    ///
    /// - Parameter writer: has room for them, and what is in it is forgotten.
    mutating func open(
        startUnixMilliseconds: UInt64?, _ writer: inout LabelWriter, _ writeLabels: (inout LabelWriter) -> Void
    ) -> Slot? {
        guard !rows.isFull else { return nil }
        writer.begin(labelBytes: labelBytes)
        writeLabels(&writer)
        writer.finish()
        guard !writer.overflowed, let slot = rows.insert(RowFacts()) else { return nil }
        if slot.index >= columns.rowCount { makeReady() }
        let facts = store(writer, at: slot.index, startUnixMilliseconds)
        rows[slot] = facts
        count(facts, 1)
        return slot
    }

    /// Forgets a row with all that it shows. A row that is closed already stays so.
    mutating func close(_ slot: Slot) {
        guard let facts = rows.remove(slot) else { return }
        count(facts, -1)
        columns.clear(slot.index)
    }

    /// The most bytes that a page's part can need that shows this table.
    func longestBytes(_ exposition: Exposition, of pageRows: PageRows) -> Int {
        switch pageRows {
        case .open: return rows.isEmpty ? 0 : headerBytes[exposition] + openBytes[exposition]
        case .all:
            let row = longestRowBytes(exposition, textBytes: labelBytes + 1, pairsBytes: labelBytes)
            return headerBytes[exposition] + rows.capacity * row
        }
    }

    private func longestRowBytes(_ exposition: Exposition, textBytes: Int, pairsBytes: Int) -> Int {
        var sum = 0
        for shape in shapes { sum += shape.longestBytes(exposition, textBytes: textBytes, pairsBytes: pairsBytes) }
        return sum
    }

    /// Adds what a row can need to what all open ones can, or takes it away.
    private mutating func count(_ facts: RowFacts, _ sign: Int) {
        for exposition in openBytes.keys {
            openBytes[exposition] +=
                sign
                * longestRowBytes(exposition, textBytes: facts.text.count, pairsBytes: facts.pairs.count)
        }
    }

    private mutating func makeReady() {
        let more = min(rows.capacity, max(columns.rowCount * 2, 4)) - columns.rowCount
        // What the text has beyond `labelBytes` is the blank.
        labels.extend(by: more * (labelBytes * 2 + 1), 0)
        columns.extend(by: more)
    }

    private mutating func store(
        _ writer: borrowing LabelWriter, at index: Int, _ startUnixMilliseconds: UInt64?
    ) -> RowFacts {
        let start = index * (labelBytes * 2 + 1)
        let text = start..<(start + writer.text.count)
        let pairs = text.upperBound..<(text.upperBound + writer.pairs.count)
        writer.text.withBytes { bytes in labels.replace(from: text.lowerBound, with: bytes) }
        writer.pairs.withBytes { bytes in labels.replace(from: pairs.lowerBound, with: bytes) }
        return RowFacts(text: text, pairs: pairs, startUnixMilliseconds: startUnixMilliseconds)
    }
}

/// Columns, one for each family: they are declared at start-up, and allocate.
extension Table {
    /// Adds a family's column, in which no row has anything yet.
    ///
    /// - Parameter header: what the family has in a page beside its rows.
    /// - Returns: its position among the columns of its kind.
    mutating func declare(_ shape: RowShape, headerBytes header: (Exposition) -> Int) -> Int {
        shapes.append(shape)
        for exposition in headerBytes.keys { headerBytes[exposition] += header(exposition) }
        for index in rows.indices {
            guard let facts = rows[index: index] else { continue }
            for exposition in openBytes.keys {
                openBytes[exposition] += shape.longestBytes(
                    exposition, textBytes: facts.text.count, pairsBytes: facts.pairs.count)
            }
        }
        return columns.declare(shape.content)
    }
}

/// What rows show. A row that is closed shows nothing, and takes nothing.
extension Table {
    func value(_ column: Int, _ slot: Slot) -> Value {
        rows.contains(slot) ? columns.values[column][slot.index] : .absent
    }

    func summary(_ column: Int, _ slot: Slot) -> PowerSummary? {
        rows.contains(slot) ? columns.summaries[column][slot.index] : nil
    }

    mutating func set(_ value: Value, _ column: Int, _ slot: Slot) {
        if rows.contains(slot) { columns.set(value, column, slot.index) }
    }

    mutating func set(_ power: PowerHistogram?, _ column: Int, _ slot: Slot) {
        if rows.contains(slot) { columns.set(power, column, slot.index) }
    }

    mutating func set(_ summary: PowerSummary?, _ column: Int, _ slot: Slot) {
        if rows.contains(slot) { columns.set(summary, column, slot.index) }
    }

    mutating func set(_ latency: LatencyHistogram?, _ column: Int, _ slot: Slot) {
        if rows.contains(slot) { columns.set(latency, column, slot.index) }
    }

    mutating func record(nanoseconds: UInt64, _ column: Int, _ slot: Slot) {
        if rows.contains(slot) { columns.record(nanoseconds: nanoseconds, column, slot.index) }
    }
}

extension [UInt8] {
    fileprivate mutating func replace(from start: Int, with bytes: Span<UInt8>) {
        for index in bytes.indices { self[start + index] = bytes[index] }
    }
}
