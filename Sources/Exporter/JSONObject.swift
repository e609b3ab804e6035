/// The members of a JSON object, in the order in which they were added.
struct JSONObject {
    private var members: [String] = []

    /// `value` is JSON text; nil adds a null.
    mutating func add(_ name: String, _ value: String?) {
        members.append("\"\(name)\":\(value ?? "null")")
    }

    var text: String { "{" + members.joined(separator: ",") + "}" }

    static func array(_ elements: [String]) -> String { "[" + elements.joined(separator: ",") + "]" }
}
