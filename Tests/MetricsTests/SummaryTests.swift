import Bytes
import TestSupport
import Testing

@testable import Metrics

@Suite struct SummaryTests {
    /// A registry with one summary.
    private struct Single: ~Copyable {
        var registry = Registry(startUnixMilliseconds: 1_500)
        private let index: PowerSummaryIndex

        init() { index = registry.declarePowerSummary("power_watts", help: "h") }

        mutating func publish(_ quantiles: InlineArray<3, UInt64>?, count: UInt64, sumMicrowatts: UInt64) {
            registry.publish(
                PowerSummary(quantilesMicrowatts: quantiles, count: count, sumMicrowatts: sumMicrowatts), as: index)
        }
    }

    @Test func `a summary has a line for each quantile, its sum and its count`() {
        var single = Single()
        #expect(single.registry.text(.text) == "", "what was never published is absent")
        single.publish([1_000_000, 2_500_000, 2_500_001], count: 7, sumMicrowatts: 9_000_001)
        let series = """
            power_watts{quantile="0.5"} 1.000000
            power_watts{quantile="0.95"} 2.500000
            power_watts{quantile="0.99"} 2.500001
            power_watts_sum 9.000001
            power_watts_count 7

            """
        #expect(single.registry.text(.text) == "# HELP power_watts h\n# TYPE power_watts summary\n" + series)
        let header = "# TYPE power_watts summary\n# UNIT power_watts watts\n# HELP power_watts h\n"
        #expect(single.registry.text(.openMetrics) == header + series + "# EOF\n")
        #expect(
            single.registry.text(.openMetrics, showsCreated: true)
                == header + series + "power_watts_created 1.500\n# EOF\n")
    }

    @Test func `without values lately a summary has only its sum and its count`() throws {
        var single = Single()
        single.publish(nil, count: 3, sumMicrowatts: 4)
        #expect(
            single.registry.text(.text)
                == "# HELP power_watts h\n# TYPE power_watts summary\npower_watts_sum 0.000004\npower_watts_count 3\n")
        let family = try #require(try ProtobufMessage.stream(single.registry.page(.protobuf)).first)
        let summary = try #require(try family.messages(4).first?.messages(4).first)
        #expect(summary.varints(1) == [3] && summary.doubles(2) == [0.000004] && summary[3].isEmpty)
    }

    @Test func `in protobuf a summary is a message of its own kind`() throws {
        var single = Single()
        single.publish([1, 2, .max], count: .max, sumMicrowatts: 0)
        let family = try #require(try ProtobufMessage.stream(single.registry.page(.protobuf)).first)
        #expect(family.varints(3) == [2] && family.texts(5) == ["watts"])
        let summary = try #require(try family.messages(4).first?.messages(4).first)
        #expect(summary.varints(1) == [.max] && summary.doubles(2) == [0])
        let quantiles = try summary.messages(3)
        #expect(quantiles.map { $0.doubles(1) } == [[0.5], [0.95], [0.99]])
        #expect(quantiles.map { $0.doubles(2) } == [[0.000001], [0.000002], [18_446_744_073_709.551615]])
        #expect(try summary.messages(4).map { $0.varints(1) + $0.varints(2) } == [[1, 500_000_000]])
    }

    @Test func `a histogram without classic buckets is protobuf's alone`() throws {
        var registry = Registry()
        let power = registry.declarePowerHistogram("power_watts", help: "h", hasClassicBuckets: false)
        registry.publish(PowerHistogram(of: 5), as: power)
        #expect(registry.text(.text) == "" && registry.text(.openMetrics) == "# EOF\n")
        #expect(registry.longestPageBytes(.text) == 0 && registry.longestPageBytes(.text, of: .open) == 0)
        let family = try #require(try ProtobufMessage.stream(registry.page(.protobuf)).first)
        let histogram = try #require(try family.messages(4).first?.messages(7).first)
        #expect(histogram[3].isEmpty && histogram.signed(5) == [3])
        #expect(registry.page(.text, selecting: registry.selection("power_watts")) == [])
    }
}
