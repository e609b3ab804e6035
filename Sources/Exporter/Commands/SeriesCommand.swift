import ArgumentParser
import Kernel

/// `series`: every family that pages can have. Hidden: it is for `make reference`, which makes docs/metrics.md of it.
struct SeriesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "series", abstract: "List every family of series, with its type, HELP and labels.",
        shouldDisplay: false)

    func run() throws {
        Process.print(SeriesCatalog.familyList())
    }
}
