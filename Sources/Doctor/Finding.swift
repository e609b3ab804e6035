/// One thing that `doctor` found out, as a sentence for people.
public struct Finding: Equatable, Sendable {
    enum Topic: String, CaseIterable, Sendable {
        case processor
        case powercap
        case perf
        case hwmon
        case feeds
        /// What energy is read from in the end.
        case source
        case domain
        /// Who used it.
        case cgroups
        case sandbox
        case systemd
        case port
        /// One that runs.
        case exporter
    }

    enum Status: String, CaseIterable, Sendable {
        case ok
        /// Something to know; everything that is needed works.
        case note
        /// Something that is needed does not work.
        case problem
    }

    let topic: Topic
    let status: Status
    let sentence: String
    /// A command, or what else mends it.
    let remedy: String?

    init(_ status: Status, _ topic: Topic, _ sentence: String, remedy: String? = nil) {
        self.topic = topic
        self.status = status
        self.sentence = sentence
        self.remedy = remedy
    }
}

/// Names in a sentence, the first ones of many: `a, b and 3 more`.
func enumeration(_ names: [String], most: Int = 8) -> String {
    guard names.count > most else { return names.joined(separator: ", ") }
    return names.prefix(most).joined(separator: ", ") + " and \(names.count - most) more"
}
