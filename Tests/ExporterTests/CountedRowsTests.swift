import Bytes
import Metrics
import TestSupport
import Testing

@testable import Exporter

@Suite struct CountedRowsTests {
    /// A family of counters by name.
    private struct House: ~Copyable {
        private var registry = Registry()
        private var rows: CountedRows<String>
        private let family: FamilyIndex

        init(_ keys: [String], rows capacity: Int = 4) {
            rows = CountedRows(keys, in: &registry, rows: capacity, labels: [], labelBytes: 32)
            family = registry.declareFamily("things_total", .counter, in: rows.table, help: "h")
        }

        mutating func set(_ count: UInt64, at index: Int) {
            rows.set(count, at: index, as: family, in: &registry) { name, labels in labels.append("n", name) }
        }

        mutating func follow(_ keys: [String]) { rows.follow(keys, in: &registry) }

        func lines() -> [String] {
            var page = ByteBuffer(capacity: registry.longestPageBytes(.text) + 1)
            registry.encode(.text, into: &page)
            return page.text().split(separator: "\n").filter { !$0.hasPrefix("#") }.map(String.init)
        }
    }

    @Test func `a row opens with the first count, and stays`() {
        var house = House(["a", "b"])
        house.set(0, at: 0)
        house.set(2, at: 1)
        #expect(house.lines() == ["things_total{n=\"b\"} 2"])
        house.set(1, at: 0)
        house.set(3, at: 1)
        #expect(house.lines() == ["things_total{n=\"b\"} 3", "things_total{n=\"a\"} 1"])
    }

    @Test func `what is counted under another name gets another row, and the others keep theirs`() {
        var house = House(["a", "b"])
        house.set(1, at: 0)
        house.set(2, at: 1)
        house.follow(["a", "c", "d"])
        #expect(house.lines() == ["things_total{n=\"a\"} 1"])
        house.set(2, at: 1)
        house.set(3, at: 2)
        #expect(house.lines() == ["things_total{n=\"a\"} 1", "things_total{n=\"c\"} 2", "things_total{n=\"d\"} 3"])
        house.follow(["a"])
        #expect(house.lines() == ["things_total{n=\"a\"} 1"])
    }

    @Test func `what finds no room is not shown until there is some`() {
        var house = House(["a", "b"], rows: 1)
        house.set(1, at: 0)
        house.set(1, at: 1)
        #expect(house.lines() == ["things_total{n=\"a\"} 1"])
        house.follow(["c", "b"])
        house.set(1, at: 1)
        #expect(house.lines() == ["things_total{n=\"b\"} 1"])
    }
}
