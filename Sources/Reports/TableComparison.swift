import Bytes
import Counters

extension TableReport {
    /// A table of seconds, and one for each quantity of each domain.
    func comparison(_ commands: [ComparedCommand]) -> String {
        let comparison = Comparison(report, commands)
        let rows = comparison.rows
        var text = "\n" + opening + (opening.isEmpty ? "" : "\n")
        text += "In turn; 95 % confidence intervals; ratios to the first:\n"
        text += table("seconds", rows, digits: 9) { $0.duration }
        for (index, domain) in report.facts.domains.enumerated() {
            text += table("\(domain.tag) joules", rows) { $0.domains[index].energy }
            if report.baseline != nil { text += table("\(domain.tag) net joules", rows) { $0.domains[index].net } }
            if rows.contains(where: { $0.domains[index].own != nil }) {
                text += table("\(domain.tag) the command's joules", rows) { $0.domains[index].own }
            }
        }
        return text + baseline + notes(commands, comparison.remarks)
    }

    private func table(
        _ title: String, _ rows: [Comparison.Row], digits: Int = 6, _ value: (Comparison.Row) -> Estimate?
    ) -> String {
        let estimates = rows.map(value)
        func milli(_ value: Int64?) -> String { value.map { decimal($0, digits: digits, shown: 3) } ?? "unknown" }
        var table = TextTable()
        table.add(title, rows.enumerated().map { "\($0 + 1): \(TableReport.short($1.command.name))" })
        table.add("runs", rows.map { String($0.command.complete.count) })
        table.add("mean", estimates.map { milli($0?.statistics.mean) })
        table.add("std. dev.", estimates.map { milli($0?.statistics.standardDeviation) })
        table.add("interval", estimates.map { interval($0?.statistics.confidence, digits) })
        table.add("ratio", estimates.map { $0?.ratio.map { decimal($0.millionths, digits: 6, shown: 3) } ?? "unknown" })
        table.add("interval", estimates.map { interval($0?.ratio?.confidence, 6) })
        return "\n" + table.text
    }

    private func interval(_ bounds: Statistics.Bounds?, _ digits: Int) -> String {
        guard let bounds else { return "-" }
        return "\(decimal(bounds.low, digits: digits, shown: 3)) to \(decimal(bounds.high, digits: digits, shown: 3))"
    }

    /// Long commands would make the columns run over.
    private static func short(_ name: String) -> String {
        let line = printable(name.map { $0.isNewline ? " " : String($0) }.joined())
        return line.count > 24 ? line.prefix(21) + "..." : line
    }

    private func notes(_ commands: [ComparedCommand], _ remarks: [String]) -> String {
        var notes = remarks
        for command in commands {
            if command.complete.count < command.runs.count {
                notes.append("the last run of '\(command.name)' is left out, since a signal cut it short")
            }
            if let failures = failures(command.complete) {
                notes.append("of the runs of '\(command.name)', \(failures)")
            }
        }
        let own = notes.map { "\n  Note: \(printable($0))\n" }.joined()
        return own + self.remarks(commands.flatMap(\.runs).map(\.interval))
    }
}
