import Bytes
import TestSupport
import Testing

@testable import Metrics

@Suite struct OpenMetricsTests {
    @Test func `a page without families has an end`() {
        var registry = Registry()
        #expect(registry.text(.openMetrics) == "# EOF\n")
        _ = registry.declareOne("a_total", .counter, help: "h")
        #expect(registry.text(.openMetrics) == "# EOF\n", "nor do absent series have a header")
    }

    @Test func `a counter's family lacks the end of its name, and only that`() {
        var registry = Registry()
        let series = registry.declareOne("total_things_total", .counter, help: "h", ["l": "total"])
        registry[series] = .integer(3)
        #expect(
            registry.text(.openMetrics)
                == "# TYPE total_things counter\n# HELP total_things h\ntotal_things_total{l=\"total\"} 3\n# EOF\n")
    }

    @Test(arguments: [
        ("a\\b", "a\\\\b"),
        ("a\nb", "a\\nb"),
        ("say \"no\"", "say \\\"no\\\""),
        ("\\\"\n", "\\\\\\\"\\n"),
    ])
    func `HELP is escaped, its quotation marks too`(help: String, shown: String) {
        var registry = Registry()
        let series = registry.declareOne("a", .gauge, help: help)
        registry[series] = .integer(3)
        #expect(registry.text(.openMetrics) == "# TYPE a gauge\n# HELP a \(shown)\na 3\n# EOF\n")
    }

    @Test(
        arguments: [
            ("a_joules_total", .counter, "joules"), ("a_cpu_seconds_total", .counter, "seconds"),
            ("a_watts", .gauge, "watts"), ("a_memory_bytes", .gauge, "bytes"), ("a_total", .counter, nil),
            ("joules", .gauge, nil), ("seconds_total", .counter, nil), ("a_kilowatts", .gauge, nil),
            ("a_seconds_info", .gauge, nil), ("a_joules_per_second", .gauge, nil),
        ] as [(String, MetricType, String?)])
    func `the unit is what a name ends in`(name: String, type: MetricType, unit: String?) throws {
        var registry = Registry()
        let series = registry.declareOne(name, type, help: "h")
        registry[series] = .integer(1)
        let lines = registry.text(.openMetrics).split(separator: "\n")
        let units = lines.filter { $0.hasPrefix("# UNIT ") }
        let stem = name.hasSuffix("_total") ? String(name.dropLast(6)) : name
        #expect(units == (unit.map { ["# UNIT \(stem) \($0)"] } ?? []))
        if unit != nil { #expect(lines[1].hasPrefix("# UNIT "), "between TYPE and HELP") }
        let message = try #require(try ProtobufMessage.stream(registry.page(.protobuf)).first)
        #expect(message.texts(5) == (unit.map { [$0] } ?? []))
        #expect(message.texts(1) == [name], "protobuf names a counter as text 0.0.4 does")
    }

    @Test func `what counts says since when, if that is known and asked for`() {
        func registry(start: UInt64) -> Registry {
            var registry = Registry(startUnixMilliseconds: start)
            let series = registry.declareOne("a_total", .counter, help: "h", ["l": "v"])
            let gauge = registry.declareOne("g", .gauge, help: "h")
            registry[series] = .integer(1)
            registry[gauge] = .integer(1)
            return registry
        }
        let unknown = registry(start: 0).text(.openMetrics, showsCreated: true)
        #expect(unknown.contains("_created") == false)
        let known = registry(start: 1_700_000_000_007)
        #expect(known.text(.openMetrics) == unknown)
        #expect(
            known.text(.openMetrics, showsCreated: true) == """
                # TYPE a counter
                # HELP a h
                a_total{l="v"} 1
                a_created{l="v"} 1700000000.007
                # TYPE g gauge
                # HELP g h
                g 1
                # EOF

                """)
        let whole = registry(start: 1_000)
        #expect(whole.text(.openMetrics, showsCreated: true).contains("a_created{l=\"v\"} 1.000\n"))
    }
}
