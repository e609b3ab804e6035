import Bytes
import Kernel
import TestSupport
import Testing

@testable import Metrics

/// One registry with everything that a page can show. What its pages are lies in the directory Golden, for other readers too.
struct GoldenRegistry: ~Copyable {
    var registry = Registry(startUnixMilliseconds: 1_700_000_000_123)

    init() {
        registry.declareFamily(
            "rapl_energy_joules_total", .counter, help: "Energy \"used\" since the start,\nby C:\\powercap.")
        let package = registry.declareSeries([Label("domain", "package_0"), Label("kind", "package")])
        let dram = registry.declareSeries(
            [Label("domain", "dram_0"), Label("kind", "dram")], startUnixMilliseconds: 1_600_000_000_000)
        let unread = registry.declareSeries([Label("domain", "core_0"), Label("kind", "core")])
        registry.declareFamily("rapl_power_watts", .histogram, help: "Average power of every interval.")
        let used = registry.declareHistogram(
            [Label("domain", "package_0")], bounds: PowerHistogram.boundLabels, isNative: true)
        let empty = registry.declareHistogram(
            [Label("domain", "dram_0")], bounds: PowerHistogram.boundLabels, isNative: true)
        _ = registry.declareHistogram(
            [Label("domain", "core_0")], bounds: PowerHistogram.boundLabels, isNative: true)
        registry.declareFamily("rapl_zone_info", .gauge, help: "Zones.")
        let zone = registry.declareSeries([Label("zone", "intel-rapl:0"), Label("reason", "\"a\\b\"\n'c'")])
        registry.declareFamily("rapl_absent", .gauge, help: "A family without a known value.")
        _ = registry.declareSeries()
        registry.declareFamily("rapl_ticks_total", .counter, help: "Ticks.")
        let ticks = registry.declareSeries()
        registry.declareFamily("rapl_lateness_seconds", .histogram, help: "How late ticks are.")
        let lateness = registry.declareHistogram(bounds: LatencyHistogram.boundLabels, isNative: false)
        registry.declareFamily("rapl_interval_seconds", .gauge, help: "Time between ticks.")
        let interval = registry.declareSeries()

        registry[package] = .micro(262_143_328_911)
        registry[dram] = .micro(5)
        registry[unread] = .absent
        registry[zone] = .integer(1)
        registry[ticks] = .integer(18_446_744_073_709_551_615)
        registry[interval] = .nano(100_000_000)
        var power = PowerHistogram()
        for microwatts in [0, 0, 1, 1_000_000, 1_050_000, 1_050_000, 2_000_000, 64_000_000, 9_000_000_000] as [UInt64] {
            power.record(microwatts: microwatts)
        }
        registry.publish(power, as: used)
        registry.publish(PowerHistogram(), as: empty)
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
