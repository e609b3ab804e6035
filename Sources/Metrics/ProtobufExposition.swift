import Bytes

/// Prometheus' protobuf format: for each family a `MetricFamily` after its length.
///
/// The fields are written in ascending order, and those that are said to be present are there although they are 0, so that the
/// bytes are those that any other writer of the same messages makes. See metrics.proto of prometheus/client_model.
extension Registry {
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

    func appendProtobuf(_ family: Family, to page: inout ByteBuffer) {
        guard family.series.contains(where: { values[$0] != .absent }) else { return }
        page.appendDelimited { page in
            page.append(prepared.span.extracting(family.headers[Exposition.protobuf.rawValue]))
            switch family.type {
            case .counter:
                for index in family.series where values[index] != .absent { appendCounter(index, to: &page) }
            case .gauge:
                for index in family.series where values[index] != .absent { appendGauge(index, to: &page) }
            case .histogram:
                for index in family.histograms where values[histograms[index].count] != .absent {
                    appendHistogram(histograms[index], to: &page)
                }
            }
            page.append(prepared.span.extracting(family.protobufUnit))
        }
    }

    private func appendGauge(_ index: Int, to page: inout ByteBuffer) {
        page.append(field: Field.Family.metric) { page in
            page.append(prepared.span.extracting(lines[index].pairs))
            page.append(field: Field.Metric.gauge) { page in
                page.append(field: Field.Gauge.value, double: values[index].nearestDouble)
            }
        }
    }

    private func appendCounter(_ index: Int, to page: inout ByteBuffer) {
        page.append(field: Field.Family.metric) { page in
            page.append(prepared.span.extracting(lines[index].pairs))
            page.append(field: Field.Metric.counter) { page in
                page.append(field: Field.Counter.value, double: values[index].nearestDouble)
                appendStart(of: lines[index], as: Field.Counter.created, to: &page)
            }
        }
    }

    private func appendHistogram(_ histogram: Histogram, to page: inout ByteBuffer) {
        page.append(field: Field.Family.metric) { page in
            page.append(prepared.span.extracting(lines[histogram.count].pairs))
            page.append(field: Field.Metric.histogram) { page in
                page.append(field: Field.Histogram.count, varint: integer(at: histogram.count))
                page.append(field: Field.Histogram.sum, double: values[histogram.sum].nearestDouble)
                // The bucket of +Inf is left out, as is usual: its count is the histogram's.
                for (index, bound) in zip(histogram.buckets, histogram.bounds) {
                    page.append(field: Field.Histogram.bucket) { page in
                        page.append(field: Field.Bucket.cumulativeCount, varint: integer(at: index))
                        page.append(field: Field.Bucket.upperBound, double: upperBounds[bound])
                    }
                }
                if let native = histogram.native { appendNative(natives[native], to: &page) }
                appendStart(of: lines[histogram.count], as: Field.Histogram.created, to: &page)
            }
        }
    }

    /// The native buckets: where runs of them lie, and each count as the difference to the one before.
    private func appendNative(_ native: PowerHistogram, to page: inout ByteBuffer) {
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
    private func appendStart(of line: Line, as field: UInt64, to page: inout ByteBuffer) {
        guard let start = startUnixMilliseconds(of: line) else { return }
        let (seconds, milliseconds) = start.quotientAndRemainder(dividingBy: 1000)
        page.append(field: field) { page in
            if seconds > 0 { page.append(field: Field.Timestamp.seconds, varint: seconds) }
            if milliseconds > 0 { page.append(field: Field.Timestamp.nanoseconds, varint: milliseconds * 1_000_000) }
        }
    }

    private func integer(at index: Int) -> UInt64 {
        if case .integer(let number) = values[index] { number } else { 0 }
    }
}

/// What is prepared when series are declared, and how long they can become.
extension Registry {
    func protobufHeader(_ name: String, _ type: MetricType, help: String) -> [UInt8] {
        written(capacity: name.utf8.count + help.utf8.count + 32) { page in
            page.append(field: Field.Family.name, text: name)
            page.append(field: Field.Family.help, text: help)
            page.append(field: Field.Family.type, varint: type.protobufNumber)
        }
    }

    func protobufUnit(_ unit: String?) -> [UInt8] {
        guard let unit else { return [] }
        return written(capacity: unit.utf8.count + 16) { page in page.append(field: Field.Family.unit, text: unit) }
    }

    func protobufPairs(_ labels: [Label]) -> [UInt8] {
        let capacity = labels.reduce(1) { $0 + $1.name.utf8.count + $1.value.utf8.count + 48 }
        return written(capacity: capacity) { page in
            for label in labels {
                page.append(field: Field.Metric.label) { page in
                    page.append(field: Field.Pair.name, text: label.name)
                    page.append(field: Field.Pair.value, text: label.value)
                }
            }
        }
    }

    private func written(capacity: Int, _ write: (inout ByteBuffer) -> Void) -> [UInt8] {
        var buffer = ByteBuffer(capacity: capacity)
        write(&buffer)
        precondition(!buffer.overflowed)
        return buffer.withBytes { bytes in bytes.indices.map { bytes[$0] } }
    }

    /// A message with its tag and length.
    func longestProtobufMessage(_ contentBytes: Int) -> Int {
        1 + ByteBuffer.varintBytes(UInt64(contentBytes)) + contentBytes
    }

    /// A family without its metrics; its length can take 10 bytes, whatever they are.
    func longestProtobufFamily(_ contentBytes: Int) -> Int {
        10 + contentBytes
    }

    func longestProtobufSeries(pairsBytes: Int) -> Int {
        longestProtobufMessage(pairsBytes + longestProtobufMessage(9 + longestProtobufStart))
    }

    func longestProtobufHistogram(pairsBytes: Int, bucketCount: Int, isNative: Bool) -> Int {
        // A count takes a tag and at most 10 bytes, a double a tag and 8.
        var content = 11 + 9 + bucketCount * longestProtobufMessage(11 + 9) + longestProtobufStart
        if isNative {
            let places = PowerHistogram.bucketRange.count
            // A run is at least one bucket and the three unused ones without which it would go on.
            content += 11 + 9 + 11 + places * 11 + (places / 4 + 1) * longestProtobufMessage(11 + 11)
        }
        return longestProtobufMessage(pairsBytes + longestProtobufMessage(content))
    }

    private var longestProtobufStart: Int { longestProtobufMessage(11 + 11) }
}
