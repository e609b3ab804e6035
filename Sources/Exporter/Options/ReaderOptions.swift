import ArgumentParser

/// The options of every reader.
struct ReaderOptions: ParsableArguments {
    @Option(
        name: .customLong("path.feeds"),
        help: ArgumentHelp(
            "The directory in which it publishes. (default: /run/pyjoules-exporter/feeds)", valueName: "directory"),
        completion: .directory,
        transform: Parsing.directory)
    var feeds: String?

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

    @OptionGroup var process: ProcessOptions

    /// The settings of a reader that publishes so often unless told otherwise.
    func settings(intervalNanoseconds: UInt64) -> ReaderSettings {
        var settings = ReaderSettings(intervalNanoseconds: intervalNanoseconds)
        settings.feeds = feeds ?? settings.feeds
        settings.sysfs = sysfs ?? settings.sysfs
        settings.procfs = procfs ?? settings.procfs
        settings.entersSandbox = !process.hasNoSandbox
        settings.logLevel = process.logLevel ?? settings.logLevel
        settings.logFormat = process.logFormat?.format
        return settings
    }
}
