public import Bytes

/// The kinds of metric that the exposition formats know and this program uses.
public enum MetricType: Sendable {
    case counter
    case gauge
    case histogram

    var name: StaticString {
        switch self {
        case .counter: "counter"
        case .gauge: "gauge"
        case .histogram: "histogram"
        }
    }
}

/// A label's name and value. Names are ours and legal; values may be any text and are escaped.
public struct Label: Sendable {
    public let name: String
    public let value: String

    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// Where a series' value is kept; valid for the registry that gave it.
public struct SeriesIndex: Sendable, Equatable {
    fileprivate let position: Int
}

/// All series of the program, laid out once at start-up: after that, values change and nothing is added.
///
/// Whatever a page repeats (HELP, TYPE, names, labels) is rendered when it is declared, so that writing a page copies bytes
/// and prints numbers, without allocation.
public struct Registry: ~Copyable {
    private struct Family {
        var header: Range<Int>
        var series: Range<Int>
    }

    private var text: [UInt8] = []
    private var families: [Family] = []
    private var prefixes: [Range<Int>] = []
    private var values: [Value] = []
    private var openFamilyName = ""

    public init() {}

    /// Declares a family; the series declared next belong to it. `help` says where the number comes from.
    public mutating func declareFamily(_ name: String, _ type: MetricType, help: String) {
        precondition(!name.isEmpty)
        let start = text.count
        text += "# HELP \(name) \(escaped(help, quotes: false))\n# TYPE \(name) \(type.name)\n".utf8
        families.append(Family(header: start..<text.count, series: values.count..<values.count))
        openFamilyName = name
    }

    /// Declares a series of the last family, with no value yet. `suffix` is what a histogram's series add to the family's name.
    public mutating func declareSeries(_ labels: [Label] = [], suffix: String = "") -> SeriesIndex {
        precondition(!families.isEmpty)
        let start = text.count
        text += (openFamilyName + suffix).utf8
        if !labels.isEmpty {
            let pairs = labels.map { "\($0.name)=\"\(escaped($0.value, quotes: true))\"" }
            text += "{\(pairs.joined(separator: ","))}".utf8
        }
        text.append(UInt8(ascii: " "))
        prefixes.append(start..<text.count)
        values.append(.absent)
        families[families.count - 1].series = families[families.count - 1].series.lowerBound..<values.count
        return SeriesIndex(position: values.count - 1)
    }

    public subscript(_ series: SeriesIndex) -> Value {
        get { values[series.position] }
        set { values[series.position] = newValue }
    }

    /// The most bytes that a page can need, whatever the values are.
    public var longestPageBytes: Int {
        // 20 digits, a point, and a line's end.
        text.count + values.count * 22
    }

    /// Writes the page in text format 0.0.4: the families in the order of their declaration, without the series that are absent.
    public func encodeText(into page: inout ByteBuffer) {
        for family in families {
            encode(family, into: &page)
        }
    }

    private func encode(_ family: Family, into page: inout ByteBuffer) {
        let all = text.span
        var hasHeader = false
        for index in family.series where values[index] != .absent {
            if !hasHeader {
                page.append(all.extracting(family.header))
                hasHeader = true
            }
            page.append(all.extracting(prefixes[index]))
            page.append(values[index])
            page.append(UInt8(ascii: "\n"))
        }
    }
}

extension ByteBuffer {
    mutating func append(_ value: Value) {
        switch value {
        case .absent: break
        case .integer(let number): append(decimal: number)
        case .micro(let number): append(fixedPoint: number, fractionDigits: 6)
        case .nano(let number): append(fixedPoint: number, fractionDigits: 9)
        }
    }
}

/// Escapes as the text format asks: backslash and line feed everywhere, quotation marks in label values.
private func escaped(_ text: String, quotes: Bool) -> String {
    var result = ""
    for character in text.unicodeScalars {
        switch character {
        case "\\": result += "\\\\"
        case "\n": result += "\\n"
        case "\"" where quotes: result += "\\\""
        default: result.unicodeScalars.append(character)
        }
    }
    return result
}
