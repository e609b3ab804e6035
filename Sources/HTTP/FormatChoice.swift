import Bytes

/// What the Accept lines of one request say about the formats that are offered. See RFC 9110 section 12.5.1.
///
/// Of the ranges that mean a format, the most specific one decides how much it is wanted; the format that is wanted most is
/// chosen, among equals the one that is named first. A wildcard means the one text format of its kind: `*/*` and `text/*` the
/// text format 0.0.4, which Prometheus' rules demand of the last resort, and `application/*` OpenMetrics 1.0.0. What is binary
/// must be named. Nothing is ever answered 406: what cannot be met gets text 0.0.4. The work is linear in the bytes, whatever
/// their number of ranges.
struct FormatChoice {
    private var text = Wish()
    /// Text 1.0.0 is 0.0.4 with a syntax for names of a larger alphabet, so that a page without such names is both.
    private var text100 = Wish()
    private var openMetrics100 = Wish()
    private var openMetrics001 = Wish()
    private var protobuf = Wish()
    /// Ranges so far, over all lines.
    private var count = 0

    /// Takes in the value of one Accept line.
    mutating func read(_ value: Span<UInt8>) {
        value.forEachListElement { element in read(range: element) }
    }

    private mutating func read(range: Span<UInt8>) {
        let preference = Preference(range)
        count += 1
        let type = range.extracting(preference.subject)
        switch type.count {
        case 3 where type.equals("*/*"): text.consider(preference, specificity: 1, position: count)
        case 6 where type.equalsIgnoringCase("text/*"): text.consider(preference, specificity: 2, position: count)
        case 10 where type.equalsIgnoringCase("text/plain"): consider(text: preference)
        case 13 where type.equalsIgnoringCase("application/*"):
            openMetrics100.consider(preference, specificity: 2, position: count)
        case 28 where type.equalsIgnoringCase("application/openmetrics-text"): consider(openMetrics: preference)
        case 31 where type.equalsIgnoringCase("application/vnd.google.protobuf"): consider(protobuf: preference)
        default: break
        }
    }

    private mutating func consider(text preference: Preference) {
        switch preference.version {
        case .unsaid: text.consider(preference, specificity: 3, position: count)
        case .v004: text.consider(preference, specificity: 4, position: count)
        case .v100: text100.consider(preference, specificity: 4, position: count)
        case .v001, .other: break
        }
    }

    private mutating func consider(openMetrics preference: Preference) {
        switch preference.version {
        case .unsaid:
            openMetrics100.consider(preference, specificity: 3, position: count)
            openMetrics001.consider(preference, specificity: 3, position: count)
        case .v100: openMetrics100.consider(preference, specificity: 4, position: count)
        case .v001: openMetrics001.consider(preference, specificity: 4, position: count)
        case .v004, .other: break
        }
    }

    private mutating func consider(protobuf preference: Preference) {
        guard preference.message != .differs, preference.encoding != .differs else { return }
        let parameters = (preference.message == .fits ? 1 : 0) + (preference.encoding == .fits ? 1 : 0)
        protobuf.consider(preference, specificity: 3 + parameters, position: count)
    }

    /// The format that is wanted most.
    var format: ExpositionFormat { best.format }

    /// Whether the range that asked for it asked for an escaping of names.
    var namesEscaping: Bool { best.wish.isWanted && best.wish.namesEscaping }

    private var best: (format: ExpositionFormat, wish: Wish) {
        // The answer to text 1.0.0 says 0.0.4, so it is none for a client that refuses 0.0.4.
        var best = (format: ExpositionFormat.text, wish: text)
        if !text.isRefused, text100.isBefore(text) { best.wish = text100 }
        if openMetrics100.isBefore(best.wish) { best = (.openMetrics100, openMetrics100) }
        if openMetrics001.isBefore(best.wish) { best = (.openMetrics001, openMetrics001) }
        if protobuf.isBefore(best.wish) { best = (.protobuf, protobuf) }
        return best
    }
}

/// How much one format is wanted, by the most specific range so far that means it.
private struct Wish {
    /// 0 if no range means it.
    private var specificity = 0
    /// In thousandths; 0 refuses.
    private var quality: UInt16 = 0
    private var position = 0
    private(set) var namesEscaping = false

    var isWanted: Bool { quality > 0 }
    var isRefused: Bool { specificity > 0 && quality == 0 }

    /// Wanted, and more than another; among equals, earlier. One range can mean two formats: then neither is before the other.
    func isBefore(_ other: Wish) -> Bool {
        isWanted && (quality > other.quality || quality == other.quality && position < other.position)
    }

    /// A range whose weight is malformed says nothing. Of two that are as specific, a refusal stands, otherwise the higher weight.
    mutating func consider(_ preference: Preference, specificity: Int, position: Int) {
        guard let quality = preference.quality, specificity >= self.specificity else { return }
        if specificity == self.specificity {
            guard !isRefused, quality == 0 || quality > self.quality else { return }
        }
        self.specificity = specificity
        self.quality = quality
        self.position = position
        namesEscaping = preference.namesEscaping
    }
}
