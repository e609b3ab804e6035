import Counters
import Kernel
import TestSupport
import Testing

@testable import Reports

@Suite struct ComparisonTests {
    @Test func `a table tells seconds and joules of each command`() {
        let text = report(.table).comparison(commands)
        #expect(text.hasPrefix("\nIn turn; 95 % confidence intervals; ratios to the first:\n\n  seconds "))
        let lines = text.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
        #expect(lines[1] == "seconds runs mean std. dev. interval ratio interval")
        #expect(lines[2] == "1: old 3 2.000 1.000 -0.484 to 4.484 1.000 -")
        #expect(lines[3] == "2: new 3 1.000 0.000 1.000 to 1.000 0.500 -")
        #expect(lines[4] == "package_0 joules runs mean std. dev. interval ratio interval")
        #expect(lines[5] == "1: old 3 20.000 1.000 17.516 to 22.484 1.000 -")
        #expect(lines[6] == "2: new 3 10.000 0.000 10.000 to 10.000 0.500 0.445 to 0.571")
        #expect(lines[7] == "dram_0 joules runs mean std. dev. interval ratio interval")
        #expect(lines[8] == "1: old 3 unknown unknown - unknown -")
        #expect(lines[9] == "2: new 3 1.000 0.000 1.000 to 1.000 unknown -")
        #expect(lines.count == 10)
    }

