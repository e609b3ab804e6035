/// A pattern for the names of control groups: `*` stands for any bytes without a slash, `?` for one; all else for itself.
///
/// A pattern without a slash is held against a directory's own name, one with a slash against its whole path.
public struct Glob: Sendable, Equatable {
    /// The longest pattern, which is as long as the longest path.
    public static let mostBytes = 4096

    private let pattern: [UInt8]
    private let isPath: Bool

    /// - Returns: nil for an empty pattern and one that is too long.
    public init?(_ text: String) {
        var bytes = Array(text.utf8)
        guard !bytes.isEmpty, bytes.count <= Glob.mostBytes else { return nil }
        isPath = bytes.contains(UInt8(ascii: "/"))
        if bytes[0] == UInt8(ascii: "/") { bytes.removeFirst() }
        guard !bytes.isEmpty else { return nil }
        pattern = bytes
    }

    /// Whether the pattern is of the directory whose path below the root is `path`, and whose own name begins at `name`.
    func matches(_ path: Span<UInt8>, name: Int) -> Bool {
        matches(path.extracting((isPath ? 0 : name)..<path.count))
    }

    /// Goes back to the latest asterisk only, which is enough: an earlier one can do nothing that it cannot.
    /// Each byte of the text is looked at no more often than the pattern is long.
    private func matches(_ text: Span<UInt8>) -> Bool {
        var place = 0
        var position = 0
        var asterisk: Int?
        var resumed = 0
        while position < text.count {
            if place < pattern.count, pattern[place] == UInt8(ascii: "*") {
                asterisk = place
                resumed = position
                place += 1
            } else if place < pattern.count, stands(pattern[place], for: text[position]) {
                place += 1
                position += 1
            } else if let latest = asterisk, text[resumed] != UInt8(ascii: "/") {
                resumed += 1
                position = resumed
                place = latest + 1
            } else {
                return false
            }
        }
        while place < pattern.count, pattern[place] == UInt8(ascii: "*") { place += 1 }
        return place == pattern.count
    }

    private func stands(_ sign: UInt8, for byte: UInt8) -> Bool {
        sign == byte || sign == UInt8(ascii: "?") && byte != UInt8(ascii: "/")
    }
}
