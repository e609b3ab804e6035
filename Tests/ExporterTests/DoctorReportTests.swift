import ArgumentParser
import Counters
import Kernel
import Sources
import TestSupport
import Testing

@testable import Doctor
@testable import Exporter

@Suite struct DoctorReportTests {
    private let findings = [
        Finding(.ok, .processor, "The processor is a \"fast\" one."),
        Finding(.note, .hwmon, "There is no sensor."),
        Finding(.problem, .powercap, "There is no counter.", remedy: "sudo modprobe intel_rapl_msr"),
    ]

    @Test func `text has its sentences in one column, and the remedy below`() {
        #expect(
            DoctorReport(findings: findings).text(.text) == """
                ok       processor  The processor is a "fast" one.
                note     hwmon      There is no sensor.
                problem  powercap   There is no counter.
                                    -> sudo modprobe intel_rapl_msr

                1 problem; the arrows say what helps.

                """)
    }

    @Test func `long sentences are broken between words, and remedies never`() {
        let long = String(repeating: "word ", count: 30)
        let remedy = String(repeating: "sudo ", count: 30)
        let text = DoctorReport(findings: [Finding(.ok, .port, long, remedy: remedy)]).text(.text)
        let lines = text.split(separator: "\n")
        #expect(lines.count == 4)
        #expect(lines[0].count <= 100)
        #expect(lines[1].hasPrefix(String(repeating: " ", count: 20) + "word"))
        #expect(lines[2].contains("-> " + remedy))
    }

    @Test func `JSON is one object on a line`() {
        #expect(
            DoctorReport(findings: findings).text(.json) == """
                {"ok":false,"findings":[\
                {"topic":"processor","status":"ok","sentence":"The processor is a \\"fast\\" one.","remedy":null},\
                {"topic":"hwmon","status":"note","sentence":"There is no sensor.","remedy":null},\
                {"topic":"powercap","status":"problem","sentence":"There is no counter.",\
                "remedy":"sudo modprobe intel_rapl_msr"}]}

                """)
    }

    @Test func `notes are no problems`() {
        let report = DoctorReport(findings: Array(findings.prefix(2)))
        #expect(report.isWell)
        #expect(
            report.text(.text).hasSuffix(
                "\nAll that is needed works. No exporter runs here; one that is started would measure.\n"))
        #expect(!DoctorReport(findings: findings).isWell)
    }

    @Test(
        arguments: [
            ([.measuring], false, "works: energy is measured and served."),
            ([.closed, .measuring], true, "works: energy is measured"),
            ([.closed], false, "works: an exporter serves"), ([], true, "would simulate and measure nothing."),
            ([], false, "would measure."),
        ] as [([ExporterCheck.State], Bool, String)])
    func `the last line says what is measured`(states: [ExporterCheck.State], simulates: Bool, words: String) {
        let report = DoctorReport(findings: [], exporter: DoctorReport.Exporter(states, simulates: simulates))
        #expect(report.text(.text).contains(words))
    }

    @Test(arguments: [(["a"], "a"), (["a", "b"], "a, b"), (["a", "b", "c", "d"], "a, b and 2 more")])
    func `many names are cut`(names: [String], text: String) {
        #expect(enumeration(names, most: 2) == text)
    }

    @Test(
        arguments: [(0, "0 s"), (119, "119 s"), (120, "2 min"), (2097, "34 min"), (7200, "2 h")] as [(UInt64, String)])
    func `times are told in the unit that fits`(seconds: UInt64, text: String) {
        #expect(duration(seconds: seconds) == text)
    }

    @Test func `options are those of serve, and the environment sets the port`() throws {
        let arguments = ["--web.listen-address", ":80", "--web.listen-address", "unix:/run/a", "--source", "perf"]
        let named = try configuration(arguments, ["EXPORTER_PORT": "x"])
        #expect(named.listenAddresses == [.any(port: 80), .unix(path: "/run/a", mode: nil)])
        #expect(named.source == .these([.perf]))
        #expect(try configuration([], [:]).listenAddresses.isEmpty, "the socket unit is asked")
        #expect(try configuration([], ["EXPORTER_PORT": "9191"]).listenAddresses == [.any(port: 9191)])
        #expect(throws: WrongValue.self) { try configuration([], ["EXPORTER_PORT": "x"]) }
    }

    private func configuration(_ arguments: [String], _ environment: [String: String]) throws -> Configuration {
        let command = try #require(try Command.parseAsRoot(["doctor"] + arguments) as? DoctorCommand)
        return try command.configuration { environment[$0] }
    }
}
