import TestSupport
import Testing

@testable import Metrics

@Suite struct FamilySelectionTests {
    @Test(arguments: [
        ("rapl_energy_joules_total", [0]), ("rapl_energy_joules", [0]), ("rapl_energy_joules_created", [0]),
        ("rapl_power_watts", [1]), ("rapl_power_watts_bucket", [1]), ("rapl_power_watts_sum", [1]),
        ("rapl_power_watts_count", [1]), ("rapl_power_watts_created", [1]), ("rapl_zone_info", [2]),
        ("rapl_ticks", [4]), ("rapl_absent", [3]), ("rapl_native_watts", [8]), ("rapl_power_quantile_watts", [7]),
        ("rapl_power_quantile_watts_sum", [7]), ("rapl_power_quantile_watts_count", [7]),
        ("rapl_power_quantile_watts_created", [7]), ("rapl_power_quantile_watts_bucket", []),
        ("", []), ("rapl", []), ("rapl_energy_joule", []), ("rapl_energy_joules_", []),
        ("rapl_energy_joules_total_", []), ("rapl_energy_joules_total_total", []), ("rapl_energy_joules_sum", []),
        ("rapl_power_watts_total", []), ("rapl_power_watts_bucke", []), ("rapl_zone_info_total", []),
        ("rapl_zone_info_count", []), ("RAPL_ZONE_INFO", []), (" rapl_zone_info", []), ("rapl_zone_info\0", []),
        ("rapl_zone_info{zone=\"intel-rapl:0\"}", []),
    ])
    func `a name selects the family that is called so, or has such a series`(name: String, families: [Int]) {
        let golden = GoldenRegistry()
        let selection = golden.registry.selection(name)
        #expect((0..<FamilySelection.mostFamilies).filter { selection.contains($0) } == families)
    }

    @Test func `equal selections have one number, and one of all families has none`() {
        let golden = GoldenRegistry()
        let pair = golden.registry.key(golden.registry.selection("rapl_ticks", "rapl_zone_info"))
        let equal = golden.registry.key(
            golden.registry.selection("rapl_zone_info", "rapl_ticks_total", "rapl_ticks", "unknown"))
        let other = golden.registry.key(golden.registry.selection("rapl_ticks"))
        let none = golden.registry.key(FamilySelection())
        #expect(pair == equal && pair != other && none == 0)
        var every = FamilySelection()
        for family in golden.registry.families.indices {
            let some = golden.registry.key(every)
            #expect(some != nil)
            every.insert(family)
        }
        let keys = [golden.registry.key(every), golden.registry.key(.all)]
        #expect(keys == [nil, nil])
    }

    @Test func `several names select several families, in the order of the page`() {
        let golden = GoldenRegistry()
        let selection = golden.registry.selection("rapl_interval_seconds", "unknown", "rapl_ticks", "rapl_ticks_total")
        #expect(
            String(decoding: golden.page(.text, selecting: selection), as: UTF8.self) == """
                # HELP rapl_ticks_total Ticks.
                # TYPE rapl_ticks_total counter
                rapl_ticks_total 18446744073709551615
                # HELP rapl_interval_seconds Time between ticks.
                # TYPE rapl_interval_seconds gauge
                rapl_interval_seconds 0.100000000

                """)
    }

    @Test func `nothing selected is an empty page, with the end that OpenMetrics wants`() {
        let golden = GoldenRegistry()
        let none = golden.registry.selection("unknown")
        #expect(none == FamilySelection())
        #expect(golden.page(.text, selecting: none) == [])
        #expect(golden.page(.protobuf, selecting: none) == [])
        #expect(golden.page(.openMetrics, selecting: none) == Array("# EOF\n".utf8))
    }

    @Test(arguments: Exposition.allCases)
    func `the families of a page make the whole page, one after the other`(exposition: Exposition) {
        let golden = GoldenRegistry()
        let end = exposition == .openMetrics ? Array("# EOF\n".utf8) : []
        var pages: [UInt8] = []
        var all = FamilySelection()
        for family in 0..<9 {
            var selection = FamilySelection()
            selection.insert(family)
            all.insert(family)
            pages += golden.page(exposition, selecting: selection).dropLast(end.count)
        }
        #expect(pages + end == golden.page(exposition))
        #expect(golden.page(exposition, selecting: all) == golden.page(exposition))
    }

    @Test func `the last family that fits is selected as the first is`() {
        var registry = Registry()
        for family in 0..<FamilySelection.mostFamilies {
            let series = registry.declareFamily("family_\(family)_x", .gauge, help: "h")
            registry[series] = .integer(UInt64(family))
        }
        #expect(registry.text(.text).contains("\nfamily_127_x 127\n"))
        let page = registry.page(.text, selecting: registry.selection("family_127_x", "family_0_x"))
        #expect(
            String(decoding: page, as: UTF8.self).hasSuffix(
                "\nfamily_0_x 0\n# HELP family_127_x h\n# TYPE family_127_x gauge\nfamily_127_x 127\n"))
    }
}
