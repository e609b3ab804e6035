import Bytes

/// The numbers of the messages' fields, as metrics.proto has them.
enum Field {
    enum Family {
        static let name: UInt64 = 1, help: UInt64 = 2, type: UInt64 = 3, metric: UInt64 = 4, unit: UInt64 = 5
    }
    enum Metric {
        static let label: UInt64 = 1, gauge: UInt64 = 2, counter: UInt64 = 3, summary: UInt64 = 4, histogram: UInt64 = 7
    }
    enum Pair { static let name: UInt64 = 1, value: UInt64 = 2 }
    enum Gauge { static let value: UInt64 = 1 }
    enum Counter { static let value: UInt64 = 1, created: UInt64 = 3 }
    enum Summary { static let count: UInt64 = 1, sum: UInt64 = 2, quantile: UInt64 = 3, created: UInt64 = 4 }
    enum Quantile { static let quantile: UInt64 = 1, value: UInt64 = 2 }
    enum Histogram {
        static let count: UInt64 = 1, sum: UInt64 = 2, bucket: UInt64 = 3, schema: UInt64 = 5
        static let zeroThreshold: UInt64 = 6, zeroCount: UInt64 = 7
        static let positiveSpan: UInt64 = 12, positiveDelta: UInt64 = 13, created: UInt64 = 15
    }
    enum Bucket { static let cumulativeCount: UInt64 = 1, upperBound: UInt64 = 2 }
    enum Span { static let offset: UInt64 = 1, length: UInt64 = 2 }
    enum Timestamp { static let seconds: UInt64 = 1, nanoseconds: UInt64 = 2 }
}

/// Prometheus' protobuf format: for each family a `MetricFamily` after its length.
///
/// The fields are written in ascending order, and those that are said to be present are there although they are 0, so that the
/// bytes are those that any other writer of the same messages makes. See metrics.proto of prometheus/client_model.
extension Registry {
    func appendProtobuf(_ family: Family, _ table: borrowing Table, to page: inout ByteBuffer) {
        guard table.columns.hasContent(family) else { return }
        page.appendDelimited { page in
            page.append(prepared.bytes.span.extracting(family.text.headers[.protobuf]))
            switch family.text.type {
            case .counter: appendCounters(family, table, to: &page)
            case .gauge: appendGauges(family, table, to: &page)
            case .summary: appendSummaries(family, table, to: &page)
            case .histogram: appendHistograms(family, table, to: &page)
            }
            page.append(prepared.bytes.span.extracting(family.text.protobufUnit))
        }
    }

    private func appendGauges(_ family: Family, _ table: borrowing Table, to page: inout ByteBuffer) {
        let values = table.columns.values[family.column]
        for index in values.indices where values[index] != .absent {
            appendMetric(table, index, to: &page) { _, page in
                page.append(field: Field.Metric.gauge) { page in
                    page.append(field: Field.Gauge.value, double: values[index].nearestDouble)
                }
            }
        }
    }

    private func appendCounters(_ family: Family, _ table: borrowing Table, to page: inout ByteBuffer) {
        let values = table.columns.values[family.column]
        for index in values.indices where values[index] != .absent {
            appendMetric(table, index, to: &page) { row, page in
                page.append(field: Field.Metric.counter) { page in
                    page.append(field: Field.Counter.value, double: values[index].nearestDouble)
                    appendStart(of: row, as: Field.Counter.created, to: &page)
                }
            }
        }
    }

    /// Appends a row's labels and what the closure writes of it.
    func appendMetric(
        _ table: borrowing Table, _ index: Int, to page: inout ByteBuffer,
        _ content: (Table.RowFacts, inout ByteBuffer) -> Void
    ) {
        guard let row = table.row(at: index) else { return }
        page.append(field: Field.Family.metric) { page in
            page.append(table.labels.span.extracting(row.pairs))
            content(row, &page)
        }
    }

    /// A `google.protobuf.Timestamp`, whose parts are left out if they are 0.
    func appendStart(of row: Table.RowFacts, as field: UInt64, to page: inout ByteBuffer) {
        guard let start = startUnixMilliseconds(of: row) else { return }
        let (seconds, milliseconds) = start.quotientAndRemainder(dividingBy: 1000)
        page.append(field: field) { page in
            if seconds > 0 { page.append(field: Field.Timestamp.seconds, varint: seconds) }
            if milliseconds > 0 { page.append(field: Field.Timestamp.nanoseconds, varint: milliseconds * 1_000_000) }
        }
    }
}

/// What is rendered once, when families are declared and rows open.
extension ByteBuffer {
    /// Appends a pair of a row's labels.
    mutating func appendLabel(_ name: (inout ByteBuffer) -> Void, value: (inout ByteBuffer) -> Void) {
        append(field: Field.Metric.label) { message in
            message.append(field: Field.Pair.name, message: name)
            message.append(field: Field.Pair.value, message: value)
        }
    }
}

/// What stands before a family's rows.
func protobufHeader(_ name: String, _ type: MetricType, help: String) -> [UInt8] {
    written(capacity: name.utf8.count + help.utf8.count + 32) { page in
        page.append(field: Field.Family.name, text: name)
        page.append(field: Field.Family.help, text: help)
        page.append(field: Field.Family.type, varint: type.protobufNumber)
    }
}

/// What stands after a family's rows; nothing without a unit.
func protobufUnit(_ unit: String?) -> [UInt8] {
    guard let unit else { return [] }
    return written(capacity: unit.utf8.count + 16) { page in page.append(field: Field.Family.unit, text: unit) }
}

private func written(capacity: Int, _ write: (inout ByteBuffer) -> Void) -> [UInt8] {
    var buffer = ByteBuffer(capacity: capacity)
    write(&buffer)
    precondition(!buffer.overflowed)
    return buffer.withBytes { bytes in bytes.indices.map { bytes[$0] } }
}
