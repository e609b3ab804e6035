import Bytes
import TestSupport
import Testing

@testable import Metrics

@Suite struct ProtobufTests {
    @Test func `without a known value there is no family`() {
        var registry = Registry()
        #expect(registry.page(.protobuf) == [])
        _ = registry.declareOne("a", .gauge, help: "h")
        _ = registry.declarePowerHistogram("h", help: "h", hasClassicBuckets: true)
        _ = registry.declarePowerSummary("s", help: "h")
        #expect(registry.page(.protobuf) == [])
    }

    @Test func `the smallest page has these bytes`() {
        var registry = Registry()
        let series = registry.declareOne("a", .gauge, help: "h", ["l": ""])
        registry[series] = .integer(0)
        #expect(
            registry.page(.protobuf) == [
                28, 0x0A, 1, 0x61, 0x12, 1, 0x68, 0x18, 1,
                0x22, 18, 0x0A, 5, 0x0A, 1, 0x6C, 0x12, 0,
                0x12, 9, 0x09, 0, 0, 0, 0, 0, 0, 0, 0,
            ])
    }

    @Test(arguments: [0, 1, 100, 127, 128, 129, 16_383, 16_384])
    func `a length is as short as it can be`(length: Int) throws {
        var registry = Registry()
        let help = String(repeating: "x", count: length)
        let series = registry.declareOne("a", .gauge, help: help, ["l": help])
        registry[series] = .integer(1)
        let page = registry.page(.protobuf)
        let message = try #require(try ProtobufMessage.stream(page).first)
        #expect(message.texts(2) == [help])
        let pair = try #require(try message.messages(4).first?.messages(1).first)
        #expect(pair.texts(2) == [help])
        // What each part has beside the text: tag, then the length of a length.
        func delimited(_ content: Int) -> Int {
            let bits = Int.bitWidth - content.leadingZeroBitCount
            return max(1, (bits + 6) / 7) + content
        }
        let pairBytes = 3 + 1 + delimited(length)
        let metricBytes = 1 + delimited(pairBytes) + 11
        #expect(page.count == delimited(3 + 1 + delimited(length) + 2 + 1 + delimited(metricBytes)))
    }

    /// From 2^53 millionths on a division would round twice: the number to a double first, and the quotient then.
    @Test func `a value is the double that its text means`() throws {
        var registry = Registry()
        let series = registry.declareOne("a", .gauge, help: "h")
        var generator = SplitMix64(seed: 7)
        let edges: [UInt64] = [0, 1, 999_999, 1 << 53, (1 << 53) - 1, (1 << 53) + 1, 9_007_199_254_740_995, UInt64.max]
        for number in edges + (0..<1000).map({ _ in generator.nextOfAnySize() }) {
            for value in [Value.integer(number), .micro(number), .nano(number)] {
                registry[series] = value
                let text = registry.text(.text).split(separator: " ").last?.dropLast() ?? ""
                let message = try #require(try ProtobufMessage.stream(registry.page(.protobuf)).first)
                let shown = try #require(try message.messages(4).first?.messages(2).first).doubles(1)
                #expect(shown == [try #require(Double(text))], "\(text)")
            }
        }
    }

    @Test func `what counts says since when`() throws {
        func starts(start: UInt64) throws -> [[[UInt64]]] {
            var registry = Registry(startUnixMilliseconds: start)
            let indices = registry.declare(
                "a_total", .counter, rows: [[:], [:], [:]], startsUnixMilliseconds: [nil, 5_000, 7])
            for index in indices { registry[index] = .integer(1) }
            let family = try #require(try ProtobufMessage.stream(registry.page(.protobuf)).first)
            return try family.messages(4).map { metric in
                try #require(try metric.messages(3).first).messages(3).map { $0.varints(1) + $0.varints(2) }
            }
        }
        #expect((try starts(start: 0)) == [[], [[5]], [[7_000_000]]])
        #expect((try starts(start: 1_700_000_000_250)) == [[[1_700_000_000, 250_000_000]], [[5]], [[7_000_000]]])
    }

    @Test func `a histogram that is not published is left out, and the others stay`() throws {
        var registry = Registry()
        let two = registry.declareRows([["l": "1"], ["l": "2"]])
        let family = registry.declarePowerHistogram("h", in: two.table, help: "h", hasClassicBuckets: true)
        registry.publish(PowerHistogram(), as: family, two.rows[1])
        let metrics = try #require(try ProtobufMessage.stream(registry.page(.protobuf)).first).messages(4)
        #expect(metrics.count == 1)
        #expect((try metrics[0].messages(1).map { $0.texts(2) }) == [["2"]])
        let histogram = try #require(try metrics[0].messages(7).first)
        #expect(
            (try histogram.messages(3).map { $0.doubles(2) }) == PowerHistogram.boundLabels.map { [Double($0) ?? 0] })
    }
}

@Suite struct NativeHistogramTests {
    /// The counts of buckets, as a reader of the format finds them.
    private struct Native: Equatable {
        var spans: [[Int]]
        var deltas: [Int]
        var counts: [Int: UInt64]
    }

