import Bytes
import Counters
import Kernel

/// One JSON object on a line, its numbers exact decimals; what is unknown is null.
struct JSONReport {
    let report: MeasureReport

    init(_ report: MeasureReport) {
        self.report = report
    }

    func machine(_ interval: EnergyInterval, number: Int) -> String {
        var object = facts([interval])
        object.add("measurement", String(number))
        add(interval, to: &object)
        return object.text + "\n"
    }

    /// One run is told by its own numbers, several by their means, with each run's numbers under `runs`.
    func command(_ words: [String], _ runs: [CommandRun]) -> String {
        var object = facts(runs.map(\.interval))
        object.add("command", JSONObject.array(words.map(JSONObject.quoted)))
        object.add("exit_status", String(runs.exitStatus))
        addBaseline(to: &object)
        if let summary = report.summary(runs) {
            object.add("duration_seconds", decimal(summary.duration.mean, digits: 9))
            object.add(
                "standard_deviation_seconds",
                summary.duration.standardDeviation.map { decimal($0, digits: 9) })
            add(CommandAttribution.mean(runs.complete.compactMap(\.attribution)), to: &object)
            object.add("domains", JSONObject.array(summary.rows.map(domain)))
        } else if let run = runs.complete.first {
            add(run, to: &object)
        }
        if runs.count > 1 { object.add("runs", JSONObject.array(runs.map(run))) }
        return object.text + "\n"
    }

    func addBaseline(to object: inout JSONObject) {
        guard let baseline = report.baseline else { return }
        var idle = JSONObject()
        addTimes(baseline.interval, to: &idle)
        object.add("baseline", idle.text)
    }

    func facts(_ intervals: [EnergyInterval], _ remarks: [String] = []) -> JSONObject {
        let notes = report.facts.notes + remarks + report.remarks(intervals)
        var object = JSONObject()
        object.add("source", report.facts.sourceName.map(JSONObject.quoted))
        object.add("simulated", report.facts.isSimulated ? "true" : "false")
        object.add("sample_interval_seconds", decimal(report.facts.sampleNanoseconds, digits: 9))
        object.add("notes", JSONObject.array(notes.map(JSONObject.quoted)))
        return object
    }

    func run(_ run: CommandRun) -> String {
        var object = JSONObject()
        object.add("exit_status", String(run.end.exitStatus))
        add(run, to: &object)
        return object.text
    }

    private func add(_ run: CommandRun, to object: inout JSONObject) {
        addTimes(run.interval, to: &object)
        add(CommandAttribution.mean([run.attribution].compactMap(\.self)), to: &object)
        object.add("domains", JSONObject.array(report.rows(run).map(domain)))
    }

    private func add(_ times: (command: UInt64, others: UInt64)?, to object: inout JSONObject) {
        guard let times else { return }
        object.add("command_cpu_seconds", decimal(times.command, digits: 6))
        object.add("others_cpu_seconds", decimal(times.others, digits: 6))
    }

    private func add(_ interval: EnergyInterval, to object: inout JSONObject) {
        addTimes(interval, to: &object)
        object.add("domains", JSONObject.array(report.rows(interval).map(domain)))
    }

    private func addTimes(_ interval: EnergyInterval, to object: inout JSONObject) {
        object.add("start_seconds", decimal(interval.startNanoseconds, digits: 9))
        object.add("duration_seconds", decimal(interval.durationNanoseconds, digits: 9))
        if interval.isFragment { object.add("fragment", "true") }
    }

    private func domain(_ row: ReportRow) -> String {
        var object = JSONObject()
        object.add("domain", JSONObject.quoted(row.domain.tag))
        object.add("kind", JSONObject.quoted(row.domain.kind.rawValue))
        object.add("joules", row.energy.map { decimal($0.microjoules, digits: 6) })
        object.add("mean_watts", row.energy.map { decimal($0.meanMicrowatts, digits: 6) })
        object.add("peak_watts", row.energy.map { decimal($0.peakMicrowatts, digits: 6) })
        object.add("uncertainty_joules", row.energy.map { decimal($0.uncertaintyMicrojoules, digits: 6) })
        if report.baseline != nil {
            object.add("baseline_watts", row.share.map { decimal($0.idleMicrowatts, digits: 6) })
            object.add("baseline_joules", row.share.map { decimal($0.idleMicrojoules, digits: 6) })
            object.add("net_joules", row.share.map { decimal($0.netMicrojoules, digits: 6) })
            object.add("net_uncertainty_joules", row.share.map { decimal($0.netUncertaintyMicrojoules, digits: 6) })
        }
        if let parts = row.parts {
            object.add("command_joules", decimal(parts.command, digits: 6))
            object.add("others_joules", decimal(parts.others, digits: 6))
            object.add("idle_joules", decimal(parts.idle, digits: 6))
        }
        if let deviation = row.deviation {
            object.add("standard_deviation_joules", decimal(deviation.microjoules, digits: 6))
            object.add("standard_deviation_watts", decimal(deviation.meanMicrowatts, digits: 6))
            if let net = deviation.netMicrojoules {
                object.add("standard_deviation_net_joules", decimal(net, digits: 6))
            }
        }
        return object.text
    }
}
