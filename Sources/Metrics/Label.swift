/// A label's name and value. Names are ours and legal; values may be any text and are escaped.
public struct Label: Sendable {
    public let name: String
    public let value: String

    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

extension [Label] {
    /// `{a="1",b="2"}` as both text formats write it; nothing without labels.
    var text: String {
        guard !isEmpty else { return "" }
        let pairs = map { "\($0.name)=\"\(escaped($0.value, quotes: true))\"" }
        return "{\(pairs.joined(separator: ","))}"
    }
}

/// Escapes as the text formats ask: backslash and line feed everywhere, quotation marks in label values and in OpenMetrics'
/// HELP.
func escaped(_ text: String, quotes: Bool) -> String {
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
