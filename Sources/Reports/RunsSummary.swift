import Counters

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
