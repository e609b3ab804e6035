import Bytes

/// How findings are told.
public enum DoctorFormat: String, CaseIterable, Sendable {
    /// Columns for people.
    case text
    /// One JSON object.
    case json
}

/// All findings, in one of the two forms that they can be told.
public struct DoctorReport {
    /// What becomes of the energy while doctor looks.
    enum Exporter: Sendable {
        /// One runs and measures.
        case measures
        /// One runs, and does not show everybody what it measures.
        case serves
        case none
        /// None runs, and the one that was asked for would only simulate.
        case wouldSimulate

        init(_ states: [ExporterCheck.State], simulates: Bool) {
            self =
                states.contains(.measuring)
                ? .measures : states.contains(.closed) ? .serves : simulates ? .wouldSimulate : .none
        }
    }

    private let findings: [Finding]
    private let exporter: Exporter

    /// What an examination found.
    init(findings: [Finding], exporter: Exporter = .none) {
        self.findings = findings
        self.exporter = exporter
    }

    /// Whether all that is needed works.
    public var isWell: Bool { !findings.contains { $0.status == .problem } }

    /// The findings as text, with a line feed at the end.
    public func text(_ format: DoctorFormat) -> String {
        switch format {
        case .text: table
        case .json: object
        }
    }

    /// Sentences in a column of their own; a remedy stays on one line, so that it can be copied.
    private var table: String {
        let statusWidth = Finding.Status.allCases.reduce(0) { max($0, $1.rawValue.utf8.count) } + 2
        let topicWidth = Finding.Topic.allCases.reduce(0) { max($0, $1.rawValue.utf8.count) } + 2
        let margin = String(repeating: " ", count: statusWidth + topicWidth)
        var text = ""
        for finding in findings {
            let head = padded(finding.status.rawValue, statusWidth) + padded(finding.topic.rawValue, topicWidth)
            text += head + lines(finding.sentence, width: 80).joined(separator: "\n" + margin) + "\n"
            if let remedy = finding.remedy { text += "\(margin)-> \(remedy)\n" }
        }
        let problems = findings.count { $0.status == .problem }
        let verdict = problems == 0 ? good : "\(counted(problems, "problem")); the arrows say what helps."
        return text + "\n\(verdict)\n"
    }

    /// What it means that there is no problem.
    private var good: String {
        switch exporter {
        case .measures: "All that is needed works: energy is measured and served."
        case .serves: "All that is needed works: an exporter serves, and shows its numbers to those who may see them."
        case .none: "All that is needed works. No exporter runs here; one that is started would measure."
        case .wouldSimulate:
            "All that is needed works. No exporter runs here; this one would simulate and measure nothing."
        }
    }

    /// One JSON object on a line.
    private var object: String {
        var object = JSONObject()
        object.add("ok", isWell ? "true" : "false")
        object.add(
            "findings",
            JSONObject.array(
                findings.map { finding in
                    var member = JSONObject()
                    member.add("topic", JSONObject.quoted(finding.topic.rawValue))
                    member.add("status", JSONObject.quoted(finding.status.rawValue))
                    member.add("sentence", JSONObject.quoted(finding.sentence))
                    member.add("remedy", finding.remedy.map(JSONObject.quoted))
                    return member.text
                }))
        return object.text + "\n"
    }

    /// Breaks a text between words.
    private func lines(_ text: String, width: Int) -> [String] {
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ") {
            if !line.isEmpty && line.count + 1 + word.count > width {
                lines.append(line)
                line = ""
            }
            line += line.isEmpty ? word : " " + word
        }
        return lines + [line]
    }

    private func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.utf8.count))
    }
}
