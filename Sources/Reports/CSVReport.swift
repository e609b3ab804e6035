import Bytes
import Counters
import Kernel

/// Comma-separated values: a header, which is always the same, and a row for each domain of each measurement. What is unknown
/// or was not asked for is empty.
struct CSVReport {
    /// What a row tells.
    enum Record: String {
        /// A measurement of the machine.
        case interval
        /// One run of a command.
        case run
        /// One of either that a signal asked to end before it was over.
        case fragment
        /// The mean of all runs; the peak is the highest.
        case mean
        /// The spread of the runs.
        case standardDeviation = "standard_deviation"
    }

    static let header =
        [
            "record", "number", "start_seconds", "duration_seconds", "domain", "kind", "joules", "mean_watts",
            "peak_watts", "uncertainty_joules", "baseline_watts", "baseline_joules", "net_joules",
            "net_uncertainty_joules", "exit_status", "source", "simulated", "command_joules", "others_joules",
            "idle_joules", "command",
        ].joined(separator: ",") + "\n"

    let report: MeasureReport
    /// Nil where the machine is measured alone.
    private let command: String?

    init(_ report: MeasureReport, command: String? = nil) {
        self.report = report
        self.command = command
    }

    /// All about one command.
    func whole(_ runs: [CommandRun]) -> String {
        var text = CSVReport.header + rows(runs)
        guard let summary = report.summary(runs) else { return text }
        for row in summary.rows { text += mean(row, summary.duration) }
        for row in summary.rows { text += deviation(row, summary.duration) }
        return text
    }

    func rows(_ runs: [CommandRun]) -> String {
        runs.enumerated().map { index, run in
            rows(report.rows(run), run.interval, .run, number: index + 1, end: run.end)
        }.joined()
    }

    func rows(_ interval: EnergyInterval, _ record: Record, number: Int) -> String {
        rows(report.rows(interval), interval, record, number: number, end: nil)
    }

    private func rows(
        _ rows: [ReportRow], _ interval: EnergyInterval, _ record: Record, number: Int, end: ProcessEnd?
    ) -> String {
        let times = [
            decimal(interval.startNanoseconds, digits: 9), decimal(interval.durationNanoseconds, digits: 9),
        ]
        return rows.map { row in
            line(
                [(interval.isFragment ? .fragment : record).rawValue, String(number)] + times, row.domain, values(row),
                end.map { String($0.exitStatus) },
                parts(row))
        }.joined()
    }

    private func mean(_ row: ReportRow, _ duration: Statistics) -> String {
        line(
            [Record.mean.rawValue, nil, nil, decimal(duration.mean, digits: 9)], row.domain, values(row), nil,
            parts(row))
    }

    private func deviation(_ row: ReportRow, _ duration: Statistics) -> String {
        let joules = row.deviation.map { decimal($0.microjoules, digits: 6) }
        let watts = row.deviation.map { decimal($0.meanMicrowatts, digits: 6) }
        let net = row.deviation?.netMicrojoules.map { decimal($0, digits: 6) }
        return line(
            [Record.standardDeviation.rawValue, nil, nil, duration.standardDeviation.map { decimal($0, digits: 9) }],
            row.domain, [joules, watts, nil, nil, nil, nil, net, nil], nil, [nil, nil, nil])
    }

    private func values(_ row: ReportRow) -> [String?] {
        [
            row.energy.map { decimal($0.microjoules, digits: 6) },
            row.energy.map { decimal($0.meanMicrowatts, digits: 6) },
            row.energy.map { decimal($0.peakMicrowatts, digits: 6) },
            row.energy.map { decimal($0.uncertaintyMicrojoules, digits: 6) },
            row.share.map { decimal($0.idleMicrowatts, digits: 6) },
            row.share.map { decimal($0.idleMicrojoules, digits: 6) },
            row.share.map { decimal($0.netMicrojoules, digits: 6) },
            row.share.map { decimal($0.netUncertaintyMicrojoules, digits: 6) },
        ]
    }

    private func parts(_ row: ReportRow) -> [String?] {
        [row.parts?.command, row.parts?.others, row.parts?.idle].map { $0.map { decimal($0, digits: 6) } }
    }

    func line(
        _ first: [String?], _ domain: Domain, _ values: [String?], _ exitStatus: String?, _ parts: [String?]
    ) -> String {
        let last = [exitStatus, report.facts.sourceName, report.facts.isSimulated ? "true" : "false"]
        let cells = first + [domain.tag, domain.kind.rawValue] + values + last + parts + [command.map(CSVReport.cell)]
        return cells.map { $0 ?? "" }.joined(separator: ",") + "\n"
    }

    /// Text as a value of CSV, in quotation marks where it needs them. See RFC 4180.
    static func cell(_ text: String) -> String {
        guard text.utf8.contains(where: { ",\"\r\n".utf8.contains($0) }) else { return text }
        return "\"" + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }
}
