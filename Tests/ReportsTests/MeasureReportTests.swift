import Counters
import Kernel
import TestSupport
import Testing

@testable import Reports

@Suite struct MeasureReportTests {
    // One measurement of the machine

    @Test func `a table of the machine`() {
        let report = report(.table)
        let expected = """
            The machine in 2.000 s:

              domain      joules  uncertainty  mean watts  peak watts
              package_0  100.000        0.098      50.000      61.235
              dram_0       0.001        0.000       0.001       0.001

            """
        #expect(report.opening == "")
        #expect(report.machine(interval, number: 1, count: 1) == expected)
    }

    @Test func `several tables are numbered and set apart`() {
        let report = report(.table)
        #expect(report.machine(interval, number: 1, count: 3).hasPrefix("Measurement 1 of 3 in 2.000 s:\n\n"))
        #expect(report.machine(interval, number: 2, count: 3).hasPrefix("\nMeasurement 2 of 3 in 2.000 s:\n\n"))
    }

    @Test func `JSON of the machine is one object on one line`() {
        let expected = """
            {"source":"powercap","simulated":false,"sample_interval_seconds":0.100000000,"notes":[],"measurement":7,\
            "start_seconds":3.000000001,"duration_seconds":2.000000000,"domains":[\
            {"domain":"package_0","kind":"package","joules":100.000000,"mean_watts":50.000000,\
            "peak_watts":61.234567,"uncertainty_joules":0.097780},\
            {"domain":"dram_0","kind":"dram","joules":0.001000,"mean_watts":0.000500,\
            "peak_watts":0.000500,"uncertainty_joules":0.000124}]}

            """
        let report = report(.json)
        #expect(report.opening == "")
        #expect(report.machine(interval, number: 7, count: 9) == expected)
    }

    @Test func `CSV of the machine is a row for each domain under a header`() {
        let report = report(.csv)
        #expect(report.opening == header)
        let expected = """
            interval,7,3.000000001,2.000000000,package_0,package,100.000000,50.000000,61.234567,0.097780,,,,,,powercap,false,,,,
            interval,7,3.000000001,2.000000000,dram_0,dram,0.001000,0.000500,0.000500,0.000124,,,,,,powercap,false,,,,

            """
        #expect(report.machine(interval, number: 7, count: 9) == expected)
    }

    // One run of a command

    @Test func `a table of a command`() {
        let expected = """

            "make -j 2" in 2.000 s, exit status 0:

              domain      joules  uncertainty  mean watts  peak watts
              package_0  100.000        0.098      50.000      61.235
              dram_0       0.001        0.000       0.001       0.001

            """
        #expect(report(.table).command(["make", "-j", "2"], [run(.exited(status: 0))]) == expected)
    }

    @Test func `a table says what ended the command`() {
        let failed = report(.table).command(["false"], [run(.exited(status: 1))])
        #expect(failed.contains("\"false\" in 2.000 s, exit status 1:\n"))
        let killed = report(.table).command(["sleep"], [run(.killed(by: .terminate))])
        #expect(killed.contains("\"sleep\" in 2.000 s, ended by signal 15:\n"))
    }

    @Test func `a table with a baseline says what is left without it`() {
        var report = report(.table)
        report.baseline = baseline
        let expected = """

            "true" in 2.000 s, exit status 0:

              domain      joules  uncertainty  mean watts  peak watts  idle watts  idle joules  net joules  net uncertainty
              package_0  100.000        0.098      50.000      61.235      10.000       20.000      80.000            0.108
              dram_0       0.001        0.000       0.001       0.001       0.002        0.004      -0.003            0.000

              idle: the machine left alone for 4.000 s before; net: without what it would have used idle.

            """
        #expect(report.command(["true"], [run(.exited(status: 0))]) == expected)
    }

    @Test func `JSON of a command tells its words, its exit status and the baseline`() {
        var report = report(.json)
        report.baseline = baseline
        let expected = """
            {"source":"powercap","simulated":false,"sample_interval_seconds":0.100000000,"notes":[],\
            "command":["echo","a \\"b\\"\\n\\u0007"],"exit_status":143,\
            "baseline":{"start_seconds":0.500000000,"duration_seconds":4.000000000},\
            "start_seconds":3.000000001,"duration_seconds":2.000000000,"domains":[\
            {"domain":"package_0","kind":"package","joules":100.000000,"mean_watts":50.000000,\
            "peak_watts":61.234567,"uncertainty_joules":0.097780,"baseline_watts":10.000000,\
            "baseline_joules":20.000000,"net_joules":80.000000,"net_uncertainty_joules":0.107607},\
            {"domain":"dram_0","kind":"dram","joules":0.001000,"mean_watts":0.000500,\
            "peak_watts":0.000500,"uncertainty_joules":0.000124,"baseline_watts":0.002000,\
            "baseline_joules":0.004000,"net_joules":-0.003000,"net_uncertainty_joules":0.000188}]}

            """
        #expect(report.command(["echo", "a \"b\"\n\u{7}"], [run(.killed(by: .terminate))]) == expected)
    }

