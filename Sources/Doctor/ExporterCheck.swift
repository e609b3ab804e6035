import Kernel

/// Whether an exporter that runs measures: its pages say so, which is more than that its unit is active.
struct ExporterCheck {
    /// How an exporter is.
    enum State: Equatable, Sendable {
        /// What it reads is counted, and goes on.
        case measuring
        /// It answers, and does not show its numbers to everybody.
        case closed
        case failing
    }

    /// How often its page is asked for again while its samples do not rise: pages show newer values once a second where nothing
    /// else is said.
    private static let mostLooks = 15
    static let lookMilliseconds: Int32 = 200
    private static let families = ["pyjoules_source_up", "pyjoules_samples_total"]

    let address: SocketAddress
    /// What comes back for a path; nil if nobody answers.
    let ask: (String) -> HealthAnswer?
    /// Lets the time of a look pass.
    let wait: () -> Void

    /// Asks the exporter on an address.
    static func looking(at address: SocketAddress) -> (finding: Finding, state: State) {
        ExporterCheck(
            address: address, ask: { HealthAnswer.asking($0, at: address) },
            wait: { Examination.pause(milliseconds: lookMilliseconds) }
        ).look()
    }

    /// What is found out, and how it is.
    func look() -> (finding: Finding, state: State) {
        guard let (path, answer) = page() else {
            return (problem("does not answer", "journalctl -x -u pyjoules-exporter tells what it does"), .failing)
        }
        if let reserve = answer.reserve {
            return (
                Finding(.ok, .exporter, "The exporter on \(address) serves: \(reserve), so doctor sees no more."),
                .closed
            )
        }
        let shown = ExporterPage(answer.text)
        guard answer.status == 200, !shown.sources.isEmpty else {
            return (problem("shows no numbers (status \(answer.status ?? 0))", "its log tells why"), .failing)
        }
        return judge(shown, path)
    }

    private func judge(_ shown: ExporterPage, _ path: String) -> (Finding, State) {
        let up = shown.sources.filter(\.isUp).map(\.name)
        guard !up.isEmpty else {
            return (problem("measures nothing: \(down(shown)) cannot be read", ExporterCheck.remedy), .failing)
        }
        guard !up.contains("simulated") else {
            return (
                problem(
                    "serves simulated numbers, which measure nothing", "leave out --source simulated, then restart it"),
                .failing
            )
        }
        let names = up.joined(separator: "+")
        guard rises(shown, path) else {
            return (problem("takes no samples of \(names) now", "its log tells why"), .failing)
        }
        let rest = up.count < shown.sources.count ? "; \(down(shown)) cannot be read now" : ""
        let status: Finding.Status = rest.isEmpty ? .ok : .note
        return (Finding(status, .exporter, "The exporter on \(address) measures by \(names)\(rest)."), .measuring)
    }

    private func down(_ shown: ExporterPage) -> String {
        shown.sources.filter { !$0.isUp }.map(\.name).joined(separator: "+")
    }

    /// Whether it takes samples: its page counts them. One that shows newer values more rarely says by itself whether it does.
    private func rises(_ shown: ExporterPage, _ path: String) -> Bool {
        for _ in 0..<ExporterCheck.mostLooks {
            wait()
            guard let answer = ask(path) else { return false }
            if ExporterPage(answer.text).samples > shown.samples { return true }
        }
        return ask(HealthQuestion.ready.rawValue)?.status == 200
    }

    /// The page of numbers, and where it is: the landing page says so where it was moved.
    private func page() -> (path: String, answer: HealthAnswer)? {
        guard let answer = ask(ExporterCheck.path("/metrics")) else { return nil }
        guard answer.status == 404, let moved = ask("/").flatMap({ ExporterPage.path(onLandingPage: $0.text) }) else {
            return (ExporterCheck.path("/metrics"), answer)
        }
        return ask(ExporterCheck.path(moved)).map { (ExporterCheck.path(moved), $0) }
    }

    private static func path(_ path: String) -> String {
        path + "?" + families.map { "name[]=\($0)" }.joined(separator: "&")
    }

    /// It looks by itself, though more and more rarely.
    private static let remedy =
        "sudo systemctl restart pyjoules-exporter, or wait a minute, in which it looks again by itself, once what is said above is mended"

    private func problem(_ what: String, _ remedy: String) -> Finding {
        Finding(.problem, .exporter, "The exporter on \(address) \(what).", remedy: remedy)
    }
}

/// What a page of numbers says of its exporter.
struct ExporterPage: Equatable {
    struct Source: Equatable {
        let name: String
        let isUp: Bool
    }

    var sources: [Source] = []
    var samples: UInt64 = 0

    /// Reads a response in the text format; lines of other families are passed over.
    init(_ text: String) {
        let begin = "pyjoules_source_up{source=\""
        for line in text.split(separator: "\n") {
            if line.hasPrefix(begin) {
                let rest = line.dropFirst(begin.count)
                sources.append(Source(name: String(rest.prefix { $0 != "\"" }), isUp: rest.hasSuffix(" 1")))
            } else if line.hasPrefix("pyjoules_samples_total ") {
                samples = line.split(separator: " ").last.flatMap { UInt64($0) } ?? 0
            }
        }
    }

    /// Where the landing page says that the numbers are; nil if it does not.
    static func path(onLandingPage text: String) -> String? {
        guard let end = text.firstRange(of: "\">metrics</a>")?.lowerBound,
            let begin = text[..<end].lastIndex(of: "\"")
        else { return nil }
        let link = text[text.index(after: begin)..<end]
        // It leads on from the page's own path, which is `/`.
        return "/" + (link.hasPrefix("./") ? link.dropFirst(2) : link)
    }
}
