import Bytes
import TestSupport
import Testing

@testable import Metrics

/// Rows that open, close and change at random, held against a registry that is made anew with those that are left.
@Suite struct TableModelTests {
    private struct Entry {
        var name: String
        var start: UInt64?
        var watts = Value.absent
        var joules = Value.absent
        var power: PowerHistogram?
        var late: LatencyHistogram?
        var summary: PowerSummary?
    }

    private struct House: ~Copyable {
        var registry = Registry(startUnixMilliseconds: 77)
        let table: TableIndex
        let watts, joules, other: FamilyIndex
        let power: PowerHistogramIndex
        let late: LatencyHistogramIndex
        let summary: PowerSummaryIndex

        init(rows: Int) {
            other = registry.declareFamily("other_total", .counter, help: "A family of another table.")
            table = registry.declareTable(rows: rows, labelBytes: 150)
            watts = registry.declareFamily("unit_watts", .gauge, in: table, help: "h")
            late = registry.declareLatencyHistogram("unit_late_seconds", in: table, help: "h")
            power = registry.declarePowerHistogram("unit_power_watts", in: table, help: "h", hasClassicBuckets: true)
            summary = registry.declarePowerSummary("unit_quantile_watts", in: table, help: "h")
            joules = registry.declareFamily("unit_joules_total", .counter, in: table, help: "h")
            registry[other] = .integer(3)
        }

        mutating func open(_ entry: Entry) -> Row? {
            registry.open(table, startUnixMilliseconds: entry.start) { labels in
                labels.append("unit", entry.name)
                labels.append("kind", "k")
            }
        }

        mutating func set(_ entry: Entry, _ row: Row) {
            registry[watts, row] = entry.watts
            registry[joules, row] = entry.joules
            registry.publish(entry.power, as: power, row)
            registry.publish(entry.late, as: late, row)
            registry.publish(entry.summary, as: summary, row)
        }
    }

    private func value(_ generator: inout SplitMix64) -> Value {
        switch generator.next() % 4 {
        case 0: .absent
        case 1: .integer(generator.nextOfAnySize())
        case 2: .micro(generator.nextOfAnySize())
        default: .nano(generator.nextOfAnySize())
        }
    }

    /// Changes one thing about a row, in the registry and in what is known of it.
    private func change(_ house: inout House, _ row: Row, _ entry: inout Entry, _ generator: inout SplitMix64) {
        switch generator.next() % 5 {
        case 0:
            entry.watts = value(&generator)
            house.registry[house.watts, row] = entry.watts
        case 1:
            entry.joules = value(&generator)
            house.registry[house.joules, row] = entry.joules
        case 2:
            let microwatts = generator.nextOfAnySize()
            var power = entry.power ?? PowerHistogram()
            power.record(microwatts: microwatts)
            entry.power = power
            house.registry.publish(power, as: house.power, row)
        case 3:
            let hasQuantiles = generator.next() % 2 == 0
            entry.summary = PowerSummary(
                quantilesMicrowatts: hasQuantiles ? [1, 2, generator.nextOfAnySize()] : nil,
                count: generator.nextOfAnySize(), sumMicrowatts: generator.nextOfAnySize())
            house.registry.publish(entry.summary, as: house.summary, row)
        default:
            let nanoseconds = generator.next() >> 8
            var late = entry.late ?? LatencyHistogram()
            late.record(nanoseconds: nanoseconds)
            entry.late = late
            house.registry.record(nanoseconds: nanoseconds, in: house.late, row)
        }
    }

    private func check(_ house: borrowing House, _ model: [Int: (row: Row, entry: Entry)]) {
        var fresh = House(rows: model.count)
        for (_, (_, entry)) in model.sorted(by: { $0.key < $1.key }) {
            if let row = fresh.open(entry) { fresh.set(entry, row) }
        }
        for exposition in Exposition.allCases {
            let page = house.registry.page(exposition, showsCreated: true)
            #expect(page == fresh.registry.page(exposition, showsCreated: true))
            let most = house.registry.longestPageBytes(exposition, of: .open)
            #expect(page.count <= most)
            #expect(most == fresh.registry.longestPageBytes(exposition, of: .open))
            #expect(most <= house.registry.longestPageBytes(exposition))
        }
    }

    @Test(arguments: 0..<12 as Range<UInt64>)
    func `whatever comes and goes, a page is that of the rows that are open`(seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        let capacity = 1 + Int(seed) * 2
        var house = House(rows: capacity)
        var model: [Int: (row: Row, entry: Entry)] = [:]
        var stale: [Row] = []
        for step in 0..<300 {
            switch generator.next() % 6 {
            case 0, 1:
                let letters = [
                    "a", "\\", "\"", "\n", "ü", "", String(repeating: "n", count: Int(generator.next() % 90)),
                ]
                let letter = letters[Int(generator.next() % 7)]
                let entry = Entry(
                    name: "\(step)\(letter)", start: generator.next() % 2 == 0 ? generator.nextOfAnySize() >> 8 : nil)
                let row = house.open(entry)
                #expect((row == nil) == (model.count == capacity))
                if let row { model[row.slot.index] = (row, entry) }
            case 2:
                guard let (index, (row, _)) = model.randomElement(using: &generator) else { continue }
                house.registry.close(row)
                model[index] = nil
                stale.append(row)
            case 3:
                guard let row = stale.randomElement(using: &generator) else { continue }
                house.set(Entry(name: "", watts: .integer(1), power: PowerHistogram()), row)
                house.registry.close(row)
            default:
                guard let index = model.keys.randomElement(using: &generator), var known = model[index] else {
                    continue
                }
                change(&house, known.row, &known.entry, &generator)
                model[index] = known
            }
            if step % 25 == 0 { check(house, model) }
        }
        check(house, model)
    }
}
