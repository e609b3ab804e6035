/// What the lines of one histogram show, whatever it counts: buckets up to each bound, and all.
struct ClassicBuckets {
    /// The first ones are those of the bounds, as many as there are; each counts what those before it do.
    private(set) var counts: InlineArray<53, UInt64>
    let count: UInt64
    let sum: Value

    init(_ power: borrowing PowerHistogram) {
        counts = power.classicCounts
        count = power.count
        sum = .micro(power.sumMicrowatts)
    }

    init(_ latency: borrowing LatencyHistogram) {
        counts = InlineArray(repeating: 0)
        for bucket in LatencyHistogram.boundsMicroseconds.indices {
            counts[bucket] = latency.cumulativeCount(upTo: bucket)
        }
        count = latency.count
        sum = .nano(latency.sumNanoseconds)
    }
}

extension Table {
    /// What a family of histograms shows of a row; nil if that is absent.
    func buckets(_ family: Family, at index: Int) -> ClassicBuckets? {
        switch family.content {
        case .value, .summary: return nil
        case .power:
            let column = columns.powers[family.column]
            return column.span[index].map { ClassicBuckets($0) }
        case .latency:
            let column = columns.latencies[family.column]
            return column.span[index].map { ClassicBuckets($0) }
        }
    }
}
