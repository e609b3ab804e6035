import Bytes

/// One element of a list of preferences, such as `text/plain; version=0.0.4; q=0.5` in Accept or `gzip;q=0.8` in
/// Accept-Encoding. See RFC 9110 section 12.4, 12.5.
///
/// Parameters may come in any order, quoted, unknown and repeated; of a repeated one, the first counts.
struct Preference {
    /// What a parameter says about one thing that is offered.
    enum Fit {
        case unsaid
        case fits
        /// Something else is meant.
        case differs
    }

    enum Version {
        case unsaid
        case v004
        case v100
        case v001
        case other
    }

    /// In thousandths; nil if the client did not write a number from 0 to 1.
    private(set) var quality: UInt16? = 1000
    private(set) var version = Version.unsaid
    /// Whether the message is `io.prometheus.client.MetricFamily`.
    private(set) var message = Fit.unsaid
    /// Whether each message comes after its length.
    private(set) var encoding = Fit.unsaid
    private(set) var namesEscaping = false
    private var namesQuality = false

    /// What stands before the first semicolon.
    let subject: Range<Int>

    init(_ element: Span<UInt8>) {
        let end = element.endOfPart(from: 0, before: UInt8(ascii: ";"))
        subject = element.trimmed(0..<end)
        guard end < element.count else { return }
        element.extracting((end + 1)..<element.count).forEachListElement(separatedBy: UInt8(ascii: ";")) { parameter in
            read(parameter)
        }
    }

    private mutating func read(_ parameter: Span<UInt8>) {
        let end = parameter.endOfPart(from: 0, before: UInt8(ascii: "="))
        let name = parameter.extracting(parameter.trimmed(0..<end))
        let start = min(end + 1, parameter.count)
        let value = parameter.extracting(parameter.trimmed(start..<parameter.count))
        switch name.count {
        case 1 where name.equalsIgnoringCase("q") && !namesQuality:
            namesQuality = true
            quality = UInt16(quality: value)
        case 5 where name.equalsIgnoringCase("proto") && message == .unsaid:
            message = value.spells("io.prometheus.client.metricfamily") ? .fits : .differs
        case 7 where name.equalsIgnoringCase("version") && version == .unsaid:
            version = Preference.version(value)
        case 8 where name.equalsIgnoringCase("encoding") && encoding == .unsaid:
            encoding = value.spells("delimited") ? .fits : .differs
        case 8 where name.equalsIgnoringCase("escaping"):
            namesEscaping = true
        default: break
        }
    }

    private static func version(_ value: Span<UInt8>) -> Version {
        if value.spells("0.0.4") { return .v004 }
        if value.spells("1.0.0") { return .v100 }
        if value.spells("0.0.1") { return .v001 }
        return .other
    }
}

extension UInt16 {
    /// The weight in thousandths that the bytes spell: 0 to 1 with at most three decimals. See RFC 9110 section 12.4.2.
    init?(quality bytes: Span<UInt8>) {
        guard bytes.count >= 1, bytes.count <= 5 else { return nil }
        guard bytes[0] == UInt8(ascii: "0") || bytes[0] == UInt8(ascii: "1") else { return nil }
        guard bytes.count == 1 || bytes[1] == UInt8(ascii: ".") else { return nil }
        var thousandths = UInt16(bytes[0] - UInt8(ascii: "0")) * 1000
        var weight: UInt16 = 100
        var index = 2
        while index < bytes.count {
            guard let digit = bytes[index].decimalDigit else { return nil }
            thousandths += UInt16(digit) * weight
            weight /= 10
            index += 1
        }
        guard thousandths <= 1000 else { return nil }
        self = thousandths
    }
}
