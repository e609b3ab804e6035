import Bytes
import Counters
import Kernel

/// Aligned columns and sentences, for people: rounded to a thousandth.
struct TableReport {
    let report: MeasureReport

    init(_ report: MeasureReport) {
        self.report = report
    }

    /// Says loudly what must not be overlooked.
    var opening: String {
        var text = ""
        if report.facts.isSimulated {
            let rule = String(repeating: "=", count: 72)
            text += "\(rule)\n  SIMULATED: the numbers come from a model and measure nothing.\n\(rule)\n"
        }
        for note in report.facts.notes { text += "Note: \(note)\n" }
        return text
    }

    func machine(_ interval: EnergyInterval, number: Int, count: Int) -> String {
        let ordinal = count > 1 ? "Measurement \(number) of \(count)" : "The machine"
        let separator = number > 1 || !opening.isEmpty ? "\n" : ""
        return
            "\(separator)\(ordinal) in \(seconds(interval.durationNanoseconds)) s\(interval.isFragment ? ", a fragment" : ""):\n\n\(table(report.rows(interval)))"
            + remarks([interval])
    }

    func command(_ words: [String], _ all: [CommandRun]) -> String {
        let runs = all.complete
        // Whatever the command printed last need not have ended its line.
        var text = "\n" + opening + (opening.isEmpty ? "" : "\n") + JSONObject.quoted(words.joined(separator: " "))
        if let summary = report.summary(runs) {
            text += ", mean of \(runs.count) runs in \(seconds(summary.duration.mean)) s"
            text +=
                " (standard deviation \(seconds(summary.duration.standardDeviation ?? 0)) s)\(failures(runs).map { ", " + $0 } ?? ""):\n\n"
            text += table(summary.rows, isSummary: true) + attribution(runs, summary.rows)
        } else if let run = runs.first {
            let mark = run.interval.isFragment ? ", a fragment" : ""
            text += " in \(seconds(run.interval.durationNanoseconds)) s, \(description(run.end))\(mark):\n\n"
            text += table(report.rows(run)) + attribution(runs, report.rows(run))
        }
        text += baseline
        if runs.count < all.count { text += "\n  Note: the last run is left out, since a signal cut it short.\n" }
        return text + remarks(runs.map(\.interval))
    }

    /// What the columns about the idle machine say; empty if there are none.
    var baseline: String {
        guard let baseline = report.baseline else { return "" }
        return "\n  idle: the machine left alone for \(seconds(baseline.interval.durationNanoseconds)) s before;"
            + " net: without what it would have used idle.\n"
    }

    /// Who used it.
    private func attribution(_ runs: [CommandRun], _ rows: [ReportRow]) -> String {
        guard let times = CommandAttribution.mean(runs.compactMap(\.attribution)) else { return "" }
        let shown = rows.filter { $0.parts != nil }
        var table = TextTable()
        table.add("domain", shown.map(\.domain.tag))
        table.add("the command's joules", shown.map { milli($0.parts?.command) })
        table.add("all others'", shown.map { milli($0.parts?.others) })
        table.add("idle", shown.map { milli($0.parts?.idle) })
        let basis =
            report.baseline == nil
            ? "by the share of time at rest, which is too little: --baseline measures it"
            : "what the machine took that was left alone before"
        return
            "\n  By processor time, \(cpuSeconds(times.command)) s of the command's and \(cpuSeconds(times.others)) s of all others':"
            + "\n\n\(table.text)\n  idle: \(basis).\n"
    }

    func remarks(_ intervals: [EnergyInterval]) -> String {
        report.remarks(intervals).map { "\n  Note: \($0)\n" }.joined()
    }

    private func table(_ rows: [ReportRow], isSummary: Bool = false) -> String {
        var table = TextTable()
        table.add("domain", rows.map(\.domain.tag))
        table.add("joules", rows.map { milli($0.energy?.microjoules) })
        if isSummary { table.add("std. dev.", rows.map { milli($0.deviation?.microjoules) }) }
        table.add("uncertainty", rows.map { milli($0.energy?.uncertaintyMicrojoules) })
        table.add("mean watts", rows.map { milli($0.energy?.meanMicrowatts) })
        if isSummary { table.add("std. dev.", rows.map { milli($0.deviation?.meanMicrowatts) }) }
        table.add("peak watts", rows.map { milli($0.energy?.peakMicrowatts) })
        guard report.baseline != nil else { return table.text }
        table.add("idle watts", rows.map { milli($0.share?.idleMicrowatts) })
        table.add("idle joules", rows.map { milli($0.share?.idleMicrojoules) })
        table.add("net joules", rows.map { milli($0.share?.netMicrojoules) })
        if isSummary { table.add("std. dev.", rows.map { milli($0.deviation?.netMicrojoules) }) }
        table.add("net uncertainty", rows.map { milli($0.share?.netUncertaintyMicrojoules) })
        return table.text
    }

    private func description(_ end: ProcessEnd) -> String {
        switch end {
        case .exited(let status): "exit status \(status)"
        case .killed(let signal): "ended by signal \(signal.rawValue)"
        }
    }

    /// Nil if none failed.
    func failures(_ runs: [CommandRun]) -> String? {
        let failed = runs.filter { $0.end.exitStatus != 0 }
        guard let first = failed.first else { return nil }
        return "\(failed.count) of them failed, the first by \(description(first.end))"
    }

    private func seconds(_ nanoseconds: UInt64) -> String { decimal(nanoseconds, digits: 9, shown: 3) }
    private func seconds(_ nanoseconds: Int64) -> String { decimal(nanoseconds, digits: 9, shown: 3) }
    private func cpuSeconds(_ microseconds: UInt64) -> String { decimal(microseconds, digits: 6, shown: 3) }
    private func milli(_ micro: UInt64?) -> String { micro.map { decimal($0, digits: 6, shown: 3) } ?? "unknown" }
    private func milli(_ micro: Int64?) -> String { micro.map { decimal($0, digits: 6, shown: 3) } ?? "unknown" }
}
