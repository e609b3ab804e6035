/// Declarations, at start-up: they allocate. A page has the families in the order of their declaration.
extension Registry {
    /// Declares a table of rows that are known from the start and stay open, such as one for each layer of the sandbox.
    ///
    /// - Parameter startUnixMilliseconds: since when each row counts, if not since the registry's start.
    /// - Returns: the table and its rows, in the order of their labels.
    public mutating func declareRows(
        _ labels: [KeyValuePairs<StaticString, String>],
        startUnixMilliseconds: (Int) -> UInt64? = { _ in nil }
    ) -> (table: TableIndex, rows: [Row]) {
        let labelBytes = labels.reduce(0) { max($0, LabelWriter.bytes(of: $1)) }
        let names = labels.first.map { $0.map(\.key) } ?? []
        let table = declareTable(rows: labels.count, labels: names, labelBytes: labelBytes)
        let rows = labels.indices.compactMap { index in
            open(table, startUnixMilliseconds: startUnixMilliseconds(index)) { $0.append(labels[index]) }
        }
        precondition(rows.count == labels.count)
        return (table, rows)
    }

    /// Declares a family of counters, whose name ends in `_total`, or of gauges. `help` says where the number comes from.
    public mutating func declareFamily(
        _ name: String, _ type: MetricType, in table: TableIndex = .unlabelled, help: String
    ) -> FamilyIndex {
        precondition(type == .counter || type == .gauge)
        let column = declare(name, type, in: table, help: help, .value, bounds: [])
        return FamilyIndex(table: table.position, column: column)
    }

    /// Declares a family of histograms of power, which are native ones in protobuf.
    ///
    /// - Parameter hasClassicBuckets: whether every format shows classic buckets, with the bounds of `PowerHistogram`; without
    ///   them the text formats show nothing of the family.
    public mutating func declarePowerHistogram(
        _ name: String, in table: TableIndex = .unlabelled, help: String, hasClassicBuckets: Bool
    ) -> PowerHistogramIndex {
        let column = declare(
            name, .histogram, in: table, help: help, .power(hasClassicBuckets: hasClassicBuckets),
            bounds: hasClassicBuckets ? PowerHistogram.boundLabels : [])
        return PowerHistogramIndex(table: table.position, column: column)
    }

    /// Declares a family of summaries of power, with the quantiles of `PowerSummary`.
    public mutating func declarePowerSummary(
        _ name: String, in table: TableIndex = .unlabelled, help: String
    ) -> PowerSummaryIndex {
        let column = declare(name, .summary, in: table, help: help, .summary, bounds: PowerSummary.quantileLabels)
        return PowerSummaryIndex(table: table.position, column: column)
    }

    /// Declares a family of histograms of durations, with the bounds of `LatencyHistogram`.
    public mutating func declareLatencyHistogram(
        _ name: String, in table: TableIndex = .unlabelled, help: String
    ) -> LatencyHistogramIndex {
        let column = declare(
            name, .histogram, in: table, help: help, .latency, bounds: LatencyHistogram.boundLabels)
        return LatencyHistogramIndex(table: table.position, column: column)
    }
}