    @Test func `JSON tells each command's estimates and runs`() {
        let text = report(.json).comparison(commands)
        #expect(
            text.contains(
                """
                "exit_status":0,"commands":[{"command":"old","exit_status":0,"complete_runs":3,"seconds":{"mean":2.000000000,\
                "standard_deviation":1.000000000,"low":-0.484137868,"high":4.484137868,"ratio":1.000000,"ratio_low":null,\
                "ratio_high":null},"domains":[{"domain":"package_0","kind":"package","joules":{"mean":20.000000,
                """.dropLast()))
        #expect(text.contains("\"ratio\":0.500000,\"ratio_low\":0.444758,\"ratio_high\":0.570911}"))
        #expect(text.contains("{\"domain\":\"dram_0\",\"kind\":\"dram\",\"joules\":null,\"uncertainty_joules\":null}]"))
        #expect(text.count(of: "\"exit_status\":0,\"start_seconds\":") == 6)
        #expect(!text.contains("net_joules") && !text.contains("command_joules"))
    }

    @Test func `CSV has the command in a column, and a row for each figure of an estimate`() {
        let rows = report(.csv).comparison(commands).split(separator: "\n").map {
            $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        }
        #expect(Set(rows.map(\.count)) == [21])
        #expect(rows[0].last == "command")
        #expect(rows.dropFirst().prefix(20).allSatisfy { $0.last == "old" })
        let records = rows.filter { $0[4] == "package_0" && $0.last == "new" }
        #expect(
            records.map { $0[0] } == [
                "run", "run", "run", "mean", "standard_deviation", "low", "high", "ratio", "ratio_low", "ratio_high",
            ])
        // Seconds and joules.
        #expect(
            records.dropFirst(3).map { $0[3] } == [
                "1.000000000", "0.000000000", "1.000000000", "1.000000000", "0.500000", "", "",
            ])
        #expect(
            records.dropFirst(3).map { $0[6] } == [
                "10.000000", "0.000000", "10.000000", "10.000000", "0.500000", "0.444758", "0.570911",
            ])
    }

    @Test func `with a baseline and with attribution there are estimates of those parts too`() {
        var report = report(.json)
        report.baseline = Baseline(
            interval: EnergyInterval(
                startNanoseconds: 0, durationNanoseconds: 1_000_000_000,
                domains: [
                    DomainEnergy(
                        microjoules: 1_000_000, meanMicrowatts: 1_000_000, peakMicrowatts: 1_000_000,
                        uncertaintyMicrojoules: 1),
                    nil,
                ]))
        var commands = commands
        let parts = CommandParts(command: 4_000_000, others: 5_000_000, idle: 1_000_000)
        let attribution = CommandAttribution(commandMicroseconds: 1, othersMicroseconds: 1, parts: [parts, nil])
        commands[1] = ComparedCommand(
            name: "new",
            runs: commands[1].runs.map { CommandRun(interval: $0.interval, end: $0.end, attribution: attribution) })
        let text = report.comparison(commands)
        // 10 J less 1 W for 1 s, of which 4 J were its own; the first's own is not known.
        #expect(text.contains("\"net_joules\":{\"mean\":9.000000,"))
        #expect(
            text.contains(
                "\"command_joules\":{\"mean\":4.000000,\"standard_deviation\":0.000000,\"low\":4.000000,\"high\":4.000000,\"ratio\":null,"
            ))
        #expect(text.count(of: "\"command_joules\":{") == 1)
        report = MeasureReport(facts: report.facts, format: .table)
        #expect(report.comparison(commands).contains("package_0 the command's joules"))
    }

    @Test func `a run that was cut short never enters`() {
        var fragment = run(seconds: 50, joules: 1)
        fragment.interval.isFragment = true
        fragment.end = .killed(by: .interrupt)
        let cut = [commands[0], ComparedCommand(name: "new", runs: commands[1].runs + [fragment])]
        let note = "\n  Note: the last run of 'new' is left out, since a signal cut it short\n"
        #expect(report(.table).comparison(cut) == report(.table).comparison(commands) + note)
        #expect(report(.json).comparison(cut).count(of: "\"fragment\":true") == 1)
        #expect(report(.csv).comparison(cut).count(of: "\nfragment,4,") == 2)
        // Where no run is complete nothing is known.
        let none = report(.json).comparison([commands[0], ComparedCommand(name: "new", runs: [fragment])])
        #expect(none.contains("\"command\":\"new\",\"exit_status\":130,\"complete_runs\":0,\"seconds\":null,"))
        #expect(none.contains("\"domain\":\"package_0\",\"kind\":\"package\",\"joules\":null,"))
    }

    @Test func `failures are noted, and the first one's status is that of all`() {
        var failed = commands
        var run = run(seconds: 1, joules: 10)
        run.end = .exited(status: 3)
        failed[1] = ComparedCommand(name: "new", runs: [run])
        #expect(
            report(.table).comparison(failed).contains(
                "Note: of the runs of 'new', 1 of them failed, the first by exit status 3\n"))
        #expect(report(.json).comparison(failed).contains("\"exit_status\":3,\"commands\":["))
    }

    @Test func `runs whose uncertainty is a good part of their energy are noted`() {
        var short = run(seconds: 1, joules: 10)
        short.interval.domains[0]?.uncertaintyMicrojoules = 1_000_001
        let commands = [commands[0], ComparedCommand(name: "new", runs: [short, short])]
        let note = "the runs of 'new' are too short to be measured: the uncertainty of package_0 is more than a tenth"
        for format in [ReportFormat.table, .json] { #expect(report(format).comparison(commands).contains(note)) }
        #expect(!report(.table).comparison(self.commands).contains("too short"))
    }

    @Test func `long names do not break a table, and commas no CSV`() {
        let name = "a, \"long\" command\nof two lines"
        let commands = [commands[0], ComparedCommand(name: name, runs: commands[1].runs)]
        #expect(report(.table).comparison(commands).contains("  2: a, \"long\" command of ...  "))
        #expect(report(.csv).comparison(commands).contains(",\"a, \"\"long\"\" command\nof two lines\"\n"))
    }

    // Material

    /// Of 19, 20 and 21 J in 1, 2 and 3 s, with dram unknown once, against 10 J in 1 s each time.
    private var commands: [ComparedCommand] {
        var old = [run(seconds: 1, joules: 19), run(seconds: 2, joules: 20), run(seconds: 3, joules: 21)]
        old[1].interval.domains[1] = nil
        return [
            ComparedCommand(name: "old", runs: old),
            ComparedCommand(name: "new", runs: Array(repeating: run(seconds: 1, joules: 10), count: 3)),
        ]
    }

    private func run(seconds: UInt64, joules: UInt64) -> CommandRun {
        func energy(_ joules: UInt64) -> DomainEnergy {
            DomainEnergy(
                microjoules: joules * 1_000_000, meanMicrowatts: joules * 1_000_000 / seconds,
                peakMicrowatts: joules * 1_000_000, uncertaintyMicrojoules: 1000)
        }
        return CommandRun(
            interval: EnergyInterval(
                startNanoseconds: 0, durationNanoseconds: seconds * 1_000_000_000, domains: [energy(joules), energy(1)]),
            end: .exited(status: 0))
    }

    private func report(_ format: ReportFormat) -> MeasureReport {
        MeasureReport(
            facts: ReportFacts(
                sourceName: "powercap", isSimulated: false, sampleNanoseconds: 100_000_000,
                domains: [Domain(kind: .package, socket: 0), Domain(kind: .dram, socket: 0)], notes: []),
            format: format)
    }
}
