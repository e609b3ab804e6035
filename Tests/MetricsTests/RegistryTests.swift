import Bytes
import Metrics
import TestSupport
import Testing

@Suite struct RegistryTests {
    @Test func `a small registry gives its golden page`() {
        var registry = Registry()
        let energy = registry.declare(
            "energy_joules_total", .counter, help: "Energy since the start, by powercap.",
            rows: [["domain": "package_0", "package": "0"], ["domain": "dram_0", "package": "0"]])
        let isUp = registry.declareOne("up", .gauge, help: "Whether it is up.")
        let lateness = registry.declareLatencyHistogram("lateness_seconds", help: "How late.")

        registry[energy[0]] = .micro(262_143_328_911)
        registry[energy[1]] = .micro(5)
        registry[isUp] = .integer(1)
        var late = LatencyHistogram()
        for _ in 0..<9 { late.record(nanoseconds: 1_000_000) }
        late.record(nanoseconds: 2_000_000_001)
        registry.publish(late, as: lateness)

        #expect(
            page(registry) == """
                # HELP energy_joules_total Energy since the start, by powercap.
                # TYPE energy_joules_total counter
                energy_joules_total{domain="package_0",package="0"} 262143.328911
                energy_joules_total{domain="dram_0",package="0"} 0.000005
                # HELP up Whether it is up.
                # TYPE up gauge
                up 1
                # HELP lateness_seconds How late.
                # TYPE lateness_seconds histogram
                lateness_seconds_bucket{le="0.0001"} 0
                lateness_seconds_bucket{le="0.0005"} 0
                lateness_seconds_bucket{le="0.001"} 9
                lateness_seconds_bucket{le="0.005"} 9
                lateness_seconds_bucket{le="0.01"} 9
                lateness_seconds_bucket{le="0.05"} 9
                lateness_seconds_bucket{le="0.1"} 9
                lateness_seconds_bucket{le="1.0"} 9
                lateness_seconds_bucket{le="+Inf"} 10
                lateness_seconds_sum 2.009000001
                lateness_seconds_count 10

                """)
    }

    @Test func `a registry without series gives an empty page`() {
        var registry = Registry()
        #expect(page(registry) == "")
        _ = registry.declareFamily("lonely", .gauge, help: "A family that has no series.")
        #expect(page(registry) == "")
    }

    @Test func `a series that was never set is absent`() {
        var registry = Registry()
        let both = registry.declare("a", .gauge, rows: [["n": "1"], ["n": "2"]])
        let (first, second) = (both[0], both[1])
        #expect(registry[first] == .absent)
        registry[second] = .integer(0)
        #expect(page(registry) == "# HELP a h\n# TYPE a gauge\na{n=\"2\"} 0\n")
    }

    @Test func `a family of absent series is left out with its header, and comes back in its place`() {
        var registry = Registry()
        let first = registry.declareOne("a", .gauge, help: "h")
        let second = registry.declareOne("b_total", .counter, help: "h")
        registry[first] = .integer(1)
        registry[second] = .integer(2)
        let whole = page(registry)
        registry[first] = .absent
        #expect(page(registry) == "# HELP b_total h\n# TYPE b_total counter\nb_total 2\n")
        registry[first] = .integer(1)
        #expect(page(registry) == whole)
    }

    @Test(arguments: [
        ("plain", "plain"),
        ("", ""),
        ("a\\b", "a\\\\b"),
        ("a\"b", "a\\\"b"),
        ("a\nb", "a\\nb"),
        ("\\n", "\\\\n"),
        ("\r\n", "\r\\n"),
        ("\\\"\n", "\\\\\\\"\\n"),
        ("{a=\"1\"}", "{a=\\\"1\\\"}"),
        ("Zürich \u{1F50B}", "Zürich \u{1F50B}"),
    ])
    func `a label's value is escaped`(value: String, shown: String) {
        var registry = Registry()
        let series = registry.declareOne("a", .gauge, help: "h", ["l": value])
        registry[series] = .integer(3)
        #expect(page(registry) == "# HELP a h\n# TYPE a gauge\na{l=\"\(shown)\"} 3\n")
    }

    @Test(arguments: [
        ("a\\b", "a\\\\b"),
        ("a\nb", "a\\nb"),
        ("a\r\nb", "a\r\\nb"),
        ("say \"no\"", "say \"no\""),
    ])
    func `HELP is escaped, but not its quotation marks`(help: String, shown: String) {
        var registry = Registry()
        let series = registry.declareOne("a", .gauge, help: help)
        registry[series] = .integer(3)
        #expect(page(registry) == "# HELP a \(shown)\n# TYPE a gauge\na 3\n")
    }

    @Test(
        arguments: [
            (.integer(0), "0"),
            (.integer(UInt64.max), "18446744073709551615"),
            (.micro(0), "0.000000"),
            (.micro(1), "0.000001"),
            (.micro(1_234_567), "1.234567"),
            (.micro(UInt64.max), "18446744073709.551615"),
            (.nano(0), "0.000000000"),
            (.nano(1_500_000_000), "1.500000000"),
            (.nano(UInt64.max), "18446744073.709551615"),
        ] as [(Value, String)])
    func `a value is shown exactly`(value: Value, shown: String) {
        var registry = Registry()
        let series = registry.declareOne("a", .gauge, help: "h")
        registry[series] = value
        #expect(registry[series] == value)
        #expect(page(registry) == "# HELP a h\n# TYPE a gauge\na \(shown)\n")
    }

    @Test(arguments: [(.integer(UInt64.max), 1), (.micro(UInt64.max), 0), (.nano(UInt64.max), 0)] as [(Value, Int)])
    func `the longest page has room for the longest values and for no more`(value: Value, spareBytes: Int) {
        var registry = Registry()
        var seriesCount = 0
        for family in 0..<10 {
            let all = registry.declare(
                "family_\(family)_total", .counter, help: "Some \\ help\n.",
                rows: (0...family).map { ["s": "\"\($0)\""] })
            for series in all {
                registry[series] = value
                seriesCount += 1
            }
        }
        var buffer = ByteBuffer(capacity: registry.longestPageBytes(.text))
        registry.encode(.text, into: &buffer)
        #expect(buffer.overflowed == false)
        #expect(buffer.freeCount == seriesCount * spareBytes)
    }

    @Test func `a page that does not fit says so instead of ending early unseen`() {
        var registry = Registry()
        let series = registry.declareOne("a", .gauge, help: "h")
        registry[series] = .integer(1)
        var buffer = ByteBuffer(capacity: 27)
        registry.encode(.text, into: &buffer)
        #expect(buffer.overflowed == true)
    }

    private func page(_ registry: borrowing Registry) -> String {
        var buffer = ByteBuffer(capacity: registry.longestPageBytes(.text) + 1)
        registry.encode(.text, into: &buffer)
        return buffer.text()
    }
}
