import Bytes

/// The numbers of the messages' fields.
private enum Field {
    enum Family {
        static let name: UInt64 = 1, help: UInt64 = 2, type: UInt64 = 3, metric: UInt64 = 4, unit: UInt64 = 5
    }
    enum Metric { static let label: UInt64 = 1, gauge: UInt64 = 2, counter: UInt64 = 3, histogram: UInt64 = 7 }
    enum Pair { static let name: UInt64 = 1, value: UInt64 = 2 }
    enum Gauge { static let value: UInt64 = 1 }
    enum Counter { static let value: UInt64 = 1, created: UInt64 = 3 }
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
        guard table.hasContent(family) else { return }
        page.appendDelimited { page in
            page.append(prepared.bytes.span.extracting(family.text.headers[.protobuf]))
            switch family.text.type {
            case .counter: appendCounters(family, table, to: &page)
            case .gauge: appendGauges(family, table, to: &page)
            case .histogram: appendHistograms(family, table, to: &page)
            }
            page.append(prepared.bytes.span.extracting(family.text.protobufUnit))
        }
    }

    private func appendGauges(_ family: Family, _ table: borrowing Table, to page: inout ByteBuffer) {
        let values = table.values[family.column]
        for index in values.indices where values[index] != .absent {
            appendMetric(table, index, to: &page) { _, page in
                page.append(field: Field.Metric.gauge) { page in
                    page.append(field: Field.Gauge.value, double: values[index].nearestDouble)
                }
            }
        }
    }

    private func appendCounters(_ family: Family, _ table: borrowing Table, to page: inout ByteBuffer) {
        let values = table.values[family.column]
        for index in values.indices where values[index] != .absent {
            appendMetric(table, index, to: &page) { row, page in
                page.append(field: Field.Metric.counter) { page in
                    page.append(field: Field.Counter.value, double: values[index].nearestDouble)
                    appendStart(of: row, as: Field.Counter.created, to: &page)
                }
            }
        }
    }

    private func appendHistograms(_ family: Family, _ table: borrowing Table, to page: inout ByteBuffer) {
        for index in table.rowIndices {
            guard let buckets = table.buckets(family, at: index) else { continue }
            appendMetric(table, index, to: &page) { row, page in
                page.append(field: Field.Metric.histogram) { page in
                    appendClassic(buckets, family.text.bounds, to: &page)
                    if let native = table.native(family, at: index) { appendNative(native, to: &page) }
                    appendStart(of: row, as: Field.Histogram.created, to: &page)
                }
            }
        }
    }

    /// Appends a row's labels and what the closure writes of it.
    private func appendMetric(
        _ table: borrowing Table, _ index: Int, to page: inout ByteBuffer,
        _ content: (Table.RowFacts, inout ByteBuffer) -> Void
    ) {
        guard let row = table.row(at: index) else { return }
        page.append(field: Field.Family.metric) { page in
            page.append(table.labels.span.extracting(row.pairs))
            content(row, &page)
        }
    }

    private func appendClassic(
        _ buckets: ClassicBuckets, _ bounds: [FamilyText.Bound], to page: inout ByteBuffer
    ) {
        page.append(field: Field.Histogram.count, varint: buckets.count)
        page.append(field: Field.Histogram.sum, double: buckets.sum.nearestDouble)
        // The bucket of +Inf is left out, as is usual: its count is the histogram's.
        for index in bounds.indices {
            page.append(field: Field.Histogram.bucket) { page in
                page.append(field: Field.Bucket.cumulativeCount, varint: buckets.counts.span[index])
                page.append(field: Field.Bucket.upperBound, double: bounds[index].number)
            }
        }
    }

    /// The native buckets: where runs of them lie, and each count as the difference to the one before.
    private func appendNative(_ native: borrowing PowerHistogram, to page: inout ByteBuffer) {
        page.append(field: Field.Histogram.schema, signed: PowerHistogram.schema)
        page.append(field: Field.Histogram.zeroThreshold, double: PowerHistogram.zeroThreshold)
        page.append(field: Field.Histogram.zeroCount, varint: native.zeroCount)
        var end = 0
        var next = PowerHistogram.bucketRange.lowerBound
        while let span = native.span(from: next) {
            appendSpan(offset: span.lowerBound - end, length: span.count, to: &page)
            (end, next) = (span.upperBound, span.upperBound)
        }
        // A span of nothing says that a histogram without buckets is a native one nevertheless.
        if next == PowerHistogram.bucketRange.lowerBound { appendSpan(offset: 0, length: 0, to: &page) }
        next = PowerHistogram.bucketRange.lowerBound
        var previous = 0
        while let span = native.span(from: next) {
            for bucket in span {
                let count = Int(truncatingIfNeeded: native[bucket])
                page.append(field: Field.Histogram.positiveDelta, signed: count &- previous)
                previous = count
            }
            next = span.upperBound
        }
    }

    private func appendSpan(offset: Int, length: Int, to page: inout ByteBuffer) {
        page.append(field: Field.Histogram.positiveSpan) { page in
            page.append(field: Field.Span.offset, signed: offset)
            page.append(field: Field.Span.length, varint: UInt64(length))
        }
    }

    /// A `google.protobuf.Timestamp`, whose parts are left out if they are 0.
    private func appendStart(of row: Table.RowFacts, as field: UInt64, to page: inout ByteBuffer) {
        guard let start = startUnixMilliseconds(of: row) else { return }
        let (seconds, milliseconds) = start.quotientAndRemainder(dividingBy: 1000)
        page.append(field: field) { page in
            if seconds > 0 { page.append(field: Field.Timestamp.seconds, varint: seconds) }
            if milliseconds > 0 { page.append(field: Field.Timestamp.nanoseconds, varint: milliseconds * 1_000_000) }
        }
    }
}

extension Table {
    /// Whether a family shows anything of any row.
    fileprivate func hasContent(_ family: Family) -> Bool {
        switch family.content {
        case .value: values[family.column].contains { $0 != .absent }
        case .power: powers[family.column].contains { $0 != nil }
        case .latency: latencies[family.column].contains { $0 != nil }
        }
    }
}

extension Table {
    /// What a family of native histograms shows of a row; nil if that is absent, or the family is not such a one.
    fileprivate func native(_ family: Family, at index: Int) -> PowerHistogram? {
        guard case .power(isNative: true) = family.content else { return nil }
        let column = powers[family.column]
        return column.span[index]
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