    // Repeated runs

    @Test func `a table of repeated runs tells means and standard deviations`() {
        let expected = """

            "true", mean of 3 runs in 2.000 s (standard deviation 1.000 s), 1 of them failed, the first by exit status 3:

              domain      joules  std. dev.  uncertainty  mean watts  std. dev.  peak watts
              package_0  101.000      1.000        0.098      60.000     10.000      62.235
              dram_0     unknown    unknown      unknown     unknown    unknown     unknown

            """
        #expect(report(.table).command(["true"], repeated) == expected)
    }

    @Test func `JSON of repeated runs tells means, standard deviations and every run`() {
        let text = report(.json).command(["true"], repeated)
        let begin = """
            "command":["true"],"exit_status":3,"duration_seconds":2.000000000,"standard_deviation_seconds":1.000000000,\
            "domains":[{"domain":"package_0","kind":"package","joules":101.000000,"mean_watts":60.000000,\
            "peak_watts":62.234567,"uncertainty_joules":0.097780,"standard_deviation_joules":1.000000,\
            "standard_deviation_watts":10.000000},{"domain":"dram_0","kind":"dram","joules":null,"mean_watts":null,\
            "peak_watts":null,"uncertainty_joules":null}],"runs":[{"exit_status":0,"start_seconds":3.000000001,
            """
        #expect(text.contains(begin.dropLast()))
        #expect(
            text.count(of: "\"exit_status\":3,\"start_seconds\":3.000000001,\"duration_seconds\":3.000000000,") == 1)
        #expect(text.count(of: "\"domain\":\"package_0\"") == 4)
    }

    @Test func `CSV of repeated runs ends with rows of means and standard deviations`() {
        var report = report(.csv)
        report.baseline = baseline
        let lines = report.command(["true"], repeated).split(separator: "\n")
        #expect(lines.count == 1 + 2 * 3 + 2 + 2)
        #expect(lines[0] + "\n" == header)
        #expect(
            lines[6]
                == "run,3,3.000000001,3.000000000,dram_0,dram,,,,,,,,,3,powercap,false,,,,true")
        #expect(
            lines[7] == """
                mean,,,2.000000000,package_0,package,101.000000,60.000000,62.234567,0.097780,10.000000,20.000000,\
                81.000000,0.107607,,powercap,false,,,,true
                """)
        #expect(lines[8] == "mean,,,2.000000000,dram_0,dram,,,,,,,,,,powercap,false,,,,true")
        #expect(
            lines[9] == """
                standard_deviation,,,1.000000000,package_0,package,1.000000,10.000000,,,,,9.000000,,,powercap,false,,,,true
                """)
        let columns = lines.map { $0.count { $0 == "," } }
        #expect(Set(columns) == [20])
    }

    // What a signal cut short

    @Test func `a fragment alone is told and marked`() {
        var fragment = run(.killed(by: .interrupt))
        fragment.interval.isFragment = true
        #expect(report(.table).command(["true"], [fragment]).contains(" in 2.000 s, ended by signal 2, a fragment:\n"))
        let json = report(.json).command(["true"], [fragment])
        #expect(json.contains("\"duration_seconds\":2.000000000,\"fragment\":true,\"domains\":["))
        let csv = report(.csv).command(["true"], [fragment]).split(separator: "\n")
        #expect(csv[1].hasPrefix("fragment,1,") && csv[2].hasPrefix("fragment,1,"))
        let machine = fragment.interval
        #expect(report(.table).machine(machine, number: 1, count: 1).hasPrefix("The machine in 2.000 s, a fragment:\n"))
        #expect(report(.json).machine(machine, number: 1, count: 1).contains("\"fragment\":true,"))
        #expect(report(.csv).machine(machine, number: 1, count: 1).hasPrefix("fragment,1,"))
    }

    @Test func `a fragment enters no mean and no deviation`() {
        var fragment = run(.killed(by: .interrupt))
        fragment.interval.isFragment = true
        fragment.interval.domains[0]?.microjoules = 1
        let runs = Array(repeated.prefix(2))
        let whole = report(.table).command(["true"], runs)
        let note = "\n  Note: the last run is left out, since a signal cut it short.\n"
        #expect(report(.table).command(["true"], runs + [fragment]) == whole + note)
        let json = report(.json).command(["true"], runs + [fragment])
        #expect(json.contains("\"joules\":100.500000,") && json.count(of: "\"fragment\":true") == 1)
        let lines = report(.csv).command(["true"], runs + [fragment]).split(separator: "\n")
        #expect(lines.count { $0.hasPrefix("fragment,3,") } == 2)
        #expect(lines.contains { $0.hasPrefix("mean,") && $0.contains(",package_0,package,100.500000,") })
        // Beside a single run it changes nothing of that.
        let single = report(.json).command(["true"], [runs[0], fragment])
        #expect(single.contains("\"duration_seconds\":1.000000000,\"domains\":[{\"domain\":\"package_0\""))
        #expect(single.contains("\"runs\":[{\"exit_status\":0,"))
    }

    // Where nothing can be read

    @Test func `without a source everything is null`() {
        let facts = ReportFacts(
            sourceName: nil, isSimulated: false, sampleNanoseconds: 100_000_000,
            domains: [Domain(kind: .package, socket: 0)], notes: ["no counter"])
        var empty = run(.exited(status: 0))
        empty.interval.domains = []
        empty.attribution = CommandAttribution(commandMicroseconds: 1, othersMicroseconds: 1, parts: [])
        let json = MeasureReport(facts: facts, format: .json).command(["true"], [empty])
        #expect(json.hasPrefix("{\"source\":null,\"simulated\":false,"))
        #expect(json.contains("\"domains\":[{\"domain\":\"package_0\",\"kind\":\"package\",\"joules\":null,"))
        let csv = MeasureReport(facts: facts, format: .csv).command(["true"], [empty])
        #expect(csv.contains("\nrun,1,3.000000001,2.000000000,package_0,package,,,,,,,,,0,,false,,,,true\n"))
        // What came to be read meanwhile is none of it.
        let table = MeasureReport(facts: facts, format: .table).command(["true"], [run(.exited(status: 0))])
        #expect(table.contains("Note: no counter\n") && table.contains("  package_0  unknown"))
    }

    // Who used it

    @Test func `a table of who used it`() {
        let expected = """
              By processor time, 1.500 s of the command's and 0.250 s of all others':

              domain     the command's joules  all others'    idle
              package_0                70.000       10.000  20.000

              idle: by the share of time at rest, which is too little: --baseline measures it.

            """
        #expect(report(.table).command(["true"], [attributed(70)]).hasSuffix("\n\n" + expected))
        var withBaseline = report(.table)
        withBaseline.baseline = baseline
        #expect(
            withBaseline.command(["true"], [attributed(70)]).contains(
                "  idle: what the machine took that was left alone before.\n"))
    }

    @Test func `JSON and CSV of who used it`() {
        let json = report(.json).command(["true"], [attributed(70)])
        #expect(json.contains("\"command_cpu_seconds\":1.500000,\"others_cpu_seconds\":0.250000,\"domains\":["))
        #expect(
            json.contains(
                "\"command_joules\":70.000000,\"others_joules\":10.000000,\"idle_joules\":20.000000},{\"domain\":\"dram_0\""
            ))
        #expect(json.count(of: "command_joules") == 1)
        let lines = report(.csv).command(["true"], [attributed(70)]).split(separator: "\n")
        #expect(lines[1].hasSuffix(",0,powercap,false,70.000000,10.000000,20.000000,true"))
        #expect(lines[2].hasSuffix(",0,powercap,false,,,,true"))
    }

    @Test func `of repeated runs the means are told, and they add up to the mean energy`() {
        let runs = [attributed(70), attributed(71), attributed(71)]
        let json = report(.json).command(["true"], runs)
        #expect(
            json.contains("\"command_joules\":70.666667,\"others_joules\":10.000000,\"idle_joules\":19.333333,"))
    }

    @Test func `parts that are not all of what a domain used are not told`() {
        var run = attributed(70)
        run.interval.domains[0]?.microjoules += 1
        #expect(report(.json).command(["true"], [run]).count(of: "command_joules") == 0)
        run.interval.domains[0] = nil
        #expect(report(.json).command(["true"], [run]).count(of: "command_joules") == 0)
    }

    /// Of 100 J of the package; nothing is shared out of dram.
    private func attributed(_ joules: UInt64) -> CommandRun {
        let parts = CommandParts(command: joules * 1_000_000, others: 10_000_000, idle: (90 - joules) * 1_000_000)
        return CommandRun(
            interval: interval, end: .exited(status: 0),
            attribution: CommandAttribution(
                commandMicroseconds: 1_500_000, othersMicroseconds: 250_000, parts: [parts, nil]))
    }

    // What must not be overlooked

    @Test func `a simulated source is said loudly in every format`() {
        var facts = facts
        facts.sourceName = "simulated"
        facts.isSimulated = true
        let table = MeasureReport(facts: facts, format: .table)
        #expect(table.opening.contains("\n  SIMULATED: "))
        #expect(table.command(["true"], [run(.exited(status: 0))]).contains("\n  SIMULATED: "))
        let json = MeasureReport(facts: facts, format: .json)
        #expect(json.machine(interval, number: 1, count: 1).contains("\"source\":\"simulated\",\"simulated\":true"))
        let csv = MeasureReport(facts: facts, format: .csv)
        #expect(csv.machine(interval, number: 1, count: 1).count(of: ",simulated,true,,,,\n") == 2)
    }

    @Test func `what is missing is noted`() {
        var facts = facts
        facts.notes = ["zone \"x\" is not counted"]
        #expect(MeasureReport(facts: facts, format: .table).opening == "Note: zone \"x\" is not counted\n")
        let json = MeasureReport(facts: facts, format: .json).machine(interval, number: 1, count: 1)
        #expect(json.contains("\"notes\":[\"zone \\\"x\\\" is not counted\"]"))
    }

    @Test func `why the energy of a domain is not known is noted, once`() {
        var run = run(.exited(status: 0))
        run.interval.domains[1] = nil
        run.interval.remarks = ["the energy of dram_0 is unknown: its counter was set anew"]
        let table = report(.table).command(["true"], [run, run])
        #expect(table.hasSuffix("\n\n  Note: the energy of dram_0 is unknown: its counter was set anew\n"))
        #expect(table.count(of: "Note: ") == 1)
        let json = report(.json).command(["true"], [run, run])
        #expect(json.contains("\"notes\":[\"the energy of dram_0 is unknown: its counter was set anew\"],"))
    }

    @Test func `the status of all runs is the first failure's`() {
        #expect([run(.exited(status: 0)), run(.exited(status: 0))].exitStatus == 0)
        #expect([run(.exited(status: 0)), run(.exited(status: 4)), run(.exited(status: 5))].exitStatus == 4)
        #expect([run(.killed(by: .interrupt)), run(.exited(status: 5))].exitStatus == 130)
    }

    // Material

    private let header = """
        record,number,start_seconds,duration_seconds,domain,kind,joules,mean_watts,peak_watts,uncertainty_joules,\
        baseline_watts,baseline_joules,net_joules,net_uncertainty_joules,exit_status,source,simulated,\
        command_joules,others_joules,idle_joules,command

        """

    private let facts = ReportFacts(
        sourceName: "powercap", isSimulated: false, sampleNanoseconds: 100_000_000,
        domains: [Domain(kind: .package, socket: 0), Domain(kind: .dram, socket: 0)], notes: [])

    private let interval = EnergyInterval(
        startNanoseconds: 3_000_000_001, durationNanoseconds: 2_000_000_000,
        domains: [
            DomainEnergy(
                microjoules: 100_000_000, meanMicrowatts: 50_000_000, peakMicrowatts: 61_234_567,
                uncertaintyMicrojoules: 97_780),
            DomainEnergy(
                microjoules: 1000, meanMicrowatts: 500, peakMicrowatts: 500, uncertaintyMicrojoules: 124),
        ])

    /// 10 W and 2 mW, for 4 s.
    private let baseline = Baseline(
        interval: EnergyInterval(
            startNanoseconds: 500_000_000, durationNanoseconds: 4_000_000_000,
            domains: [
                DomainEnergy(
                    microjoules: 40_000_000, meanMicrowatts: 10_000_000, peakMicrowatts: 11_000_000,
                    uncertaintyMicrojoules: 19_653),
                DomainEnergy(
                    microjoules: 8000, meanMicrowatts: 2000, peakMicrowatts: 3000, uncertaintyMicrojoules: 126),
            ]))

    /// Three runs of 1, 2 and 3 seconds; the last fails, and dram cannot be read in it.
    private var repeated: [CommandRun] {
        (0..<3).map { index in
            var run = run(.exited(status: index == 2 ? 3 : 0))
            run.interval.durationNanoseconds = UInt64(index + 1) * 1_000_000_000
            run.interval.domains[0]?.microjoules += UInt64(index) * 1_000_000
            run.interval.domains[0]?.meanMicrowatts += UInt64(index) * 10_000_000
            run.interval.domains[0]?.peakMicrowatts += index == 1 ? 1_000_000 : 0
            if index == 2 { run.interval.domains[1] = nil }
            return run
        }
    }

    private func report(_ format: ReportFormat) -> MeasureReport {
        MeasureReport(facts: facts, format: format)
    }

    private func run(_ end: ProcessEnd) -> CommandRun {
        CommandRun(interval: interval, end: end)
    }
}
