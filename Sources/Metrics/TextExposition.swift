import Bytes

/// Both text formats. They differ in the families' headers and in the end; a series' line is the same in both.
///
/// See https://prometheus.io/docs/instrumenting/exposition_formats/ and the OpenMetrics 1.0 specification.
extension Registry {
    static let endOfOpenMetrics: StaticString = "# EOF\n"

    func appendText(
        _ family: Family, _ exposition: Exposition, showsCreated: Bool, to page: inout ByteBuffer
    ) {
        let all = prepared.span
        var hasHeader = false
        for index in family.series where values[index] != .absent {
            if !hasHeader {
                page.append(all.extracting(family.headers[exposition.rawValue]))
                hasHeader = true
            }
            page.append(all.extracting(lines[index].text))
            page.append(values[index])
            page.append(UInt8(ascii: "\n"))
            if showsCreated { appendCreated(lines[index], family, to: &page) }
        }
    }

    /// The start, in seconds, follows a counter's line and a histogram's last one: it belongs to the same metric.
    private func appendCreated(_ line: Line, _ family: Family, to page: inout ByteBuffer) {
        guard let start = startUnixMilliseconds(of: line) else { return }
        page.append(prepared.span.extracting(family.stem))
        page.append("_created")
        page.append(prepared.span.extracting(line.labels))
        page.append(fixedPoint: start, fractionDigits: 3)
        page.append(UInt8(ascii: "\n"))
    }

    /// 20 digits, a point and the line's end come after what is prepared.
    func longestTextLine(_ line: Line) -> Int {
        line.text.count + 22
    }

    func longestCreatedLine(_ line: Line, stem: String) -> Int {
        stem.utf8.count + 8 + line.labels.count + 22
    }
}
