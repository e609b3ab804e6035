import ArgumentParser
import Counters
import Logging
import Sources
import TestSupport
import Testing

@testable import Exporter
@testable import Kernel

@Suite struct CommandTests {
    @Test func `without options and environment the defaults hold`() throws {
        let configuration = try configuration([])
        #expect(configuration.listenAddresses.isEmpty)
        #expect(configuration.defaultPort == 9091)
        #expect(configuration.telemetryPath == "/metrics")
        #expect(configuration.maximumConnections == 256)
        #expect(configuration.sampleInterval.nanoseconds == 100_000_000)
        #expect(configuration.source == .auto)
        #expect(configuration.logFormat == nil)
        #expect(configuration.hasHistograms && !configuration.hasClassicBuckets)
        #expect(configuration.stateFile == nil)
    }

    @Test func `histograms can be left out, and totals kept in a file`() throws {
        let configuration = try configuration(["--no-histogram", "--state-file", "/var/lib/pyjoules/state"])
        #expect(!configuration.hasHistograms)
        #expect(configuration.stateFile == "/var/lib/pyjoules/state")
        let classic = try self.configuration(["--classic-histogram"])
        #expect(classic.hasHistograms && classic.hasClassicBuckets)
    }

    @Test func `the sandbox is entered unless it is refused`() throws {
        #expect(try configuration([]).entersSandbox)
        #expect(try !configuration(["--no-sandbox"]).entersSandbox)
    }

    @Test(arguments: [
        (["perf"], SourceChoice.these([.perf])), (["hwmon"], .these([.hwmon])), (["powercap"], .these([.powercap])),
        (["auto"], .auto), (["auto", "auto"], .auto), (["simulated"], .simulated),
        (["hwmon", "powercap"], .these([.hwmon, .powercap])),
    ])
    func `sources may be asked for`(names: [String], source: SourceChoice) throws {
        #expect(try configuration(names.flatMap { ["--source", $0] }).source == source)
    }

    @Test func `the environment sets port and interval`() throws {
        let configuration = try configuration([], ["EXPORTER_PORT": "1234", "SCRAPE_INTERVAL_SECONDS": "2.5"])
        #expect(configuration.defaultPort == 1234)
        #expect(configuration.sampleInterval.nanoseconds == 2_500_000_000)
    }

    @Test func `a flag beats the environment`() throws {
        let configuration = try configuration(
            ["--web.listen-address", "127.0.0.1:1", "--sample.interval", "20ms"],
            ["EXPORTER_PORT": "1234", "SCRAPE_INTERVAL_SECONDS": "2.5"])
        #expect(configuration.listenAddresses == [.ipv4(text: "127.0.0.1", port: 1)])
        #expect(configuration.sampleInterval.nanoseconds == 20_000_000)
    }

