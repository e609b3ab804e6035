import ArgumentParser

/// `reader`: processes of their own that publish what the exporter's loop must not wait for.
struct ReaderCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reader",
        abstract: "Publish what takes too long for the exporter itself, for it to read.",
        discussion: """
            A reader is a process of its own, which has a unit of its own. It writes what it measured to a file in \
            /run/pyjoules-exporter/feeds, which the exporter reads once a second.
            """,
        subcommands: [ReaderNvidiaCommand.self, ReaderHwmonCommand.self]
    )
}

/// `reader nvidia`.
struct ReaderNvidiaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "nvidia",
        abstract: "Publish the energy of NVIDIA's GPUs.",
        discussion: """
            Reads the counters of all GPUs by the driver's own library (libnvidia-ml.so.1), and changes nothing on them. Status \
            75 asks for another start, as after a GPU was lost or the driver changed. A GPU that sleeps while nobody uses it, as \
            in laptops, is neither woken nor kept awake.
            """
    )

    @Option(
        help: ArgumentHelp(
            "Time between two readings, of which each takes some milliseconds a GPU: 0.5, 500ms or 1s; from 200ms to 60s. (default: 1)",
            valueName: "duration"),
        transform: ReadingInterval.init(parsing:))
    var interval: ReadingInterval?

    @Option(
        name: .customLong("path.library"),
        help: ArgumentHelp(
            "The driver's library, where it is not at a usual place. (default: libnvidia-ml.so.1)", valueName: "file"),
        completion: .file(),
        transform: Parsing.file)
    var library: String?

    @OptionGroup var options: ReaderOptions

    func run() throws {
        var settings = options.settings(intervalNanoseconds: interval?.nanoseconds ?? 1_000_000_000)
        settings.library = library
        NvidiaReader.run(settings)
    }
}

/// `reader hwmon`.
struct ReaderHwmonCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hwmon",
        abstract: "Publish the sensors that are too slow for the exporter.",
        discussion: """
            The exporter gives up sensors that take more than 20 ms twice in a row, or half a second once, such as meters behind a \
            management controller, because everything else would wait for them. This reads those, and no others, at their pace.
            """
    )

    @Option(
        help: ArgumentHelp("Time between two readings: 5 or 30s; from 1s to 600s. (default: 5)", valueName: "duration"),
        transform: SensorInterval.init(parsing:))
    var interval: SensorInterval?

    @OptionGroup var options: ReaderOptions

    func run() throws {
        SensorsReader.run(options.settings(intervalNanoseconds: interval?.nanoseconds ?? 5_000_000_000))
    }
}
