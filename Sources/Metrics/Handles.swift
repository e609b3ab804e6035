import Bytes

/// A table of rows that a registry has; valid for that registry.
public struct TableIndex: Sendable, Equatable {
    /// The table of what has no labels: one row, which is always open.
    public static let unlabelled = TableIndex(position: 0)

    let position: Int
}

/// A row of a table, which finds nothing once it was closed, whoever has its place then.
public struct Row: Sendable, Equatable {
    /// The one of the table `unlabelled`.
    public static let unlabelled = Row(table: 0, slot: Slot(index: 0, generation: 1))

    let table: Int
    let slot: Slot
}

/// A family of counters or gauges; valid for the registry that declared it.
public struct FamilyIndex: Sendable, Equatable {
    let table: Int
    let column: Int
}

/// A family of histograms of power; valid for the registry that declared it.
public struct PowerHistogramIndex: Sendable, Equatable {
    let table: Int
    let column: Int
}

/// A family of summaries of power; valid for the registry that declared it.
public struct PowerSummaryIndex: Sendable, Equatable {
    let table: Int
    let column: Int
}

/// A family of histograms of durations; valid for the registry that declared it.
public struct LatencyHistogramIndex: Sendable, Equatable {
    let table: Int
    let column: Int
}
