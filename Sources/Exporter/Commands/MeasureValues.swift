import Reports

/// The values of `measure`'s options.
extension Parsing {
    private static let most = 100_000

    /// How often something is done; each run's result is kept until the end.
    static func repetitions(_ text: String) throws(WrongValue) -> Int {
        guard let count = Int(text), (1...most).contains(count) else { throw WrongValue("allowed are 1 to \(most)") }
        return count
    }

    /// How often something is done that need not be done.
    static func warmups(_ text: String) throws(WrongValue) -> Int {
        guard let count = Int(text), (0...most).contains(count) else { throw WrongValue("allowed are 0 to \(most)") }
        return count
    }

    /// A line for the shell. Bytes that are no UTF-8 were replaced already, and would be another command.
    static func shellCommand(_ text: String) throws(WrongValue) -> String {
        guard !text.allSatisfy(\.isWhitespace), !text.unicodeScalars.contains("\u{FFFD}") else {
            throw WrongValue("allowed is a line for the shell in UTF-8; what has other bytes can lie in a script")
        }
        return text
    }

    static func commandName(_ text: String) throws(WrongValue) -> String {
        guard !text.isEmpty else { throw WrongValue("allowed is a name") }
        return text
    }

    static func traceFile(_ text: String) throws(WrongValue) -> TraceFile {
        guard let format = TraceFormat(fileName: text) else {
            throw WrongValue("allowed is the name of a file that ends in .csv or .ndjson")
        }
        return TraceFile(path: text, format: format)
    }

    static func fileName(_ text: String) throws(WrongValue) -> String {
        guard !text.isEmpty else { throw WrongValue("allowed is the name of a file") }
        return text
    }
}
