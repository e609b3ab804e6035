import Bytes
import TestSupport
import Testing

@testable import Metrics

@Suite struct TableTests {
    /// A gauge, a counter and a histogram of the same rows.
    private struct Unit: ~Copyable {
        var registry = Registry(startUnixMilliseconds: 1_000)
        let table: TableIndex
        let gauge: FamilyIndex
        let counter: FamilyIndex
        let power: PowerHistogramIndex

        init(rows: Int, labelBytes: Int = 40) {
            table = registry.declareTable(rows: rows, labelBytes: labelBytes)
            gauge = registry.declareFamily("unit_watts", .gauge, in: table, help: "h")
            counter = registry.declareFamily("unit_joules_total", .counter, in: table, help: "h")
            power = registry.declarePowerHistogram("unit_power_watts", in: table, help: "h", hasClassicBuckets: true)
        }

        mutating func open(_ name: String, startUnixMilliseconds: UInt64? = nil) -> Row? {
            registry.open(table, startUnixMilliseconds: startUnixMilliseconds) { $0.append("unit", name) }
        }

        mutating func opened(_ name: String, startUnixMilliseconds: UInt64? = nil) throws -> Row {
            let row = open(name, startUnixMilliseconds: startUnixMilliseconds)
            return try #require(row)
        }

        func lines(_ exposition: Exposition = .text) -> [String] {
            registry.text(exposition, showsCreated: true).split(separator: "\n").filter { !$0.hasPrefix("#") }
                .map(String.init)
        }
    }

    @Test func `a row shows what was set since it was opened, and nothing after it was closed`() throws {
        var unit = Unit(rows: 2)
        #expect(unit.registry.text(.text) == "", "a family without rows is left out")
        let row = try unit.opened("a")
        #expect(unit.registry[unit.gauge, row] == .absent && unit.registry.text(.text) == "")
        unit.registry[unit.gauge, row] = .integer(1)
        unit.registry.publish(PowerHistogram(of: 5), as: unit.power, row)
        #expect(unit.registry[unit.gauge, row] == .integer(1))
        #expect(unit.lines().first == "unit_watts{unit=\"a\"} 1")
        #expect(unit.lines().last == "unit_power_watts_count{unit=\"a\"} 1")
        unit.registry.close(row)
        #expect(unit.registry[unit.gauge, row] == .absent && unit.registry.text(.text) == "")
        #expect(unit.registry.page(.protobuf) == [] && unit.registry.text(.openMetrics) == "# EOF\n")
    }

    @Test func `a stale row takes nothing, and leaves its place's new row alone`() throws {
        var unit = Unit(rows: 1)
        let old = try unit.opened("old")
        unit.registry[unit.counter, old] = .integer(9)
        unit.registry.publish(PowerHistogram(of: 5), as: unit.power, old)
        unit.registry.close(old)
        let new = try unit.opened("new")
        #expect(unit.registry.text(.text) == "", "values and histograms begin anew")
        unit.registry[unit.gauge, old] = .integer(1)
        unit.registry.publish(PowerHistogram(), as: unit.power, old)
        unit.registry.publish(PowerHistogram(of: 5), as: unit.power, old)
        unit.registry.close(old)
        #expect(unit.registry.text(.text) == "" && unit.registry[unit.gauge, old] == .absent)
        #expect(!unit.registry.isOpen(old) && unit.registry.isOpen(new))
        unit.registry.publish(PowerHistogram(of: 5), as: unit.power, new)
        #expect(unit.lines().last == "unit_power_watts_count{unit=\"new\"} 1")
        unit.registry.publish(nil, as: unit.power, new)
        #expect(unit.registry.text(.text) == "")
    }

    @Test func `a full table opens no row, and says so`() throws {
        var unit = Unit(rows: 1)
        let first = try unit.opened("first")
        #expect(unit.registry.isFull(unit.table) && unit.registry.openCount(unit.table) == 1)
        #expect(unit.open("second") == nil)
        unit.registry.close(first)
        #expect(!unit.registry.isFull(unit.table) && unit.open("second") != nil)
    }

    @Test func `labels take as many bytes as they may, escapes included, in text and in protobuf`() throws {
        // {unit="..."} has 9 bytes beside the value, protobuf 4 + 6.
        for (value, bytes) in [("", 10), ("abcdef", 16), ("\"\\\n", 15), (String(repeating: "x", count: 128), 140)] {
            var exact = Unit(rows: 1, labelBytes: bytes)
            #expect(exact.open(value) != nil, "\(value)")
            var short = Unit(rows: 1, labelBytes: bytes - 1)
            #expect(short.open(value) == nil, "\(value)")
            #expect(short.registry.openCount(short.table) == 0)
            #expect(short.open("") != nil || bytes == 10, "the next one is not affected")
        }
    }

