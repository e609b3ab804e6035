import Bytes

/// A metric family: what pages say of it, and the column of its table that holds what they show of its rows.
struct Family {
    let text: FamilyText
    let table: Int
    let content: RowShape.Content
    /// Among the table's columns of the same content.
    let column: Int
}

/// The bytes that pages repeat.
struct PreparedBytes {
    private(set) var bytes: [UInt8] = []

    /// Keeps bytes and says where they are.
    mutating func keep(_ new: [UInt8]) -> Range<Int> {
        bytes += new
        return (bytes.count - new.count)..<bytes.count
    }

    mutating func keep(_ text: String) -> Range<Int> {
        keep(Array(text.utf8))
    }
}

/// A family's name, type and HELP, rendered when it is declared. The ranges are those of the registry's prepared bytes.
struct FamilyText {
    /// What sets the lines of one distribution apart: the upper bound of a histogram's classic bucket, or a summary's quantile.
    struct Bound {
        /// `,le="0.5"} ` or `,quantile="0.5"} `, the end of a line's labels and the blank before the value.
        let text: Range<Int>
        let number: Double
    }

    let type: MetricType
    /// The name, without a counter's `_total`.
    let stem: Range<Int>
    /// What a line of the text formats begins with, which is a bucket's line in a histogram and a quantile's in a summary.
    let lineName: Range<Int>
    /// What stands before the rows.
    let headers: CaseTable<Exposition, Range<Int>>
    /// What protobuf has after the rows.
    let protobufUnit: Range<Int>
    /// Ascending; `+Inf` is not one of them.
    let bounds: [Bound]
    /// As the text of the others, for a histogram's last bucket.
    let infiniteBound: Range<Int>

    /// - Parameter bounds: of a histogram's buckets, or a summary's quantiles, in the form that OpenMetrics calls canonical, such
    ///   as `0.5` and `1.0`.
    init(_ name: String, _ type: MetricType, help: String, bounds: [String], in prepared: inout PreparedBytes) {
        precondition(!name.isEmpty && name.hasSuffix("_total") == (type == .counter))
        let stem = type == .counter ? String(name.dropLast("_total".utf8.count)) : name
        let unit = FamilyText.unit(of: stem)
        let unitLine = unit.map { "# UNIT \(stem) \($0)\n" } ?? ""
        headers = CaseTable { exposition in
            switch exposition {
            case .text:
                prepared.keep("# HELP \(name) \(escaped(help, quotes: false))\n# TYPE \(name) \(type.name)\n")
            case .openMetrics:
                prepared.keep(
                    "# TYPE \(stem) \(type.name)\n\(unitLine)# HELP \(stem) \(escaped(help, quotes: true))\n")
            case .protobuf: prepared.keep(protobufHeader(name, type, help: help))
            }
        }
        protobufUnit = prepared.keep(Metrics.protobufUnit(unit))
        self.type = type
        self.stem = prepared.keep(stem)
        lineName = prepared.keep(type == .histogram ? stem + "_bucket" : name)
        let numbers = bounds.compactMap { Double($0) }
        precondition(numbers.count == bounds.count && zip(numbers, numbers.dropFirst()).allSatisfy { $0 < $1 })
        let label = type == .summary ? "quantile" : "le"
        self.bounds = zip(bounds, numbers).map { text, number in
            Bound(text: prepared.keep(",\(label)=\"\(text)\"} "), number: number)
        }
        infiniteBound = prepared.keep(",le=\"+Inf\"} ")
    }

    func shape(_ content: RowShape.Content) -> RowShape {
        RowShape(
            type: type, content: content, stemBytes: stem.count, boundCount: bounds.count,
            boundTextBytes: bounds.reduce(infiniteBound.count) { $0 + $1.text.count })
    }

    /// The most bytes that a page has of the family beside its rows. Its length in protobuf can take 10 bytes.
    func headerBytes(_ exposition: Exposition) -> Int {
        headers[exposition].count + (exposition == .protobuf ? protobufUnit.count + 10 : 0)
    }

    /// The base unit that a name ends in, which OpenMetrics and protobuf name separately.
    private static func unit(of stem: String) -> String? {
        ["joules", "watts", "seconds", "bytes"].first { stem.hasSuffix("_" + $0) }
    }
}

/// Escapes HELP as the text formats ask: backslash and line feed, in OpenMetrics quotation marks too.
private func escaped(_ text: String, quotes: Bool) -> String {
    // Nearly all texts are their own, and copying them scalar by scalar would take a tenth of the start.
    let isPlain = text.utf8.allSatisfy { $0 != 0x5C && $0 != 0x0A && ($0 != 0x22 || !quotes) }
    guard !isPlain else { return text }
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
