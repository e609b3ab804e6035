import Kernel
import Testing

@testable import Doctor

/// What doctor says of an exporter that runs.
@Suite struct ExporterCheckTests {
    @Test func `one whose samples rise measures`() {
        let exporter = Fake([
            page(["powercap": 1], samples: 7), page(["powercap": 1], samples: 7), page(["powercap": 1], samples: 8),
        ])
        let (finding, state) = exporter.check().look()
        #expect(state == .measuring)
        #expect(finding == Finding(.ok, .exporter, "The exporter on :9091 measures by powercap."))
        #expect(
            exporter.asked
                == Array(repeating: "/metrics?name[]=pyjoules_source_up&name[]=pyjoules_samples_total", count: 3))
    }

    @Test func `one that reads nothing is a problem, whatever else is well`() {
        // After the remedy it measured nothing until it was started again, and all was said to work.
        let (finding, state) = Fake([page(["powercap": 0, "hwmon": 0], samples: 0)]).check().look()
        #expect(state == .failing)
        #expect(finding.status == .problem)
        #expect(finding.sentence == "The exporter on :9091 measures nothing: hwmon+powercap cannot be read.")
        #expect(finding.remedy?.hasPrefix("sudo systemctl restart pyjoules-exporter,") == true)
    }

    @Test func `a source that is down beside one that is up is told`() {
        let (finding, state) = Fake([page(["powercap": 1, "hwmon": 0], samples: 1), page(["powercap": 1], samples: 2)])
            .check().look()
        #expect(state == .measuring)
        #expect(finding.status == .note)
        #expect(finding.sentence.contains("measures by powercap; hwmon cannot be read now"))
    }

    @Test func `simulated numbers are no measurement`() {
        let (finding, state) = Fake([page(["simulated": 1], samples: 1)]).check().look()
        #expect(state == .failing)
        #expect(finding.sentence.contains("simulated"))
    }

    @Test(arguments: [("200 OK", ExporterCheck.State.measuring), ("503 Service Unavailable", .failing)])
    func `one whose page stands still says itself whether it samples`(status: String, expected: ExporterCheck.State) {
        let exporter = Fake([page(["powercap": 1], samples: 7)])
        exporter.ready = "HTTP/1.1 \(status)\r\n\r\npyjoules-exporter: .\n"
        #expect(exporter.check().look().state == expected)
        #expect(exporter.asked.last == "/-/ready")
    }

    @Test(arguments: [
        ("401 Unauthorized", "it asks for a password"), ("429 Too Many Requests", "it limits the rate of requests"),
        ("400 Bad Request", "it speaks TLS"),
    ])
    func `one that keeps its numbers to itself serves`(status: String, why: String) {
        let exporter = Fake([
            "HTTP/1.1 \(status)\r\n\r\npyjoules-exporter: This port speaks TLS: use https instead of http.\n"
        ])
        let (finding, state) = exporter.check().look()
        #expect(state == .closed)
        #expect(finding.status == .ok)
        #expect(finding.sentence.contains(why))
    }

    @Test func `a page that was moved is found by the landing page`() {
        let exporter = Fake([
            "HTTP/1.1 404 Not Found\r\n\r\n",
            "HTTP/1.1 200 OK\r\n\r\n<p><a href=\"x\">y</a> <a href=\"energy\">metrics</a></p>",
            page(["powercap": 1], samples: 1), page(["powercap": 1], samples: 2),
        ])
        #expect(exporter.check().look().state == .measuring)
        #expect(exporter.asked[1] == "/")
        #expect(exporter.asked[2].hasPrefix("/energy?name[]="))
    }

    @Test(
        arguments: [nil, "HTTP/1.1 404 Not Found\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 503 No\r\n\r\n"]
            as [String?])
    func `one that shows nothing is a problem`(answer: String?) {
        let (finding, state) = Fake([answer]).check().look()
        #expect(state == .failing)
        #expect(finding.status == .problem)
        #expect(finding.remedy != nil)
    }

    private func page(_ sources: KeyValuePairs<String, Int>, samples: Int) -> String {
        let lines = sources.sorted { $0.key < $1.key }.map { "pyjoules_source_up{source=\"\($0.key)\"} \($0.value)\n" }
        return
            "HTTP/1.1 200 OK\r\nDate: x\r\n\r\n# HELP pyjoules_source_up Up.\n\(lines.joined())pyjoules_samples_total \(samples)\n"
    }

    /// Gives one answer after the other, the last one again and again.
    private final class Fake {
        var answers: [String?]
        var ready: String?
        var asked: [String] = []

        init(_ answers: [String?]) { self.answers = answers }

        func check() -> ExporterCheck {
            ExporterCheck(address: .any(port: 9091), ask: { self.answer($0) }, wait: {})
        }

        private func answer(_ path: String) -> HealthAnswer? {
            asked.append(path)
            let text = path == "/-/ready" ? ready : answers.count > 1 ? answers.removeFirst() : answers[0]
            return text.map { HealthAnswer(Array($0.utf8)) }
        }
    }
}
