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
    var sourceName: String
    var isSimulated: Bool
    var sampleNanoseconds: UInt64
    var domains: [Domain]
    /// What is missing, in words.
    var notes: [String]

    /// - Parameters:
    ///   - sourceName: what is read.
    ///   - sampleNanoseconds: the time between two samples.
    ///   - domains: in the order of the accounts.
    ///   - notes: what is missing, in words.
    public init(
        sourceName: String, isSimulated: Bool, sampleNanoseconds: UInt64, domains: [Domain], notes: [String]
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

/// One line of a report: what is known of a domain in one interval, or on the average of several.
struct ReportRow {
    let domain: Domain
    /// Nil if it could not be measured.
    let energy: DomainEnergy?
    /// Nil without a baseline, too.
    let share: Baseline.Share?
    /// Who used it; nil where that was not asked for, or is not known.
    var parts: CommandParts?
    /// How much several intervals differ; nil for a single one.
    var deviation: Deviation?

    /// Standard deviations.
    struct Deviation {
        var microjoules: Int64
        var meanMicrowatts: Int64
        /// Nil without a baseline.
        var netMicrojoules: Int64?
    }
}

/// Several runs of a command taken together.
struct RunsSummary {
    let duration: Statistics
    let rows: [ReportRow]

    /// Nil if there are fewer than two runs. `rows` has those of each run.
    init?(durations: [UInt64], rows: [[ReportRow]]) {
        guard rows.count > 1, let duration = Statistics(durations) else { return nil }
        self.duration = duration
        self.rows = rows[0].indices.map { index in RunsSummary.average(rows.map { $0[index] }) }
    }

    /// Nothing is known of a domain that some run could not measure.
    private static func average(_ rows: [ReportRow]) -> ReportRow {
        let energies = rows.compactMap(\.energy)
        let shares = rows.compactMap(\.share)
        guard energies.count == rows.count, let joules = Statistics(energies.map(\.microjoules)),
            let watts = Statistics(energies.map(\.meanMicrowatts)),
            let uncertainty = Statistics(energies.map(\.uncertaintyMicrojoules))
        else { return ReportRow(domain: rows[0].domain, energy: nil, share: nil) }
        let energy = DomainEnergy(
            microjoules: joules.mean.magnitude, meanMicrowatts: watts.mean.magnitude,
            // The highest is the highest of all.
            peakMicrowatts: energies.reduce(0) { max($0, $1.peakMicrowatts) },
            uncertaintyMicrojoules: uncertainty.mean.magnitude)
        let net = Statistics(shares.map(\.netMicrojoules))
        let deviation = ReportRow.Deviation(
            microjoules: joules.standardDeviation ?? 0, meanMicrowatts: watts.standardDeviation ?? 0,
            netMicrojoules: net?.standardDeviation)
        let parts = rows.compactMap(\.parts)
        return ReportRow(
            domain: rows[0].domain, energy: energy, share: average(shares),
            parts: parts.count == rows.count ? CommandParts.mean(parts, of: energy.microjoules) : nil,
            deviation: deviation)
    }

    private static func average(_ shares: [Baseline.Share]) -> Baseline.Share? {
        guard let idle = Statistics(shares.map(\.idleMicrojoules)), let net = Statistics(shares.map(\.netMicrojoules)),
            let uncertainty = Statistics(shares.map(\.netUncertaintyMicrojoules))
        else { return nil }
        return Baseline.Share(
            idleMicrowatts: shares[0].idleMicrowatts, idleMicrojoules: idle.mean.magnitude, netMicrojoules: net.mean,
            netUncertaintyMicrojoules: uncertainty.mean.magnitude)
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
        case .csv: CSVReport(self).command(runs)
        }
    }

    func rows(_ interval: EnergyInterval) -> [ReportRow] {
        facts.domains.indices.map { index in
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
