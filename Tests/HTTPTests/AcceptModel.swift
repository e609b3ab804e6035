import HTTP
import TestSupport

/// The rules of negotiation once more, written for clarity with no regard to cost: for each range its fit to each format, for
/// each format the ranges that fit best, then the formats in order.
struct AcceptModel {
    private struct Range {
        var type: String
        var parameters: [String: String]
        var quality: Int?
    }

    private struct Candidate {
        var format: ExpositionFormat
        var quality: Int
        var position: Int
        var namesEscaping: Bool
    }

    private let ranges: [Range]

    /// `ranges` hold neither quotes nor blanks.
    init(ranges: [String]) {
        self.ranges = ranges.map { text in
            let parts = text.lowercased().split(separator: ";", omittingEmptySubsequences: false).map(String.init)
            var parameters: [String: String] = [:]
            for part in parts.dropFirst() {
                let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
                if parameters[pair[0]] == nil { parameters[pair[0]] = pair.count > 1 ? pair[1] : "" }
            }
            return Range(type: parts[0], parameters: parameters, quality: Self.quality(parameters["q"] ?? "1"))
        }
    }

    var answer: (format: ExpositionFormat, namesEscaping: Bool) {
        var candidates: [Candidate] = []
        let text = candidate(.text, fit: Self.fitOfText)
        if let text { candidates.append(text) }
        if text?.quality != 0,
            let newer = candidate(.text, fit: { Self.fit($0, "text/plain", ["version": "1.0.0"], min: 1) })
        {
            candidates.append(newer)
        }
        for candidate in [
            candidate(
                .openMetrics100, fit: { Self.fitOfOpenMetrics($0, "1.0.0") ?? ($0.type == "application/*" ? 0 : nil) }),
            candidate(.openMetrics001, fit: { Self.fitOfOpenMetrics($0, "0.0.1") }),
            candidate(
                .protobuf,
                fit: {
                    Self.fit(
                        $0, "application/vnd.google.protobuf",
                        ["proto": "io.prometheus.client.metricfamily", "encoding": "delimited"])
                }),
        ] {
            if let candidate { candidates.append(candidate) }
        }
        let wanted = candidates.enumerated().filter { $0.element.quality > 0 }.min { left, right in
            (-left.element.quality, left.element.position, left.offset)
                < (-right.element.quality, right.element.position, right.offset)
        }
        return wanted.map { ($0.element.format, $0.element.namesEscaping) } ?? (.text, false)
    }

    /// What the ranges that fit best say together: a refusal, or the first of the highest weight.
    private func candidate(_ format: ExpositionFormat, fit: (Range) -> Int?) -> Candidate? {
        let fits = ranges.enumerated().compactMap { position, range in
            range.quality == nil ? nil : fit(range).map { (fit: $0, position: position, range: range) }
        }
        guard let best = fits.map(\.fit).max() else { return nil }
        let deciding = fits.filter { $0.fit == best }
        let qualities = deciding.map { $0.range.quality ?? 0 }
        let quality = qualities.contains(0) ? 0 : qualities.max() ?? 0
        guard let first = deciding.first(where: { $0.range.quality == quality }) else { return nil }
        return Candidate(
            format: format, quality: quality, position: first.position,
            namesEscaping: first.range.parameters["escaping"] != nil)
    }

    private static func fitOfText(_ range: Range) -> Int? {
        if range.type == "*/*" { return -2 }
        if range.type == "text/*" { return -1 }
        return fit(range, "text/plain", ["version": "0.0.4"])
    }

    private static func fitOfOpenMetrics(_ range: Range, _ version: String) -> Int? {
        fit(range, "application/openmetrics-text", ["version": version]).map { $0 + 1 }
    }

    /// How many of the parameters a range of that type names; nil if it names another value.
    private static func fit(_ range: Range, _ type: String, _ parameters: [String: String], min: Int = 0) -> Int? {
        guard range.type == type else { return nil }
        let named = parameters.filter { range.parameters[$0.key] != nil }
        guard named.allSatisfy({ range.parameters[$0.key] == $0.value }), named.count >= min else { return nil }
        return named.count
    }

    private static func quality(_ text: String) -> Int? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard let whole = parts.first, whole == "0" || whole == "1", parts.count <= 2 else { return nil }
        let decimals = parts.count == 2 ? parts[1] : ""
        guard decimals.utf8.count <= 3, decimals.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
        let padded = decimals + String(repeating: "0", count: 3 - decimals.utf8.count)
        guard let thousandths = Int(whole + padded), thousandths <= 1000 else { return nil }
        return thousandths
    }
}