    @Test func `labels may be bytes, and what is not UTF-8 is shown as question marks`() throws {
        var unit = Unit(rows: 3)
        for bytes in [Array("Zürich".utf8), [0x61, 0xC3, 0x28, 0xFF], [0xED, 0xA0, 0x80]] as [[UInt8]] {
            let opened = unit.registry.open(unit.table) { $0.append("unit", bytes.span) }
            let row = try #require(opened)
            unit.registry[unit.gauge, row] = .integer(1)
        }
        #expect(
            unit.lines() == [
                "unit_watts{unit=\"Zürich\"} 1", "unit_watts{unit=\"a?(?\"} 1", "unit_watts{unit=\"???\"} 1",
            ])
        let family = try #require(try ProtobufMessage.stream(unit.registry.page(.protobuf)).first)
        let values = try family.messages(4).flatMap { try $0.messages(1).flatMap { $0.texts(2) } }
        #expect(values == ["Zürich", "a?(?", "???"])
    }

    @Test func `rows stand in the order of their places, families in that of their declaration`() throws {
        var registry = Registry()
        let late = registry.declareFamily("c", .gauge, help: "h")
        registry[late] = .integer(0)
        let table = registry.declareTable(rows: 3, labelBytes: 20)
        let second = registry.declareFamily("b", .gauge, in: table, help: "h")
        let rows = ["x", "y", "z"].compactMap { value in registry.open(table) { $0.append("l", value) } }
        // A family may come after rows that are open.
        let third = registry.declareFamily("a", .gauge, in: table, help: "h")
        for family in [third, second] { for row in rows.reversed() { registry[family, row] = .integer(1) } }
        registry.close(rows[0])
        registry.close(rows[1])
        let opened = registry.open(table) { $0.append("l", "w") }
        let row = try #require(opened)
        registry[third, row] = .integer(2)
        let lines = registry.text(.text).split(separator: "\n").filter { !$0.hasPrefix("#") }
        #expect(lines == ["c 0", "b{l=\"z\"} 1", "a{l=\"w\"} 2", "a{l=\"z\"} 1"])
    }

    @Test func `each row says since when it counts`() throws {
        var unit = Unit(rows: 2)
        let own = try unit.opened("a", startUnixMilliseconds: 7_500)
        let usual = try unit.opened("b")
        for row in [own, usual] { unit.registry[unit.counter, row] = .integer(1) }
        for row in [own, usual] { unit.registry.publish(PowerHistogram(), as: unit.power, row) }
        #expect(
            unit.lines(.openMetrics).filter { $0.contains("_created") } == [
                "unit_joules_created{unit=\"a\"} 7.500", "unit_joules_created{unit=\"b\"} 1.000",
                "unit_power_watts_created{unit=\"a\"} 7.500", "unit_power_watts_created{unit=\"b\"} 1.000",
            ])
    }

    @Test func `durations are recorded in a row as they are published`() throws {
        var registry = Registry()
        let table = registry.declareTable(rows: 2, labelBytes: 20)
        let family = registry.declareLatencyHistogram("l_seconds", in: table, help: "h")
        let rows = ["x", "y"].compactMap { value in registry.open(table) { $0.append("l", value) } }
        var histogram = LatencyHistogram()
        for nanoseconds in [0, 500_000, 3_000_000_000] as [UInt64] {
            registry.record(nanoseconds: nanoseconds, in: family, rows[0])
            histogram.record(nanoseconds: nanoseconds)
        }
        registry.publish(histogram, as: family, rows[1])
        let lines = registry.text(.text).split(separator: "\n").filter { !$0.hasPrefix("#") }.map(String.init)
        #expect(lines.count == 22)
        #expect(lines.prefix(11).map { $0.replacing("l=\"x\"", with: "l=\"y\"") } == Array(lines.suffix(11)))
    }

    @Test(arguments: Exposition.allCases)
    func `what a page can need follows the rows that are open, up to the whole table`(exposition: Exposition) throws {
        var unit = Unit(rows: 3, labelBytes: 11)
        let all = unit.registry.longestPageBytes(exposition)
        let none = unit.registry.longestPageBytes(exposition, of: .open)
        #expect(none == (exposition == .openMetrics ? 6 : 0))
        let first = try unit.opened("a")
        let one = unit.registry.longestPageBytes(exposition, of: .open)
        let rest = ["b", "c"].compactMap { unit.open($0) }
        let full = unit.registry.longestPageBytes(exposition, of: .open)
        #expect(none < one && one < full)
        #expect(full <= all && all <= full + 200, "these labels are nearly as long as they may be")
        for row in rest { unit.registry.close(row) }
        #expect(unit.registry.longestPageBytes(exposition, of: .open) == one)
        unit.registry.close(first)
        #expect(unit.registry.longestPageBytes(exposition, of: .open) == none)
        #expect(unit.registry.longestPageBytes(exposition) == all)
    }
}
