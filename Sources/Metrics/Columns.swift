/// What the families of a table show of its rows: a column for each family, with an element for each row that there is memory for.
/// Rows that are not open have nothing.
struct Columns {
    /// There is memory for so many rows.
    private(set) var rowCount = 0
    private(set) var values: [[Value]] = []
    private(set) var powers: [[PowerHistogram?]] = []
    private(set) var summaries: [[PowerSummary?]] = []
    private(set) var latencies: [[LatencyHistogram?]] = []

    /// Adds a column in which no row has anything yet.
    ///
    /// - Returns: its position among the columns of its kind.
    mutating func declare(_ content: RowShape.Content) -> Int {
        switch content {
        case .value:
            values.append(Array(repeating: .absent, count: rowCount))
            return values.count - 1
        case .power:
            powers.append(Array(repeating: nil, count: rowCount))
            return powers.count - 1
        case .summary:
            summaries.append(Array(repeating: nil, count: rowCount))
            return summaries.count - 1
        case .latency:
            latencies.append(Array(repeating: nil, count: rowCount))
            return latencies.count - 1
        }
    }

    /// Makes memory for more rows.
    mutating func extend(by more: Int) {
        for column in values.indices { values[column].extend(by: more, .absent) }
        for column in powers.indices { powers[column].extend(by: more, nil) }
        for column in summaries.indices { summaries[column].extend(by: more, nil) }
        for column in latencies.indices { latencies[column].extend(by: more, nil) }
        rowCount += more
    }

    /// Forgets all that a row shows.
    mutating func clear(_ row: Int) {
        for column in values.indices { values[column][row] = .absent }
        for column in powers.indices { powers[column][row] = nil }
        for column in summaries.indices { summaries[column][row] = nil }
        for column in latencies.indices { latencies[column][row] = nil }
    }

    /// Whether a family shows anything of any row.
    func hasContent(_ family: Family) -> Bool {
        switch family.content {
        case .value: values[family.column].contains { $0 != .absent }
        case .power: powers[family.column].contains { $0 != nil }
        case .summary: summaries[family.column].contains { $0 != nil }
        case .latency: latencies[family.column].contains { $0 != nil }
        }
    }
}

/// What one row shows.
extension Columns {
    mutating func set(_ value: Value, _ column: Int, _ row: Int) { values[column][row] = value }

    mutating func set(_ power: PowerHistogram?, _ column: Int, _ row: Int) { powers[column][row] = power }

    mutating func set(_ summary: PowerSummary?, _ column: Int, _ row: Int) { summaries[column][row] = summary }

    mutating func set(_ latency: LatencyHistogram?, _ column: Int, _ row: Int) { latencies[column][row] = latency }

    mutating func record(nanoseconds: UInt64, _ column: Int, _ row: Int) {
        if latencies[column][row] == nil { latencies[column][row] = LatencyHistogram() }
        latencies[column][row]?.record(nanoseconds: nanoseconds)
    }
}

extension Array {
    /// Appends elements with no memory for others beyond them.
    mutating func extend(by more: Int, _ element: Element) {
        reserveCapacity(count + more)
        append(contentsOf: repeatElement(element, count: more))
    }
}
