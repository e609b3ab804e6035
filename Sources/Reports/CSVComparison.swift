import Bytes
import Counters

extension CSVReport {
    /// The rows of each command's runs, and then those of its estimates, under the columns of what they are of.
    func comparison(_ commands: [ComparedCommand]) -> String {
        CSVReport.header + Comparison(report, commands).rows.map(rows).joined()
    }

    private func rows(_ row: Comparison.Row) -> String {
        let csv = CSVReport(report, command: row.command.name)
        return csv.rows(row.command.runs)
            + EstimateRecord.allCases.map { record in
                row.domains.map { csv.line(record, row.duration, $0) }.joined()
            }.joined()
    }

    private func line(_ record: EstimateRecord, _ duration: Estimate?, _ row: Comparison.DomainRow) -> String {
        func cell(_ estimate: Estimate?, digits: Int = 6) -> String? {
            estimate.flatMap(record.value).map { decimal($0, digits: record.isRatio ? 6 : digits) }
        }
        let uncertainty = record == .mean ? row.uncertaintyMicrojoules.map { decimal($0, digits: 6) } : nil
        return line(
            [record.rawValue, nil, nil, cell(duration, digits: 9)], row.domain,
            [cell(row.energy), nil, nil, uncertainty, nil, nil, cell(row.net), nil], nil, [cell(row.own), nil, nil])
    }
}

/// What a row tells of an estimate.
private enum EstimateRecord: String, CaseIterable {
    case mean
    case standardDeviation = "standard_deviation"
    case low
    case high
    case ratio
    case ratioLow = "ratio_low"
    case ratioHigh = "ratio_high"

    var isRatio: Bool { self == .ratio || self == .ratioLow || self == .ratioHigh }

    func value(_ estimate: Estimate) -> Int64? {
        switch self {
        case .mean: estimate.statistics.mean
        case .standardDeviation: estimate.statistics.standardDeviation
        case .low: estimate.statistics.confidence?.low
        case .high: estimate.statistics.confidence?.high
        case .ratio: estimate.ratio?.millionths
        case .ratioLow: estimate.ratio?.confidence?.low
        case .ratioHigh: estimate.ratio?.confidence?.high
        }
    }
}
