import ArgumentParser

/// The command line: which commands there are. Options without a command are those of `serve`, as before there were others.
struct Command: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pyjoules-exporter",
        abstract: "Measures the energy this machine uses and serves it to Prometheus.",
        usage: "pyjoules-exporter [<command>] [<options>]",
        discussion: """
            Without a command it serves: it reads the RAPL counters under /sys/class/powercap ten times a second and \
            serves http://HOST:9091/metrics. A flag beats the environment (EXPORTER_PORT, SCRAPE_INTERVAL_SECONDS).
            """,
        version: "pyjoules-exporter \(Build.version) (revision \(Build.revision), Swift \(Build.swift))",
        subcommands: [
            ServeCommand.self, MeasureCommand.self, DoctorCommand.self, HealthcheckCommand.self, ReaderCommand.self,
            SeriesCommand.self,
        ],
        defaultSubcommand: ServeCommand.self
    )

    /// Reads a command line, the program's name left out.
    static func parse(asRoot arguments: [String]) throws -> any ParsableCommand {
        if let first = arguments.first, first == "measure" {
            return try parseAsRoot([first] + MeasureWords.separated(Array(arguments.dropFirst())))
        }
        // The parser takes an equals sign at the end for a value that was forgotten; templates of exporters mean no file by it.
        let end = arguments.firstIndex(of: "--") ?? arguments.endIndex
        let options = arguments[..<end].flatMap { $0 == "--web.config.file=" ? ["--web.config.file", ""] : [$0] }
        return try parseServe(options + arguments[end...])
    }

    /// The command that most starts mean is read by itself first, which takes half as long as reading it below the others. Whatever
    /// it does not understand is for all of them: other commands, `--help`, and what is wrong.
    private static func parseServe(_ arguments: [String]) throws -> any ParsableCommand {
        let isNamed = arguments.first == "serve"
        guard isNamed || arguments.first?.hasPrefix("-") ?? true else { return try parseAsRoot(arguments) }
        do {
            return try ServeCommand.parse(isNamed ? Array(arguments.dropFirst()) : arguments)
        } catch {
            return try parseAsRoot(arguments)
        }
    }

    /// The answer to `--help` and `help`. Since `serve` need not be named, the help of the whole lists its options too.
    static func help(for request: any Error) -> String {
        let help = fullMessage(for: request)
        guard help == helpMessage() else { return help }
        return help + "\n\nOPTIONS OF serve, WHICH NEED NOT BE NAMED:\n" + serveOptions
    }

    /// What is wrong with a command line, on one line; for an option that another exporter has, with what to use instead.
    static func complaint(about error: any Error) -> String {
        let message = message(for: error).split(separator: "\n").joined(separator: " ")
        // The parser does not tell the option's name but in this sentence.
        guard let begin = message.firstRange(of: "Unknown option '")?.upperBound,
            let replacement = ForeignOptions.replacement(
                for: String(message[begin...].prefix { $0 != "'" && $0 != "=" }))
        else { return message }
        return "\(message): \(replacement)"
    }

    /// Tells a service manager what is wrong with the command line, if one has started this program.
    static func tellManager(_ complaint: String) { ManagerMessages.tell(failure: complaint) }

    /// What the help of `serve` says between its first option and those that every command has.
    private static var serveOptions: Substring {
        let help = helpMessage(for: ServeCommand.self)
        let begin = help.firstRange(of: "OPTIONS:\n")?.upperBound ?? help.startIndex
        let end = help.firstRange(of: "\n  --version")?.lowerBound ?? help.endIndex
        return help[begin..<end]
    }
}
