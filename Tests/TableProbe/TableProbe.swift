import Glibc
import Metrics

/// Opens and closes 1,000 rows of a table, for whoever counts what is allocated meanwhile:
///
///     warm          rows have been opened and closed some times
///     done          the same again, after a line was read
///
/// It ends after another line.
@main
struct TableProbe {
    static let rowCount = 1_000
    static let rounds = 3

    static func main() {
        var registry = Registry(startUnixMilliseconds: 1)
        var rows: [Row] = []
        rows.reserveCapacity(rowCount)
        // Too long to lie in a String itself.
        let names = (0..<rowCount).map { "system.slice/a-service-with-a-long-name-\($0).service" }
        let families = Families(declaredIn: &registry)
        for _ in 0..<rounds { families.openAndClose(names, &rows, in: &registry) }
        say("warm\n")
        for _ in 0..<rounds { families.openAndClose(names, &rows, in: &registry) }
        say("done\n")
    }

    /// Without allocation, and waits for an answer.
    private static func say(_ text: StaticString) {
        var answer: UInt8 = 0
        guard write(1, text.utf8Start, text.utf8CodeUnitCount) == text.utf8CodeUnitCount, read(0, &answer, 1) == 1
        else {
            exit(1)
        }
    }

    private struct Families {
        let table: TableIndex
        let watts: FamilyIndex
        let joules: FamilyIndex
        let power: PowerHistogramIndex
        let quantile: PowerSummaryIndex
        let lateness: LatencyHistogramIndex

        init(declaredIn registry: inout Registry) {
            table = registry.declareTable(rows: rowCount, labelBytes: 160)
            watts = registry.declareFamily("probe_watts", .gauge, in: table, help: "Power.")
            joules = registry.declareFamily("probe_joules_total", .counter, in: table, help: "Energy.")
            power = registry.declarePowerHistogram(
                "probe_power_watts", in: table, help: "Powers.", hasClassicBuckets: true)
            quantile = registry.declarePowerSummary("probe_quantile_watts", in: table, help: "Quantiles.")
            lateness = registry.declareLatencyHistogram("probe_late_seconds", in: table, help: "Lateness.")
        }

        private static var histogram: PowerHistogram {
            var histogram = PowerHistogram()
            histogram.record(microwatts: 1_000)
            return histogram
        }

        func openAndClose(_ names: [String], _ rows: inout [Row], in registry: inout Registry) {
            for name in names {
                guard
                    let row = registry.open(
                        table, startUnixMilliseconds: 2,
                        {
                            $0.append("unit", name)
                            $0.append("kind", "service")
                        })
                else { exit(2) }
                registry[watts, row] = .micro(1)
                registry[joules, row] = .micro(1)
                registry.publish(Families.histogram, as: power, row)
                registry.record(nanoseconds: 1_000, in: lateness, row)
                registry.publish(
                    PowerSummary(quantilesMicrowatts: [1, 2, 3], count: 1, sumMicrowatts: 1), as: quantile, row)
                rows.append(row)
            }
            for row in rows { registry.close(row) }
            rows.removeAll(keepingCapacity: true)
        }
    }
}