    @Test func `pages stand still for a second unless another resolution is asked for`() throws {
        let ours = ["EXPORTER_RESOLUTION_SECONDS": "2.5"]
        #expect(try configuration([]).resolution == Resolution(nanoseconds: 1_000_000_000))
        #expect(try configuration([], ours).resolution == Resolution(nanoseconds: 2_500_000_000))
        #expect(
            try configuration(["--web.resolution", "100ms"], ours).resolution == Resolution(nanoseconds: 100_000_000))
    }

    @Test(arguments: [
        (resolution: 1, interval: 100, standstill: 0), (100, 100, 0), (101, 100, 101), (1000, 100, 1000),
        // Scrapes read the counters once a second, however long the interval.
        (999, 60_000, 0), (1000, 1000, 1000), (1000, 60_000, 1000), (5000, 60_000, 5000),
    ])
    func `a resolution below the interval means the interval`(
        milliseconds: (resolution: UInt64, interval: UInt64, standstill: UInt64)
    ) {
        let standstill = Resolution(nanoseconds: milliseconds.resolution * 1_000_000)
            .standstillNanoseconds(every: SampleInterval(nanoseconds: milliseconds.interval * 1_000_000))
        #expect(standstill == milliseconds.standstill * 1_000_000)
    }

    @Test func `an empty variable counts as unset`() throws {
        #expect(try configuration([], ["EXPORTER_PORT": ""]).defaultPort == 9091)
    }

    /// Kubernetes makes it of a Service called `exporter`, and the exporter once ended with status 64.
    @Test(arguments: ["tcp://10.0.0.7:9091", "udp://[fd00::7]:9091", "x-1+2.3://", "TCP://a"])
    func `a port of the environment that is an address is not used, with a warning`(value: String) throws {
        let alone = try configuration([], ["EXPORTER_PORT": value])
        #expect(alone.defaultPort == 9091)
        #expect(alone.warnings.count == 1)
        #expect(alone.warnings[0].contains("EXPORTER_PORT=\(value)"))
        #expect(try configuration(["--web.listen-address", ":1"], ["EXPORTER_PORT": value]).warnings == [])
    }

    @Test(arguments: ["://10.0.0.7:9091", "1tcp://10.0.0.7:9091", "tcp:/10.0.0.7", "10.0.0.7:9091", "http", "t_p://a"])
    func `any other port of the environment that is none is an error`(value: String) {
        #expect(throws: WrongValue.self) { try configuration([], ["EXPORTER_PORT": value]) }
    }

    @Test func `what templates of other exporters pass is understood`() throws {
        #expect(try configuration(["--log.level=warn"]).logLevel == .warning)
        #expect(try configuration(["--web.config.file="]).webConfigurationFile == nil)
        #expect(try configuration(["--web.config.file=/a"]).webConfigurationFile == "/a")
        #expect(try configuration(["--web.config.file=/a", "--web.config.file="]).webConfigurationFile == nil)
        let local = try configuration(["--web.listen-address=localhost:9100"])
        #expect(local.listenAddresses == [.ipv4(text: "127.0.0.1", port: 9100)])
    }

    @Test(arguments: [
        ("--web.max-requests=40", "--web.max-connections"),
        ("--web.disable-exporter-metrics", "metric_relabel_configs"),
        ("--no-web.systemd-socket", "--web.listen-address"), ("--collector.rapl", "--source"),
        ("--no-collector.hwmon", "--source"), ("--collector.textfile.directory=/x", "--source"),
        ("--path.rootfs=/host", "--path.sysfs"),
    ])
    func `for an option of another exporter the error says what to use`(argument: String, words: String) {
        let complaint = complaint(about: [argument])
        #expect(complaint.contains(argument.prefix { $0 != "=" }))
        #expect(complaint.contains(words))
        #expect(!complaint.contains("\n"))
    }

    @Test func `for an option of nobody the error says only that`() {
        #expect(complaint(about: ["--web.nonsense"]).contains("--web.nonsense"))
        #expect(!complaint(about: ["--web.nonsense"]).contains("leave it out"))
    }

    private func complaint(about arguments: [String]) -> String {
        do {
            _ = try Command.parse(asRoot: arguments)
            return ""
        } catch {
            #expect(Command.exitCode(for: error).rawValue == 64)
            return Command.complaint(about: error)
        }
    }

    @Test func `the listen address may be repeated`() throws {
        let configuration = try configuration(["--web.listen-address", ":1", "--web.listen-address", "[::1]:2"])
        #expect(configuration.listenAddresses == [.any(port: 1), .ipv6(text: "::1", port: 2)])
    }

    @Test(arguments: [
        ("0.1", 100_000_000), ("1", 1_000_000_000), ("1s", 1_000_000_000), ("100ms", 100_000_000), ("1ms", 1_000_000),
        ("1.5ms", 1_500_000), ("60", 60_000_000_000), ("60s", 60_000_000_000), (".5", 500_000_000),
        ("5.", 5_000_000_000),
        ("0.001", 1_000_000), ("0.123456789", 123_456_789),
    ])
    func `an interval is read exactly`(text: String, nanoseconds: UInt64) throws {
        #expect(try SampleInterval(parsing: text).nanoseconds == nanoseconds)
    }

    @Test(arguments: [
        "", "0", "0.0009", "0.9ms", "60.1", "61s", "60001ms", "-1", "+1", "1e3", "1m", "1 s", "ms", "s", ".", "1.2.3",
        "0,1",
        "0.1234567890", "99999999999999999999", "\u{0661}",
    ])
    func `a wrong interval is refused`(text: String) {
        #expect(throws: WrongValue.self) { try SampleInterval(parsing: text) }
    }

    @Test(arguments: [
        ["--web.listen-address", "somewhere:1"], ["--web.listen-address", "9091"], ["--web.listen-address", ":70000"],
        ["--web.listen-address", "::1:9091"], ["--web.telemetry-path", "metrics"], ["--web.telemetry-path", "/"],
        ["--web.telemetry-path", "/-/ready"], ["--web.telemetry-path", "/a b"], ["--web.max-connections", "0"],
        ["--web.max-connections", "1025"], ["--sample.interval", "5m"], ["--source", "rapl"], ["--path.sysfs", "sys"],
        ["--state-file", "state"], ["--state-file", "/var/"],
        ["--log.level", "loud"], ["--log.format", "xml"], ["--classic-histogram", "--no-histogram"],
    ])
    func `a wrong value is an error that names the option and the value`(arguments: [String]) {
        do {
            _ = try configuration(arguments)
            Issue.record("accepted")
        } catch {
            let message = Command.message(for: error)
            #expect(message.contains(arguments[0]))
            #expect(message.contains("'\(arguments[1])'"))
            #expect(message.contains("allowed"))
            #expect(!message.contains("\n"))
            #expect(Command.exitCode(for: error).rawValue == 64)
        }
    }

    @Test(arguments: [[], ["--sample.interval", "1s"], ["serve"], ["serve", "--sample.interval", "1s"]])
    func `without a command it serves`(arguments: [String]) throws {
        #expect(try Command.parse(asRoot: arguments) is ServeCommand)
    }

    /// `serve` is read without the other commands, which must not show.
    @Test(arguments: [
        ["serve", "serve"], ["serve", "doctor"], ["--source", "simulated", "measure"], ["--", "serve"], ["-"],
    ])
    func `a command is named once, and before its options`(arguments: [String]) {
        #expect(!complaint(about: arguments).isEmpty)
    }

    @Test(arguments: [["--version"], ["serve", "--version"], ["--sample.interval", "1s", "--version"]])
    func `the version is told whatever else is there`(arguments: [String]) {
        #expect(answer(to: arguments).hasPrefix("pyjoules-exporter \(Build.version) "))
    }

    @Test(arguments: [["--help"], ["-h"], ["help"]])
    func `the help lists the commands and the options that need none`(arguments: [String]) {
        let help = answer(to: arguments)
        for text in ["serve (default)", "measure ", "--web.listen-address", "--log.format", "--version"] {
            #expect(help.count(of: "\n  \(text)") == 1)
        }
    }

    @Test(arguments: [["serve", "--help"], ["help", "serve"]])
    func `the help of a command lists its own options`(arguments: [String]) {
        let help = answer(to: arguments)
        #expect(help.contains("USAGE: pyjoules-exporter serve "))
        #expect(help.count(of: "\n  --web.listen-address") == 1)
    }

    private func answer(to arguments: [String]) -> String {
        do {
            var command = try Command.parse(asRoot: arguments)
            try command.run()
            return ""
        } catch {
            return Command.help(for: error)
        }
    }

    private func configuration(
        _ arguments: [String], _ environment: [String: String] = [:]
    ) throws -> Configuration {
        let command = try #require(try Command.parse(asRoot: arguments) as? ServeCommand)
        return try command.configuration { environment[$0] }
    }
}
