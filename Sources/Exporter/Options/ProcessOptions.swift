import ArgumentParser
import Log
import Logging

/// The options of every command that runs until it is told to end.
struct ProcessOptions: ParsableArguments {
    @Flag(
        name: .customLong("no-sandbox"),
        help:
            "Keep the rights that the program starts with, for debugging; otherwise it gives up all that it needs no more."
    )
    var hasNoSandbox = false

    @Option(
        name: .customLong("log.level"),
        help: ArgumentHelp(
            "The least severe messages to log: trace, debug, info, notice, warning (or warn), error, critical. (default: info)",
            valueName: "level"),
        completion: .list(Logger.Level.allCases.map(\.rawValue)),
        transform: Parsing.logLevel)
    var logLevel: Logger.Level?

    @Option(
        name: .customLong("log.format"),
        help: ArgumentHelp(
            "Write lines of logfmt or json to stderr. auto sends records with fields to the journal if stderr leads there, and else writes logfmt. (default: auto)",
            valueName: "format"),
        completion: .list(["auto"] + LineFormat.allCases.map(\.rawValue)),
        transform: { (text: String) throws(WrongValue) in LogFormatChoice(format: try Parsing.logFormat(text)) })
    var logFormat: LogFormatChoice?

    /// `auto` said on the command line.
    struct LogFormatChoice {
        let format: LineFormat?
    }
}
