import Bytes
import TestSupport
import Testing

/// Counts its deaths where a test can see them.
private struct Owner: ~Copyable {
    final class Deaths {
        var names: [Int] = []
    }

    let name: Int
    var touched = 0
    let deaths: Deaths

    init(_ name: Int, _ deaths: Deaths) {
        self.name = name
        self.deaths = deaths
    }

    mutating func touch() { touched += 1 }
    func isTouched() -> Bool { touched > 0 }

    deinit { deaths.names.append(name) }
}

@Suite struct SlotTableTests {
    @Test func `elements come back by their slots until they are removed`() {
        var table = SlotTable<String>(capacity: 2)
        #expect(table.isEmpty && !table.isFull && table.count == 0 && table.indices == 0..<0)
        let first = table.insert("first") ?? Slot(index: 9, generation: 9)
        let second = table.insert("second") ?? Slot(index: 9, generation: 9)
        #expect(table.isFull && table.insert("third") == nil && table.count == 2)
        #expect(table[first] == "first" && table[second] == "second" && table[index: 1] == "second")
        #expect(table.slot(at: 0) == first && first == Slot(index: 0, generation: 1))
        table[first] = "changed"
        #expect(table.remove(first) == "changed")
        #expect(table.remove(first) == nil && table.count == 1 && !table.contains(first))
        #expect(table[first] == nil && table[index: 0] == nil && table.slot(at: 0) == nil)
    }

    @Test func `a stale slot finds nothing, and what is put into it is dropped`() {
        var table = SlotTable<Int>(capacity: 1)
        let old = table.insert(1) ?? Slot(index: 9, generation: 9)
        table.remove(old)
        let new = table.insert(2)
        #expect(new == Slot(index: 0, generation: 3))
        table[old] = 3
        #expect(table[old] == nil && table.remove(old) == nil && table[index: 0] == 2)
        for foreign in [Slot(index: -1, generation: 1), Slot(index: 1, generation: 1), Slot(index: 0, generation: 0)] {
            #expect(table[foreign] == nil && table.slot(at: foreign.index) != foreign)
        }
        if let new { table.remove(new) }
        for generation in 0...5 as ClosedRange<UInt32> {
            let foreign = Slot(index: 0, generation: generation)
            #expect(!table.contains(foreign) && table.remove(foreign) == nil && table.count == 0)
        }
    }

    @Test func `the lowest free place is taken first, whatever the capacity`() {
        for capacity in [1, 63, 64, 65, 200] {
            var table = SlotTable<Int>(capacity: capacity)
            for index in 0..<capacity { #expect(table.insert(index)?.index == index) }
            #expect(table.isFull && table.insert(0) == nil)
            for index in stride(from: capacity - 1, through: 0, by: -3) {
                if let slot = table.slot(at: index) { table.remove(slot) }
            }
            for index in stride(from: (capacity - 1) % 3, to: capacity, by: 3) {
                #expect(table.insert(index) == Slot(index: index, generation: 3))
            }
            #expect(table.isFull == true)
        }
    }

    @Test func `a table without room is full`() {
        var table = SlotTable<Int>(capacity: 0)
        #expect(table.isFull && table.isEmpty && table.insert(1) == nil)
    }

    @Test func `owners are changed in place, taken out and put back, and each dies once`() {
        let deaths = Owner.Deaths()
        do {
            var table = SlotTable<Owner>(capacity: 3)
            let slots = (0..<3).compactMap { table.insert(Owner($0, deaths)) }
            table[slots[0]]?.touch()
            #expect(table[slots[0]]?.isTouched() == true && table[slots[1]]?.isTouched() == false)
            // A connection is taken out, and is put back or not.
            let taken = table[slots[1]].take()
            #expect(table[slots[1]] == nil && table.contains(slots[1]) && table.count == 3)
            table[slots[1]] = consume taken
            #expect(deaths.names == [])
            let gone = table[slots[1]].take()
            #expect(table.remove(slots[1]) == nil && table.count == 2)
            _ = consume gone
            #expect(deaths.names == [1])
            #expect(table.insert(Owner(3, deaths)) == Slot(index: 1, generation: 3))
            #expect(table.insert(Owner(4, deaths)) == nil && deaths.names == [1, 4])
            table[slots[1]] = Owner(5, deaths)
            #expect(table[slots[1]] == nil && table[slots[1]]?.isTouched() == nil)
            table[slots[1]]?.touch()
            #expect(deaths.names == [1, 4, 5], "what is put into a stale slot is not there, and dies")
        }
        #expect(deaths.names.sorted() == [0, 1, 2, 3, 4, 5])
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `it does what a dictionary would`(seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        var table = SlotTable<UInt64>(capacity: 1 + Int(seed) * 7)
        var model: [Int: (slot: Slot, value: UInt64)] = [:]
        var stale: [Slot] = []
        for value in 0..<500 as Range<UInt64> {
            if generator.next() % 2 == 0 {
                let lowest = (0..<table.capacity).first { model[$0] == nil }
                let slot = table.insert(value)
                #expect(slot?.index == lowest)
                if let slot { model[slot.index] = (slot, value) }
            } else if let (index, entry) = model.randomElement(using: &generator) {
                #expect(table.remove(entry.slot) == entry.value)
                model[index] = nil
                stale.append(entry.slot)
            }
            #expect(table.count == model.count)
        }
        for index in table.indices { #expect(table[index: index] == model[index]?.value) }
        for slot in stale { #expect(!table.contains(slot) || model[slot.index]?.slot == slot) }
    }
}
