import Metrics

/// A series as a test names it: a row, and the family that shows it.
struct Series {
    let family: FamilyIndex
    let row: Row
}

extension Registry {
    /// Declares a family with a table of its own, whose rows have these labels.
    mutating func declare(
        _ name: String, _ type: MetricType, help: String = "h", rows: [KeyValuePairs<StaticString, String>] = [[:]],
        startsUnixMilliseconds: [UInt64?] = []
    ) -> [Series] {
        let table = declareRows(rows) { $0 < startsUnixMilliseconds.count ? startsUnixMilliseconds[$0] : nil }
        let family = declareFamily(name, type, in: table.table, help: help)
        return table.rows.map { Series(family: family, row: $0) }
    }

    /// Declares a family of one series.
    mutating func declareOne(
        _ name: String, _ type: MetricType, help: String = "h", _ labels: KeyValuePairs<StaticString, String> = [:]
    ) -> Series {
        declare(name, type, help: help, rows: [labels])[0]
    }

    subscript(series: Series) -> Value {
        get { self[series.family, series.row] }
        set { self[series.family, series.row] = newValue }
    }
}

extension PowerHistogram {
    /// The distribution of a single power.
    init(of microwatts: UInt64) {
        self.init()
        record(microwatts: microwatts)
    }
}
