import ArgumentParser
import Testing

@testable import Exporter

@Suite struct MeasureWordsTests {
    @Test(arguments: [
        // Nothing to run.
        ("", ""), ("--format json", "--format json"), ("--attribution --help", "--attribution --help"),
        // The first word that is no option, nor the value of one, begins the command.
        ("sleep 1", "-- sleep 1"), ("--format json sleep 1", "--format json -- sleep 1"),
        ("--format=json sleep 1", "--format=json -- sleep 1"), ("-r 3 sleep 1", "-r 3 -- sleep 1"),
        ("-r3 -ofile sleep 1", "-r3 -ofile -- sleep 1"), ("--attribution sleep 1", "--attribution -- sleep 1"),
        ("--output - cat", "--output - -- cat"), ("- x", "-- - x"),
        // What is compared goes up to the next option.
        ("--compare a b --format csv", "--compare a b --format csv"), ("--compare a b -- c", "--compare a b -- c"),
        ("--compare a b --attribution c", "--compare a b --attribution -- c"),
        // What comes after it is the command's.
        ("make -j8 --output x", "-- make -j8 --output x"), ("make -- -j8", "-- make -- -j8"),
        ("cmd --web.config.file= --help", "-- cmd --web.config.file= --help"),
        // Two hyphens say it themselves.
        ("-- sleep 1", "-- sleep 1"), ("-r 3 -- --sleep", "-r 3 -- --sleep"), ("-- -- x", "-- -- x"),
        ("--format -- x", "--format -- x"),
        // What is wrong stays for the parser.
        ("--nonsense", "--nonsense"), ("--format", "--format"),
    ])
    func `the command is set apart`(words: String, expected: String) {
        #expect(MeasureWords.separated(split(words)) == split(expected))
    }

    @Test func `the options without a value are those of the command line`() {
        let help = MeasureCommand.helpMessage(includeHidden: true, columns: 10_000)
        let options = help.split(separator: "\n").filter { $0.hasPrefix("  -") }
        #expect(options.count > 10)
        for option in options {
            // `-o, --output <file>   Write the report to a file.`
            let words = option.split(separator: " ").prefix { $0.hasPrefix("-") || $0.hasPrefix("<") }
            let takesValue = words.last?.hasPrefix("<") == true
            for word in words where word.hasPrefix("-") {
                let name = String(word.prefix { $0 != "," })
                #expect(MeasureWords.flags.contains(name) != takesValue, "\(name)")
            }
        }
    }

    private func split(_ text: String) -> [String] { text.split(separator: " ").map(String.init) }
}
