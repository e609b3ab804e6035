import Bytes
import Counters

extension JSONReport {
    /// Each command with its estimates, and its runs as a single command's are told.
    func comparison(_ commands: [ComparedCommand]) -> String {
        let comparison = Comparison(report, commands)
        let runs = commands.flatMap(\.runs)
        var object = facts(runs.map(\.interval), comparison.remarks)
        object.add("exit_status", String(runs.exitStatus))
        addBaseline(to: &object)
        object.add("commands", JSONObject.array(comparison.rows.map(command)))
        return object.text + "\n"
    }

    private func command(_ row: Comparison.Row) -> String {
        var object = JSONObject()
        object.add("command", JSONObject.quoted(row.command.name))
        object.add("exit_status", String(row.command.runs.exitStatus))
        object.add("complete_runs", String(row.command.complete.count))
        object.add("seconds", row.duration.map { estimate($0, digits: 9) })
        object.add("domains", JSONObject.array(row.domains.map(domain)))
        object.add("runs", JSONObject.array(row.command.runs.map(run)))
        return object.text
    }

    private func domain(_ row: Comparison.DomainRow) -> String {
        var object = JSONObject()
        object.add("domain", JSONObject.quoted(row.domain.tag))
        object.add("kind", JSONObject.quoted(row.domain.kind.rawValue))
        object.add("joules", row.energy.map { estimate($0, digits: 6) })
        object.add("uncertainty_joules", row.uncertaintyMicrojoules.map { decimal($0, digits: 6) })
        if report.baseline != nil { object.add("net_joules", row.net.map { estimate($0, digits: 6) }) }
        if let own = row.own { object.add("command_joules", estimate(own, digits: 6)) }
        return object.text
    }

    private func estimate(_ estimate: Estimate, digits: Int) -> String {
        let statistics = estimate.statistics
        var object = JSONObject()
        object.add("mean", decimal(statistics.mean, digits: digits))
        object.add("standard_deviation", statistics.standardDeviation.map { decimal($0, digits: digits) })
        object.add("low", statistics.confidence.map { decimal($0.low, digits: digits) })
        object.add("high", statistics.confidence.map { decimal($0.high, digits: digits) })
        object.add("ratio", estimate.ratio.map { decimal($0.millionths, digits: 6) })
        object.add("ratio_low", estimate.ratio?.confidence.map { decimal($0.low, digits: 6) })
        object.add("ratio_high", estimate.ratio?.confidence.map { decimal($0.high, digits: 6) })
        return object.text
    }
}