    private func native(_ histogram: PowerHistogram) throws -> Native {
        var registry = Registry()
        let index = registry.declarePowerHistogram("h", help: "h", hasClassicBuckets: false)
        registry.publish(histogram, as: index)
        let family = try #require(try ProtobufMessage.stream(registry.page(.protobuf)).first)
        let message = try #require(try family.messages(4).first?.messages(7).first)
        #expect(message[3].isEmpty, "a native histogram needs no classic buckets")
        #expect(message.signed(5) == [3])
        #expect(message.doubles(6) == [0x1p-128])
        #expect(message.varints(7) == [histogram.zeroCount])
        #expect(message.varints(1) == [histogram.count])
        let spans = try message.messages(12).map { $0.signed(1) + $0.varints(2).map(Int.init) }
        #expect(spans.allSatisfy { $0.count == 2 }, "both parts are there although they are 0")
        var result = Native(spans: spans, deltas: message.signed(13), counts: [:])
        var bucket = 0
        var count = 0
        var deltas = result.deltas[...]
        for span in spans {
            bucket += span[0]
            for _ in 0..<span[1] {
                let delta = deltas.popFirst()
                count += try #require(delta)
                if count > 0 { result.counts[bucket] = UInt64(count) }
                bucket += 1
            }
        }
        #expect(deltas.isEmpty)
        return result
    }

    private func counts(_ histogram: PowerHistogram) -> [Int: UInt64] {
        var counts: [Int: UInt64] = [:]
        for bucket in PowerHistogram.bucketRange where histogram[bucket] > 0 { counts[bucket] = histogram[bucket] }
        return counts
    }

    /// A histogram with so many values in each bucket; a value in the middle of a bucket lies 2^(1/16) above its lower bound.
    private func histogram(_ counts: KeyValuePairs<Int, UInt64>) -> PowerHistogram {
        let steps = [1.0, 1.0905, 1.1892, 1.2968, 1.4142, 1.5422, 1.6817, 1.8340]
        var histogram = PowerHistogram()
        for (bucket, times) in counts {
            let step = (bucket - 1) & 7
            var watts = steps[step] * 1.044
            let exponent = (bucket - 1 - step) / 8
            for _ in 0..<abs(exponent) { watts *= exponent < 0 ? 0.5 : 2 }
            histogram.record(microwatts: UInt64(watts * 1_000_000), times: times)
        }
        return histogram
    }

    /// Prometheus 2.42 takes a histogram without buckets, zeros and zero threshold for a classic one, newer ones look for spans.
    @Test func `an empty histogram has a span of nothing`() throws {
        #expect((try native(PowerHistogram())) == Native(spans: [[0, 0]], deltas: [], counts: [:]))
    }

    @Test func `a histogram of zeros only has a span of nothing`() throws {
        var histogram = PowerHistogram()
        histogram.record(microwatts: 0, times: 300)
        #expect((try native(histogram)) == Native(spans: [[0, 0]], deltas: [], counts: [:]))
    }

    @Test(
        arguments: [
            ("one bucket", [1: 5], [[1, 1]], [5]),
            ("one bucket below a watt", [-7: 300], [[-7, 1]], [300]),
            ("the bucket up to a watt", [0: 1], [[0, 1]], [1]),
            ("adjacent", [49: 7, 50: 9, 51: 2], [[49, 3]], [7, 2, -7]),
            ("one in between", [49: 7, 51: 2], [[49, 3]], [7, -7, 2]),
            ("two in between", [49: 7, 52: 2], [[49, 4]], [7, -7, 0, 2]),
            ("three in between", [49: 7, 53: 2], [[49, 1], [3, 1]], [7, -5]),
            ("across a watt", [-2: 1, 3: 1], [[-2, 1], [4, 1]], [1, 0]),
            ("sparse", [-40: 1, 0: 2, 40: 3, 80: 4], [[-40, 1], [39, 1], [39, 1], [39, 1]], [1, 1, 1, 1]),
            ("runs", [8: 1, 9: 1, 20: 5, 21: 4, 23: 4], [[8, 2], [10, 4]], [1, 0, 4, -1, -4, 4]),
        ] as [(String, KeyValuePairs<Int, UInt64>, [[Int]], [Int])])
    func `buckets become spans and differences`(
        name: String, buckets: KeyValuePairs<Int, UInt64>, spans: [[Int]], deltas: [Int]
    ) throws {
        let histogram = histogram(buckets)
        let native = try native(histogram)
        #expect(native.spans == spans)
        #expect(native.deltas == deltas)
        #expect(native.counts == Dictionary(uniqueKeysWithValues: buckets.map { ($0.key, $0.value) }))
    }

    @Test func `the outermost buckets are within reach`() throws {
        var histogram = PowerHistogram()
        histogram.record(microwatts: 1)
        histogram.record(microwatts: UInt64.max)
        #expect(
            (try native(histogram))
                == Native(spans: [[-159, 1], [350, 1]], deltas: [1, 0], counts: [-159: 1, 192: 1]))
    }

    @Test func `as many adjacent buckets as may be used are one span`() throws {
        var histogram = PowerHistogram()
        var watts = 0.001
        for _ in 0..<10_000 {
            histogram.record(microwatts: UInt64(watts * 1_000_000))
            watts *= 1.002
        }
        let native = try native(histogram)
        #expect(native.counts == counts(histogram))
        #expect(native.counts.count > 100)
    }

    @Test(arguments: 0..<40 as Range<UInt64>)
    func `whatever is recorded is found again`(seed: UInt64) throws {
        var generator = SplitMix64(seed: seed)
        var histogram = PowerHistogram()
        for _ in 0..<(1 << (seed % 10)) {
            histogram.record(microwatts: generator.nextOfAnySize(), times: 1 + generator.nextOfAnySize() >> 16)
        }
        let native = try native(histogram)
        #expect(native.counts == counts(histogram))
        for (index, span) in native.spans.enumerated() where index > 0 {
            #expect(span[0] > 2, "a shorter gap is not worth a span")
        }
    }
}
