import Bytes

/// What the Accept-Encoding lines of one request say about gzip. See RFC 9110 section 12.5.3.
struct CodingChoice {
    /// In thousandths; nil if not named. `x-gzip` is another name of gzip (RFC 9110 section 8.4.1.3).
    private var gzip: UInt16?
    private var identity: UInt16?
    /// What is not named.
    private var others: UInt16?

    /// Takes in the value of one Accept-Encoding line.
    mutating func read(_ value: Span<UInt8>) {
        value.forEachListElement { element in
            let preference = Preference(element)
            guard let quality = preference.quality else { return }
            let name = element.extracting(preference.subject)
            switch name.count {
            case 1 where name.equals("*"): others = CodingChoice.merge(others, quality)
            case 4 where name.equalsIgnoringCase("gzip"): gzip = CodingChoice.merge(gzip, quality)
            case 6 where name.equalsIgnoringCase("x-gzip"): gzip = CodingChoice.merge(gzip, quality)
            case 8 where name.equalsIgnoringCase("identity"): identity = CodingChoice.merge(identity, quality)
            default: break
            }
        }
    }

    /// Gzip if it is wanted, and no less than the bare body is. A client that refuses both gets the bare body.
    var coding: ContentCoding {
        let gzip = gzip ?? others ?? 0
        let identity = identity ?? others ?? 0
        return gzip > 0 && gzip >= identity ? .gzip : .identity
    }

    /// Of two weights for the same coding, a refusal stands, otherwise the higher.
    private static func merge(_ old: UInt16?, _ new: UInt16) -> UInt16 {
        guard let old else { return new }
        return old == 0 || new == 0 ? 0 : max(old, new)
    }
}
