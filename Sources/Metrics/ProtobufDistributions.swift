import Bytes

/// Summaries and histograms in Prometheus' protobuf format.
extension Registry {
    func appendSummaries(_ family: Family, _ table: borrowing Table, to page: inout ByteBuffer) {
        let summaries = table.columns.summaries[family.column]
        for index in table.rowIndices {
            guard let summary = summaries[index] else { continue }
            appendMetric(table, index, to: &page) { row, page in
                page.append(field: Field.Metric.summary) { page in
                    page.append(field: Field.Summary.count, varint: summary.count)
                    page.append(field: Field.Summary.sum, double: Value.micro(summary.sumMicrowatts).nearestDouble)
                    appendQuantiles(of: summary, family.text.bounds, to: &page)
                    appendStart(of: row, as: Field.Summary.created, to: &page)
                }
            }
        }
    }

    private func appendQuantiles(
        of summary: PowerSummary, _ bounds: [FamilyText.Bound], to page: inout ByteBuffer
    ) {
        for index in bounds.indices {
            let value = summary.quantile(index)
            guard value != .absent else { continue }
            page.append(field: Field.Summary.quantile) { page in
                page.append(field: Field.Quantile.quantile, double: bounds[index].number)
                page.append(field: Field.Quantile.value, double: value.nearestDouble)
            }
        }
    }

    func appendHistograms(_ family: Family, _ table: borrowing Table, to page: inout ByteBuffer) {
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
}

extension Table {
    /// What a family of native histograms shows of a row; nil if that is absent, or the family is not such a one.
    fileprivate func native(_ family: Family, at index: Int) -> PowerHistogram? {
        guard case .power = family.content else { return nil }
        let column = columns.powers[family.column]
        return column.span[index]
    }
}
