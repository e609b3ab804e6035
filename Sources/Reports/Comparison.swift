import Counters

/// One command of several that are compared, and its runs.
public struct ComparedCommand: Sendable {
    let name: String
    let runs: [CommandRun]

    /// - Parameters:
    ///   - name: what it is called in the report.
    ///   - runs: in the order in which they were.
    public init(name: String, runs: [CommandRun]) {
        self.name = name
        self.runs = runs
    }

    /// Without a run that was cut short, which says nothing of the others.
    var complete: [CommandRun] { runs.filter { !$0.interval.isFragment } }
}

/// What is known of a quantity of one command: mean and spread over its runs, and how it compares with the first command's.
struct Estimate {
    let statistics: Statistics
    /// Nil where the first command's is not known, or is not more than nothing.
    let ratio: Ratio?
}

/// Several commands whose runs were made in turn.
struct Comparison {
    struct Row {
        let command: ComparedCommand
        /// In nanoseconds; nil if no run is complete.
        let duration: Estimate?
        let domains: [DomainRow]
    }

    /// In microjoules; each is nil where some run does not know it, or where it was not asked for.
    struct DomainRow {
        let domain: Domain
        let energy: Estimate?
        let uncertaintyMicrojoules: UInt64?
        let net: Estimate?
        let own: Estimate?

        /// The uncertainty of a single run is more than a tenth of what it used.
        var isHardlyMeasured: Bool {
            guard let energy, let uncertaintyMicrojoules, energy.statistics.mean > 0 else { return false }
            return uncertaintyMicrojoules > energy.statistics.mean.magnitude / 10
        }
    }

    let rows: [Row]

    init(_ report: MeasureReport, _ commands: [ComparedCommand]) {
        let samples = commands.map { Samples(report, $0) }
        rows = samples.indices.map { samples[$0].row(to: $0 == 0 ? nil : samples[0]) }
    }

    /// Which commands are too short to be measured, in words.
    var remarks: [String] {
        rows.compactMap { row in
            let domains = row.domains.filter(\.isHardlyMeasured).map(\.domain.tag)
            guard !domains.isEmpty else { return nil }
            return "the runs of '\(row.command.name)' are too short to be measured: the uncertainty of "
                + "\(domains.joined(separator: ", ")) is more than a tenth of the joules"
        }
    }
}

/// The values of one command's complete runs.
private struct Samples {
    private typealias Value = (_ nanoseconds: UInt64, _ rows: [ReportRow]) -> Int64?

    private let command: ComparedCommand
    private let domains: [Domain]
    private let runs: [(nanoseconds: UInt64, rows: [ReportRow])]

    init(_ report: MeasureReport, _ command: ComparedCommand) {
        self.command = command
        domains = report.facts.domains
        runs = command.complete.map { ($0.interval.durationNanoseconds, report.rows($0)) }
    }

    /// - Parameter first: nil for the first command itself.
    func row(to first: Samples?) -> Comparison.Row {
        let rows = domains.indices.map { index in
            Comparison.DomainRow(
                domain: domains[index],
                energy: estimate(first) { $1[index].energy.map { Int64(clamping: $0.microjoules) } },
                uncertaintyMicrojoules: statistics {
                    $1[index].energy.map { Int64(clamping: $0.uncertaintyMicrojoules) }
                }?.mean.magnitude,
                net: estimate(first) { $1[index].share?.netMicrojoules },
                own: estimate(first) { $1[index].parts.map { Int64(clamping: $0.command) } })
        }
        let duration = estimate(first) { nanoseconds, _ in Int64(clamping: nanoseconds) }
        return Comparison.Row(command: command, duration: duration, domains: rows)
    }

    private func estimate(_ first: Samples?, _ value: Value) -> Estimate? {
        guard let statistics = statistics(value) else { return nil }
        guard let first else { return Estimate(statistics: statistics, ratio: .ofItself) }
        return Estimate(
            statistics: statistics, ratio: first.statistics(value).flatMap { Ratio(of: statistics, to: $0) })
    }

    /// Nil unless each run knows it.
    private func statistics(_ value: Value) -> Statistics? {
        let values = runs.compactMap { value($0.nanoseconds, $0.rows) }
        return values.count == runs.count ? Statistics(values) : nil
    }
}
