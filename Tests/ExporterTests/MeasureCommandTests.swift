import ArgumentParser
import Reports
import Sources
import Testing

@testable import Exporter

@Suite struct MeasureCommandTests {
    @Test func `without options it measures once, and leaves the defaults to others`() throws {
        let command = try parse([])
        #expect(command.command.isEmpty)
        #expect(command.interval == nil)
        #expect(command.count == nil)
        #expect(command.format == nil)
    }

    @Test func `whatever comes behind two hyphens is the command`() throws {
        let command = try parse(["--repeat", "3", "--baseline", "5s", "--", "serve", "--help", "--", "--version"])
        #expect(command.command == ["serve", "--help", "--", "--version"])
        #expect(command.runs.repetitions == 3)
        #expect(command.baseline?.nanoseconds == 5_000_000_000)
    }

    @Test func `the hyphens may be left out, and short names are those of other tools`() throws {
        let command = try parse(["-r", "3", "-ofile", "--trace", "a.csv", "make", "-j8", "--repeat", "2", "--help"])
        #expect(command.command == ["make", "-j8", "--repeat", "2", "--help"])
        #expect(command.runs.repetitions == 3)
        #expect(command.output == "file")
        #expect(command.trace?.path == "a.csv" && command.trace?.format == .csv)
    }

    @Test func `what is compared may stand before other options`() throws {
        let command = try parse(["--compare", "a b", "c", "-n", "one", "-w2", "-p", "sync", "--format", "csv"])
        #expect(command.runs.compared == ["a b", "c"])
        #expect(command.runs.names == ["one"])
        #expect(command.runs.warmups == 2)
        #expect(command.runs.preparation == "sync")
        #expect(command.format == .csv && command.command.isEmpty)
        var options = MeasureOptions()
        command.runs.apply(to: &options)
        #expect(options.runsOfEach == 10 && options.commandCount == 2 && !options.isOfMachine)
        #expect([options.name(0), options.name(1)] == ["one", "c"])
    }

    @Test(arguments: [
        ["--compare", "a"], ["--command-name", "x", "--", "a"], ["--compare", "a", "b", "--", "c"],
        ["--compare", "a", "b", "-n1", "-n2", "-n3"],
    ])
    func `what cannot be compared is refused`(arguments: [String]) {
        #expect(refusal(of: arguments).contains(" makes no sense "))
    }

    @Test func `options of the source are those of serve`() throws {
        let command = try parse(["--source", "simulated", "--sample.interval", "5ms", "--path.sysfs", "/a"])
        var configuration = Configuration()
        try command.source.apply(to: &configuration, environment: Environment { _ in nil })
        #expect(configuration.source == .simulated)
        #expect(configuration.sampleInterval.nanoseconds == 5_000_000)
        #expect(configuration.sysfs == "/a")
    }

    @Test(arguments: [("1ms", 1_000_000), ("0.25", 250_000_000), ("3600", 3_600_000_000_000)])
    func `a time is read as a sample interval is, and may be longer`(text: String, nanoseconds: UInt64) throws {
        #expect(try parse(["--interval", text]).interval?.nanoseconds == nanoseconds)
    }

    @Test(arguments: [
        ["--interval", "0"], ["--interval", "3601s"], ["--baseline", "1h"], ["--count", "0"], ["--count", "100001"],
        ["--repeat", "many"], ["--format", "xml"], ["--output", ""], ["--source", "rapl"], ["--trace", "power.txt"],
        ["--trace", "-"],
        ["--warmup", "many"], ["--prepare", " "], ["--command-name", ""],
    ])
    func `a wrong value is an error that names the option and the value`(arguments: [String]) {
        let message = refusal(of: arguments)
        #expect(message.contains(arguments[0]))
        #expect(message.contains("'\(arguments[1])'"))
        #expect(message.contains("allowed"))
    }

    @Test(arguments: [
        ["--repeat", "2"], ["--baseline", "1s"], ["--interval", "1", "--", "ls"], ["--count", "2", "--", "ls"],
        ["--trace", "a.csv", "--output", "a.csv"], ["--warmup", "1"], ["--prepare", "a"], ["--allow-unmeasured"],
    ])
    func `what makes no sense together is refused`(arguments: [String]) {
        #expect(refusal(of: arguments).contains("'\(arguments[0])' makes no sense here"))
    }

    private func parse(_ arguments: [String]) throws -> MeasureCommand {
        try #require(try Command.parse(asRoot: ["measure"] + arguments) as? MeasureCommand)
    }

    private func refusal(of arguments: [String]) -> String {
        do {
            _ = try parse(arguments)
            Issue.record("accepted")
            return ""
        } catch {
            #expect(Command.exitCode(for: error).rawValue == 64)
            let message = Command.message(for: error)
            #expect(!message.contains("\n"))
            return message
        }
    }
}
