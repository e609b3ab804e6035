import Bytes

/// Both text formats. They differ in the families' headers and in the end; a series' line is the same in both.
///
/// See https://prometheus.io/docs/instrumenting/exposition_formats/ and the OpenMetrics 1.0 specification.
extension Registry {
    static let endOfOpenMetrics: StaticString = "# EOF\n"

    func appendText(
        _ family: Family, _ table: borrowing Table, _ exposition: Exposition, showsCreated: Bool,
        to page: inout ByteBuffer
    ) {
        let header = family.text.headers[exposition]
        switch family.text.type {
        case .counter: appendValues(family, table, header, showsCreated, to: &page)
        case .gauge: appendValues(family, table, header, false, to: &page)
        case .summary: appendSummaries(family, table, header, showsCreated, to: &page)
        case .histogram: appendHistograms(family, table, header, showsCreated, to: &page)
        }
    }

    private func appendValues(
        _ family: Family, _ table: borrowing Table, _ header: Range<Int>, _ showsCreated: Bool,
        to page: inout ByteBuffer
    ) {
        let all = prepared.bytes.span
        let labels = table.labels.span
        let column = table.columns.values[family.column]
        let values = column.span
        var hasHeader = false
        for index in values.indices where values[index] != .absent {
            guard let row = table.row(at: index) else { continue }
            if !hasHeader { page.append(all.extracting(header)) }
            hasHeader = true
            page.append(all.extracting(family.text.lineName))
            page.append(labels.extracting(row.text))
            page.append(values[index])
            page.append(UInt8(ascii: "\n"))
            if showsCreated { appendCreated(family, row, labels, to: &page) }
        }
    }

    private func appendSummaries(
        _ family: Family, _ table: borrowing Table, _ header: Range<Int>, _ showsCreated: Bool,
        to page: inout ByteBuffer
    ) {
        let column = table.columns.summaries[family.column]
        var hasHeader = false
        for index in table.rowIndices {
            guard let row = table.row(at: index), let summary = column[index] else { continue }
            if !hasHeader { page.append(prepared.bytes.span.extracting(header)) }
            hasHeader = true
            appendSummary(family, row, table.labels.span, summary, to: &page)
            if showsCreated { appendCreated(family, row, table.labels.span, to: &page) }
        }
    }

    private func appendSummary(
        _ family: Family, _ row: Table.RowFacts, _ labels: Span<UInt8>, _ summary: PowerSummary,
        to page: inout ByteBuffer
    ) {
        let text = labels.extracting(row.text)
        for (index, bound) in family.text.bounds.enumerated() {
            let value = summary.quantile(index)
            guard value != .absent else { continue }
            appendLine(family, text, bound.text, value, to: &page)
        }
        appendLine(family, "_sum", text, .micro(summary.sumMicrowatts), to: &page)
        appendLine(family, "_count", text, .integer(summary.count), to: &page)
    }

    private func appendHistograms(
        _ family: Family, _ table: borrowing Table, _ header: Range<Int>, _ showsCreated: Bool,
        to page: inout ByteBuffer
    ) {
        var hasHeader = false
        for index in table.rowIndices {
            guard let row = table.row(at: index), let buckets = table.buckets(family, at: index) else { continue }
            if !hasHeader { page.append(prepared.bytes.span.extracting(header)) }
            hasHeader = true
            appendHistogram(family, row, table.labels.span, buckets, to: &page)
            if showsCreated { appendCreated(family, row, table.labels.span, to: &page) }
        }
    }

    private func appendHistogram(
        _ family: Family, _ row: Table.RowFacts, _ labels: Span<UInt8>, _ buckets: borrowing ClassicBuckets,
        to page: inout ByteBuffer
    ) {
        let counts = buckets.counts.span
        let text = labels.extracting(row.text)
        for (index, bound) in family.text.bounds.enumerated() {
            appendLine(family, text, bound.text, .integer(counts[index]), to: &page)
        }
        appendLine(family, text, family.text.infiniteBound, .integer(buckets.count), to: &page)
        appendLine(family, "_sum", text, buckets.sum, to: &page)
        appendLine(family, "_count", text, .integer(buckets.count), to: &page)
    }

    /// The bound is one more label: it takes the place of the brace and the blank after the others, or of none.
    private func appendLine(
        _ family: Family, _ labels: Span<UInt8>, _ bound: Range<Int>, _ value: Value, to page: inout ByteBuffer
    ) {
        let all = prepared.bytes.span
        page.append(all.extracting(family.text.lineName))
        if labels.count > 1 {
            page.append(labels.extracting(droppingLast: 2))
            page.append(all.extracting(bound))
        } else {
            page.append(UInt8(ascii: "{"))
            page.append(all.extracting(bound).extracting(droppingFirst: 1))
        }
        page.append(value)
        page.append(UInt8(ascii: "\n"))
    }

    private func appendLine(
        _ family: Family, _ suffix: StaticString, _ labels: Span<UInt8>, _ value: Value, to page: inout ByteBuffer
    ) {
        page.append(prepared.bytes.span.extracting(family.text.stem))
        page.append(suffix)
        page.append(labels)
        page.append(value)
        page.append(UInt8(ascii: "\n"))
    }

    /// The start, in seconds, follows a counter's line and the last one of a summary or a histogram: it belongs to the same metric.
    private func appendCreated(
        _ family: Family, _ row: Table.RowFacts, _ labels: Span<UInt8>, to page: inout ByteBuffer
    ) {
        guard let start = startUnixMilliseconds(of: row) else { return }
        page.append(prepared.bytes.span.extracting(family.text.stem))
        page.append("_created")
        page.append(labels.extracting(row.text))
        page.append(fixedPoint: start, fractionDigits: 3)
        page.append(UInt8(ascii: "\n"))
    }
}
