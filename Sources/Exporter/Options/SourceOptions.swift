import ArgumentParser
import Counters
import Sources

/// The options that say where energy is read and how often, the same for every command that reads it.
struct SourceOptions: ParsableArguments {
    @Option(
        name: .customLong("sample.interval"),
        help: ArgumentHelp(
            "Time between two samples: 0.1, 100ms or 1s; from 1ms to 60s. SCRAPE_INTERVAL_SECONDS sets the default. (default: 0.1)",
            valueName: "duration"),
        transform: SampleInterval.init(parsing:))
    var sampleInterval: SampleInterval?

    @Option(
        name: .customLong("source"),
        help: ArgumentHelp(
            "Where energy is read: powercap, perf, hwmon or feeds, which may be repeated to read several side by side; simulated, which measures nothing; or auto: powercap, or perf where that cannot be read, and hwmon and feeds beside it. (default: auto)",
            valueName: "source"),
        completion: .list(SourceName.allCases.map(\.rawValue)),
        transform: Parsing.oneOf)
    var sources: [SourceName] = []

    @Option(
        name: .customLong("path.sysfs"),
        help: ArgumentHelp("The root of sysfs. (default: /sys)", valueName: "directory"), completion: .directory,
        transform: Parsing.directory)
    var sysfs: String?

    @Option(
        name: .customLong("path.procfs"),
        help: ArgumentHelp("The root of procfs. (default: /proc)", valueName: "directory"), completion: .directory,
        transform: Parsing.directory)
    var procfs: String?

    @Option(
        name: .customLong("path.feeds"),
        help: ArgumentHelp(
            "The directory in which other programs publish energy and power. (default: /run/pyjoules-exporter/feeds)",
            valueName: "directory"), completion: .directory,
        transform: Parsing.directory)
    var feeds: String?

    /// With a slash behind it, a link would be followed.
    private static func withoutSlashes(_ path: String) -> String {
        String(path.reversed().drop { $0 == "/" }.reversed())
    }

    func validate() throws {
        let alone = sources.filter { $0.kind == nil || $0 == .simulated }
        guard let first = alone.first, let other = sources.first(where: { $0 != first }) else { return }
        throw ValidationError(
            "'--source \(first.rawValue)' makes no sense beside '--source \(other.rawValue)': allowed are auto or simulated alone, or any of "
                + "powercap, perf, hwmon and feeds")
    }

    /// Puts the options over the environment over what the configuration has.
    func apply(to configuration: inout Configuration, environment: Environment) throws(WrongValue) {
        try environment.set(&configuration.sampleInterval, to: sampleInterval, or: "SCRAPE_INTERVAL_SECONDS")
        configuration.source = SourceName.choice(sources) ?? configuration.source
        configuration.sysfs = sysfs ?? configuration.sysfs
        configuration.procfs = procfs ?? configuration.procfs
        // It may come later, with the first program that publishes something.
        configuration.feeds = feeds.map(SourceOptions.withoutSlashes) ?? configuration.feeds
        configuration.mustExist = [sysfs, procfs].compactMap { $0 }
    }
}
