import Bytes
import TestSupport
import Testing

@testable import Metrics

/// A page that outgrew its buffer would end the program, so the bound must hold for values that nobody ever saw.
@Suite struct LongestPageTests {
    /// Power in as many buckets as a histogram takes, each with its own large count, and as far apart as `stride` says.
    private func power(times: UInt64, stride: Int) -> PowerHistogram {
        var histogram = PowerHistogram()
        var watts = 0.000_002
        var bucket = 0
        while watts < 15_000_000 {
            // Alternating counts make the largest differences.
            if bucket % stride == 0 {
                histogram.record(microwatts: UInt64(watts * 1_000_000), times: bucket % 2 == 0 ? times : 1)
            }
            watts *= 1.0905077326652577
            bucket += 1
        }
        histogram.record(microwatts: 0, times: times)
        return histogram
    }

    private func registry(_ value: Value, _ power: PowerHistogram) -> Registry {
        var registry = Registry(startUnixMilliseconds: UInt64.max)
        for family in 0..<10 {
            let all = registry.declare(
                "family_\(family)_joules_total", .counter, help: "Some \\ \"help\"\n.",
                rows: (0...family).map { ["s": "\"\($0)\""] },
                startsUnixMilliseconds: (0...family).map { _ in family == 3 ? .max : nil })
            for series in all { registry[series] = value }
            let gauge = registry.declareOne("gauge_\(family)", .gauge, help: "h")
            registry[gauge] = value
        }
        for hasClassicBuckets in [false, true] {
            let domains = registry.declareRows((0..<(hasClassicBuckets ? 6 : 2)).map { ["d": "\($0)"] })
            let family = registry.declarePowerHistogram(
                "power_\(hasClassicBuckets)_watts", in: domains.table, help: "h", hasClassicBuckets: hasClassicBuckets)
            let summary = registry.declarePowerSummary("quantile_\(hasClassicBuckets)", in: domains.table, help: "h")
            for row in domains.rows {
                registry.publish(power, as: family, row)
                registry.publish(
                    PowerSummary(quantilesMicrowatts: [.max, .max, .max], count: .max, sumMicrowatts: .max),
                    as: summary,
                    row)
            }
        }
        let index = registry.declareLatencyHistogram("late_seconds", help: "h")
        var late = LatencyHistogram()
        for _ in 0..<3 { late.record(nanoseconds: UInt64.max / 2 + 1) }
        registry.publish(late, as: index)
        return registry
    }

    @Test(arguments: Exposition.allCases, [.integer(.max), .micro(.max), .nano(.max), .absent] as [Value])
    func `no page outgrows the bound`(exposition: Exposition, value: Value) {
        for (times, stride) in [(0, 1), (1, 1), (1 << 50, 1), (1 << 54, 2), (1 << 54, 4), (1 << 54, 5)]
            as [(UInt64, Int)]
        {
            let registry = registry(value, times == 0 ? PowerHistogram() : power(times: times, stride: stride))
            var buffer = ByteBuffer(capacity: registry.longestPageBytes(exposition))
            registry.encode(exposition, showsCreated: true, into: &buffer)
            #expect(buffer.overflowed == false)
            let open = registry.longestPageBytes(exposition, of: .open)
            #expect(buffer.count <= open && open <= buffer.capacity)
        }
    }

    @Test(arguments: Exposition.allCases)
    func `the bound is not far from a page with the longest values`(exposition: Exposition) {
        let registry = registry(.micro(.max), power(times: 1 << 54, stride: 1))
        let longest = registry.page(exposition, showsCreated: true).count
        #expect(registry.longestPageBytes(exposition) < 3 * longest)
    }
}
