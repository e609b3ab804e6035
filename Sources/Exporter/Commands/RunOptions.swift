import ArgumentParser
import Bytes

/// The options of `measure` that say what is run, and how often.
struct RunOptions: ParsableArguments {
    @Option(
        name: [.customShort("r", allowingJoined: true), .customLong("repeat")],
        help: ArgumentHelp(
            "How often to run the command, to tell the mean and the standard deviation. (default: 1, or 10 with --compare)",
            valueName: "number"),
        transform: Parsing.repetitions)
    var repetitions: Int?

    @Option(
        name: .customLong("compare"), parsing: .upToNextOption,
        help: ArgumentHelp(
            "Compare commands, each a line for the shell: run them in turn, and tell mean, deviation, confidence interval and ratio of joules and seconds.",
            valueName: "command"),
        transform: Parsing.shellCommand)
    var compared: [String] = []

    @Option(
        name: [.customShort("n", allowingJoined: true), .customLong("command-name")],
        help: ArgumentHelp(
            "With --compare: what a command is called in the report, instead of itself; repeated, for the first, the second and so on.",
            valueName: "name"),
        transform: Parsing.commandName)
    var names: [String] = []

    @Option(
        name: [.customShort("w", allowingJoined: true), .customLong("warmup")],
        help: ArgumentHelp(
            "How often to run each command before, without measuring it. (default: 0)", valueName: "number"),
        transform: Parsing.warmups)
    var warmups: Int?

    @Option(
        name: [.customShort("p", allowingJoined: true), .customLong("prepare")],
        help: ArgumentHelp(
            "What the shell is to run before each run, without measuring it.", valueName: "command"),
        transform: Parsing.shellCommand)
    var preparation: String?

    func validate() throws {
        if compared.isEmpty {
            guard names.isEmpty else {
                throw ValidationError("'--command-name' makes no sense here: only commands of '--compare' have names")
            }
        } else if compared.count < 2 {
            throw ValidationError(
                "'--compare \(compared[0])' makes no sense alone: allowed are two commands or more, each in quotation marks"
            )
        } else if names.count > compared.count {
            throw ValidationError(
                "'--command-name \(names[compared.count])' makes no sense here: there are only \(compared.count) commands"
            )
        }
        try refuseEqualNames()
    }

    /// Runs of commands that are called alike could not be told apart.
    private func refuseEqualNames() throws {
        var known: Set<String> = []
        for index in compared.indices {
            let name = index < names.count ? names[index] : compared[index]
            guard known.insert(name).inserted else {
                throw ValidationError(
                    "two commands of '--compare' are called '\(printable(name))': give them names, as in '-n first -n second'"
                )
            }
        }
    }

    func apply(to options: inout MeasureOptions) {
        options.repetitions = repetitions
        options.warmups = warmups ?? options.warmups
        options.preparation = preparation
        options.compared = compared
        options.names = names
    }
}
