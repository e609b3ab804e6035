import Bytes
import Kernel
import TestSupport
import Testing

@testable import Metrics

/// One registry with everything that a page can show. What its pages are lies in the directory Golden, for other readers too.
struct GoldenRegistry: ~Copyable {
    var registry = Registry(startUnixMilliseconds: 1_700_000_000_123)

    init() {
        let energy = registry.declare(
            "rapl_energy_joules_total", .counter, help: "Energy \"used\" since the start,\nby C:\\powercap.",
            rows: [
                ["domain": "package_0", "kind": "package"], ["domain": "dram_0", "kind": "dram"],
                ["domain": "core_0", "kind": "core"],
            ], startsUnixMilliseconds: [nil, 1_600_000_000_000])
        let domains = registry.declareRows([["domain": "package_0"], ["domain": "dram_0"], ["domain": "core_0"]])
        let histograms = registry.declarePowerHistogram(
            "rapl_power_watts", in: domains.table, help: "Average power of every interval.", hasClassicBuckets: true)
        let zone = registry.declareOne(
            "rapl_zone_info", .gauge, help: "Zones.", ["zone": "intel-rapl:0", "reason": "\"a\\b\"\n'c'"])
        _ = registry.declareOne("rapl_absent", .gauge, help: "A family without a known value.")
        let ticks = registry.declareOne("rapl_ticks_total", .counter, help: "Ticks.")
        let lateness = registry.declareLatencyHistogram("rapl_lateness_seconds", help: "How late ticks are.")
        let interval = registry.declareOne("rapl_interval_seconds", .gauge, help: "Time between ticks.")
        let quantiles = registry.declarePowerSummary(
            "rapl_power_quantile_watts", in: domains.table, help: "Quantiles of power.")
        let natives = registry.declarePowerHistogram(
            "rapl_native_watts", in: domains.table, help: "A histogram without classic buckets.",
            hasClassicBuckets: false)

        registry[energy[0]] = .micro(262_143_328_911)
        registry[energy[1]] = .micro(5)
        registry[energy[2]] = .absent
        registry[zone] = .integer(1)
        registry[ticks] = .integer(18_446_744_073_709_551_615)
        registry[interval] = .nano(100_000_000)
        var power = PowerHistogram()
        for microwatts in [0, 0, 1, 1_000_000, 1_050_000, 1_050_000, 2_000_000, 64_000_000, 9_000_000_000] as [UInt64] {
            power.record(microwatts: microwatts)
        }
        registry.publish(power, as: histograms, domains.rows[0])
        registry.publish(PowerHistogram(), as: histograms, domains.rows[1])
        registry.publish(power, as: natives, domains.rows[0])
        registry.publish(
            PowerSummary(
                quantilesMicrowatts: [1_000_000, 64_000_000, 9_000_000_000], count: 9,
                sumMicrowatts: power.sumMicrowatts),
            as: quantiles, domains.rows[0])
        registry.publish(
            PowerSummary(quantilesMicrowatts: nil, count: 0, sumMicrowatts: 0), as: quantiles, domains.rows[1])
        var late = LatencyHistogram()
        for nanoseconds in [90_000, 100_000, 100_001, 2_000_000_001] as [UInt64] {
            late.record(nanoseconds: nanoseconds)
        }
        registry.publish(late, as: lateness)
    }

    borrowing func page(
        _ exposition: Exposition, selecting selection: FamilySelection = .all, showsCreated: Bool = false
    ) -> [UInt8] {
        registry.page(exposition, selecting: selection, showsCreated: showsCreated)
    }
}

extension Registry {
    /// A page in a buffer as long as `longestPageBytes` says.
    borrowing func page(
        _ exposition: Exposition, selecting selection: FamilySelection = .all, showsCreated: Bool = false
    ) -> [UInt8] {
        var buffer = ByteBuffer(capacity: longestPageBytes(exposition) + 1)
        encode(exposition, selecting: selection, showsCreated: showsCreated, into: &buffer)
        #expect(buffer.overflowed == false)
        #expect(buffer.freeCount > 0, "the bound holds without the byte that an empty page's buffer needs")
        return buffer.content()
    }

    borrowing func text(_ exposition: Exposition, showsCreated: Bool = false) -> String {
        String(decoding: page(exposition, showsCreated: showsCreated), as: UTF8.self)
    }

    borrowing func selection(_ names: String...) -> FamilySelection {
        var selection = FamilySelection()
        for name in names { select(Array(name.utf8).span, into: &selection) }
        return selection
    }
}

@Suite struct GoldenPageTests {
    /// Not through a bundle: that would need Foundation.
    private func golden(_ name: String) throws -> [UInt8] {
        let directory = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        return try Files.read(directory.joined(separator: "/") + "/Golden/" + name, limit: 1 << 20)
    }

    private func lines(_ bytes: [UInt8]) -> [Substring] {
        String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
    }

    @Test(
        arguments: [
            (.text, false, "page.txt"), (.openMetrics, false, "page.openmetrics"),
            (.openMetrics, true, "page.created.openmetrics"),
        ]
            as [(Exposition, Bool, String)])
    func `a text page is the golden one`(exposition: Exposition, showsCreated: Bool, file: String) throws {
        let page = GoldenRegistry().page(exposition, showsCreated: showsCreated)
        #expect(lines(page) == lines(try golden(file)))
    }

    @Test func `a protobuf page is the golden one, and says what stands beside it`() throws {
        let page = GoldenRegistry().page(.protobuf)
        #expect(page == (try golden("page.protobuf")))
        let described = try ProtobufMessage.stream(page).map { try $0.described() }.joined(separator: "\n")
        #expect(lines(Array(described.utf8)) == lines(try golden("page.protobuf.txt")))
    }

    @Test func `text 0.0.4 never shows when counting started`() {
        let golden = GoldenRegistry()
        #expect(golden.page(.text, showsCreated: true) == golden.page(.text))
        #expect(golden.page(.protobuf, showsCreated: true) == golden.page(.protobuf))
    }

    @Test(arguments: Exposition.allCases)
    func `writing a page twice gives the same bytes, and adds to what is there`(exposition: Exposition) {
        let golden = GoldenRegistry()
        let page = golden.page(exposition)
        var buffer = ByteBuffer(capacity: 2 * page.count)
        golden.registry.encode(exposition, into: &buffer)
        golden.registry.encode(exposition, into: &buffer)
        #expect(buffer.content() == page + page)
    }

    @Test(arguments: Exposition.allCases)
    func `a page that does not fit says so, wherever it ends`(exposition: Exposition) {
        let golden = GoldenRegistry()
        let length = golden.page(exposition).count
        for capacity in 1..<length {
            var buffer = ByteBuffer(capacity: capacity)
            golden.registry.encode(exposition, into: &buffer)
            #expect(buffer.overflowed == true)
        }
    }
}
