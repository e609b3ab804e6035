/// The words of `measure` with two hyphens before those of the command, for users who left them out.
///
/// Its own options come first: the first word that is neither an option nor an option's value begins the command, and whatever
/// comes after that belongs to it.
enum MeasureWords {
    /// The options that take no value.
    static let flags: Set<String> = [
        "--attribution", "--allow-unmeasured", "--help", "-h", "--help-hidden", "--version", "--experimental-dump-help",
    ]

    /// The option that takes all words up to the next option.
    static let list = "--compare"

    /// - Parameter words: what comes after `measure`.
    static func separated(_ words: [String]) -> [String] {
        var index = 0
        while index < words.count, words[index] != "--" {
            guard isOption(words[index]) else {
                return words[..<index] + ["--"] + words[index...]
            }
            index += length(words[index...])
        }
        return words
    }

    /// How many words an option has with its value.
    private static func length(_ words: ArraySlice<String>) -> Int {
        guard let option = words.first else { return 0 }
        if option == list { return 1 + words.dropFirst().prefix { !isOption($0) }.count }
        let hasValue = option.contains("=") || (!option.hasPrefix("--") && option.utf8.count > 2)
        return hasValue || flags.contains(option) || words.dropFirst().first == "--" ? 1 : 2
    }

    private static func isOption(_ word: String) -> Bool { word.hasPrefix("-") && word != "-" }
}
