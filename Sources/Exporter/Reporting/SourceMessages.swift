import Counters
import Log
import Logging
import Sampling
import Sources

extension Sources {
    /// Opens what the configuration asks for.
    init(_ configuration: Configuration) {
        self.init(
            opening: configuration.source,
            SystemRoots(
                sysfs: configuration.sysfs, procfs: configuration.procfs, feeds: configuration.feeds))
    }
}

/// Says in the log what was found when the sources were opened, what is missing, and what would mend it.
enum SourceMessages {
    static func report(_ report: SourceReport, _ log: Logger) {
        if report.isSimulated {
            log.report(
                .simulatedSource, .warning,
                "SIMULATED: the numbers come from a model and measure nothing; for real ones leave out --source simulated"
            )
        }
        if let remark = report.processorRemark, !report.isSimulated {
            log.report(.processorAsked, .notice, remark)
        }
        for attempt in report.attempts {
            self.report(report.refused(attempt.kind), of: attempt.kind, Remedy(in: report.place), log)
        }
        guard report.isUp else {
            let remedies = [
                "what appears later is measured from then on", "'pyjoules-exporter doctor' says more",
                "'--source simulated' shows how it would look",
            ]
            let obstacles = report.attempts.compactMap(\.obstacle)
            return log.report(.noSource, .error, (obstacles + remedies).joined(separator: "; "))
        }
        for row in Set(report.attempts.map(\.row)).sorted() {
            self.report(report.attempts.filter { $0.row == row }, of: report, log)
        }
    }

    /// Says why something else is read than what was to be read first. `attempts` are those that stand in for one another.
    private static func report(_ attempts: [SourceAttempt], of report: SourceReport, _ log: Logger) {
        let obstacles = attempts.compactMap(\.obstacle)
        guard !obstacles.isEmpty, !isDispensable(attempts, report) else { return }
        let source = attempts.first(where: \.isOpen)?.kind.rawValue
        let rest = report.choice == .auto ? report.name : report.name + " only"
        log.report(
            .sourceFallback, .warning,
            "energy is read from \(source ?? rest), because \(obstacles.joined(separator: ", and "))",
            ["source": source ?? report.name])
    }

    /// Nobody asked for these by name, there are none, and they stand beside what everybody looks for first.
    private static func isDispensable(_ attempts: [SourceAttempt], _ report: SourceReport) -> Bool {
        report.choice == .auto
            && attempts.allSatisfy { attempt in
                if case .absent = attempt.outcome { return attempt.row > 0 }
                return false
            }
    }
}
