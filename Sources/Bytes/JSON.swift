/// The members of a JSON object, in the order in which they were added.
public struct JSONObject {
    private var members: [String] = []

    /// An object without members.
    public init() {}

    /// `value` is JSON text; nil adds a null.
    public mutating func add(_ name: String, _ value: String?) {
        members.append("\"\(name)\":\(value ?? "null")")
    }

    /// The object as JSON text.
    public var text: String { "{" + members.joined(separator: ",") + "}" }

    /// An array of elements that are JSON text.
    public static func array(_ elements: [String]) -> String { "[" + elements.joined(separator: ",") + "]" }

    /// A string literal that JSON and logfmt both read.
    public static func quoted(_ text: String) -> String {
        // Most texts have nothing to escape, and are copied at once.
        let isPlain = text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F && $0 != 0x22 && $0 != 0x5C }
        guard !isPlain else { return "\"" + text + "\"" }
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where scalar.isControlCharacter:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}

extension Unicode.Scalar {
    /// Terminals act on these, also on the second set, which takes two bytes in UTF-8.
    public var isControlCharacter: Bool {
        value < 0x20 || (0x7F...0x9F).contains(value)
    }
}
