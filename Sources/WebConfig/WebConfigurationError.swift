/// Why a web configuration file cannot be used: the line and what is wrong there, in one sentence that never quotes a key, a
/// hash or a password.
public struct WebConfigurationError: Error, Equatable, CustomStringConvertible {
    /// Counted from 1.
    public let line: Int
    /// What is wrong, without the line.
    public let message: String

    /// An error in a line, counted from 1.
    public init(line: Int, _ message: String) {
        self.line = line
        self.message = message
    }

    /// Line and message: `line 3: ...`.
    public var description: String { "line \(line): \(message)" }
}

/// What may be shown of a file in which anything can stand anywhere.
enum Quoting {
    /// A value that is no secret, cut to what fits a line.
    static func value(_ text: String) -> String {
        if isSecret(text) { return "what looks like a secret" }
        let limit = 60
        let shown = text.unicodeScalars.prefix(limit).map { $0.value >= 0x20 && $0.value != 0x7F ? Character($0) : "?" }
        return "'\(String(shown))\(text.unicodeScalars.count > limit ? "..." : "")'"
    }

    /// Whether it begins like a bcrypt hash or a key in PEM. By mistake, those may stand where something else should.
    static func isSecret(_ text: String) -> Bool { text.hasPrefix("$2") || text.hasPrefix("-----BEGIN") }

    /// The name of a key or of a user; nil if it does not look like one. If a colon or an indentation is in the wrong place, there
    /// can be a hash or a line of a private key where a name should be.
    static func name(_ text: String) -> String? {
        let isName =
            (1...40).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: "_-.@ ".utf8.contains(byte)
                }
            }
        return isName ? "'\(text)'" : nil
    }
}
