public import Counters
public import Kernel

/// How a report looks.
public enum ReportFormat: String, CaseIterable, Sendable {
    /// Aligned columns and sentences.
    case table
    /// One object on a line.
    case json
    /// Comma-separated values.
    case csv
}

/// What every report says besides the numbers.
public struct ReportFacts: Sendable {
    /// Nil where nothing can be read, so that all energy is unknown.
    var sourceName: String?
    var isSimulated: Bool
    var sampleNanoseconds: UInt64
    var domains: [Domain]
    /// What is missing, in words.
    var notes: [String]

    /// Something can be read.
    public var isMeasured: Bool { sourceName != nil }

    /// - Parameters:
    ///   - sourceName: what is read; nil where nothing can be.
    ///   - sampleNanoseconds: the time between two samples.
    ///   - domains: in the order of the accounts.
    ///   - notes: what is missing, in words.
    public init(
        sourceName: String?, isSimulated: Bool, sampleNanoseconds: UInt64, domains: [Domain], notes: [String]
    ) {
        self.sourceName = sourceName
        self.isSimulated = isSimulated
        self.sampleNanoseconds = sampleNanoseconds
        self.domains = domains
        self.notes = notes
    }
}

/// A command's run: what the machine used meanwhile, and how it ended.
public struct CommandRun: Equatable, Sendable {
    var interval: EnergyInterval
    var end: ProcessEnd
    /// Who used it; nil if nobody asks.
    var attribution: CommandAttribution?

    /// A run that is over.
    public init(interval: EnergyInterval, end: ProcessEnd, attribution: CommandAttribution? = nil) {
        self.interval = interval
        self.end = end
        self.attribution = attribution
    }
}

/// The text of what `measure` found, in one of its formats.
public struct MeasureReport: Sendable {
    let facts: ReportFacts
    let format: ReportFormat
    /// What the idle machine used; nil if it was not measured.
    public var baseline: Baseline?

    /// A report without a baseline.
    public init(facts: ReportFacts, format: ReportFormat) {
        self.facts = facts
        self.format = format
    }

    /// What comes before the first measurement of the machine.
    public var opening: String {
        switch format {
        case .table: TableReport(self).opening
        case .json: ""
        case .csv: CSVReport.header
        }
    }

    /// One measurement of the machine, `number` of `count`.
    public func machine(_ interval: EnergyInterval, number: Int, count: Int) -> String {
        switch format {
        case .table: TableReport(self).machine(interval, number: number, count: count)
        case .json: JSONReport(self).machine(interval, number: number)
        case .csv: CSVReport(self).rows(interval, .interval, number: number)
        }
    }

    /// The whole report about a command that ran at least once.
    public func command(_ words: [String], _ runs: [CommandRun]) -> String {
        switch format {
        case .table: TableReport(self).command(words, runs)
        case .json: JSONReport(self).command(words, runs)
        case .csv: CSVReport(self, command: words.joined(separator: " ")).whole(runs)
        }
    }

    /// The whole report about commands of which at least one ran.
    public func comparison(_ commands: [ComparedCommand]) -> String {
        switch format {
        case .table: TableReport(self).comparison(commands)
        case .json: JSONReport(self).comparison(commands)
        case .csv: CSVReport(self).comparison(commands)
        }
    }

    func rows(_ interval: EnergyInterval) -> [ReportRow] {
        guard facts.isMeasured else {
            return facts.domains.map { ReportRow(domain: $0, energy: nil, share: nil) }
        }
        return facts.domains.indices.map { index in
            ReportRow(
                domain: facts.domains[index], energy: interval.domains[index],
                share: baseline?.share(of: index, in: interval))
        }
    }

    /// The same with who used it.
    func rows(_ run: CommandRun) -> [ReportRow] {
        var rows = rows(run.interval)
        for index in rows.indices {
            rows[index].parts = run.attribution?.parts(of: index, rows[index].energy)
        }
        return rows
    }

    /// Of the complete runs; nil if there is only one.
    func summary(_ runs: [CommandRun]) -> RunsSummary? {
        let runs = runs.complete
        return RunsSummary(durations: runs.map(\.interval.durationNanoseconds), rows: runs.map { rows($0) })
    }

    /// What was found missing while intervals were measured, each thing once.
    func remarks(_ intervals: [EnergyInterval]) -> [String] {
        let all = (baseline.map { [$0.interval] } ?? []) + intervals
        return all.flatMap(\.remarks).reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }
}

extension Array<CommandRun> {
    /// What the whole is to end with: the first failure, or 0.
    public var exitStatus: Int32 {
        first { $0.end.exitStatus != 0 }?.end.exitStatus ?? 0
    }

    /// Without those that were cut short, which say nothing of the others; where there is no other, that one.
    var complete: [CommandRun] {
        let complete = filter { !$0.interval.isFragment }
        return complete.isEmpty ? self : complete
    }
}
