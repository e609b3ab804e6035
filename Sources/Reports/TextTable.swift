/// Text in columns of equal length: the first stands left, the others right.
struct TextTable {
    private var lines: [String] = []

    mutating func add(_ header: String, _ cells: [String]) {
        let column = [header] + cells
        precondition(lines.isEmpty || lines.count == column.count)
        let width = column.reduce(0) { max($0, $1.count) }
        let blanks = column.map { String(repeating: " ", count: width - $0.count) }
        if lines.isEmpty {
            lines = zip(column, blanks).map { "  \($0)\($1)" }
        } else {
            lines = zip(lines, zip(blanks, column)).map { "\($0)  \($1.0)\($1.1)" }
        }
    }

    var text: String { lines.joined(separator: "\n") + "\n" }
}
