import Testing

@testable import Serving

@Suite struct WaiterQueueTests {
    @Test func `one client's waiters have their turn in the order in which they came`() {
        var queue = WaiterQueue()
        for slot in [3, 1, 2] { #expect(admit(&queue, slot, of: 1) == .waits) }
        #expect(queue.inOrder().slots == [3, 1, 2])
    }

    @Test func `a client that waits once comes after one of a client that waits often`() {
        var queue = WaiterQueue()
        for slot in 0..<10 { #expect(admit(&queue, slot, of: 1) == .waits) }
        #expect(admit(&queue, 100, of: 2) == .waits)
        #expect(queue.inOrder().slots == [0, 100, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    }

    @Test func `a client that comes late is not behind those who came early and often`() {
        var queue = WaiterQueue()
        for slot in 0..<10 { #expect(admit(&queue, slot, of: 1) == .waits) }
        for slot in 0..<5 {
            queue.start(connection(slot))
            queue.remove(connection(slot))
        }
        queue.start(connection(5))
        #expect(admit(&queue, 100, of: 2) == .waits)
        #expect(queue.inOrder().slots == [5, 6, 100, 7, 8, 9])
    }

    /// Turns that were saved up while others waited would let a client that slept for long shut the others out.
    @Test func `who comes again has nothing saved up`() {
        var queue = WaiterQueue()
        #expect(admit(&queue, 100, of: 2) == .waits)
        queue.start(connection(100))
        queue.remove(connection(100))
        for slot in 0..<4 { #expect(admit(&queue, slot, of: 1) == .waits) }
        for slot in 0..<4 {
            queue.start(connection(slot))
            queue.remove(connection(slot))
        }
        for slot in 0..<2 { #expect(admit(&queue, slot, of: 1) == .waits) }
        for slot in 100..<102 { #expect(admit(&queue, slot, of: 2) == .waits) }
        #expect(queue.inOrder().slots == [0, 100, 1, 101])
    }

    @Test func `a waiter that asks again keeps its place, and loses it with other credentials`() {
        var queue = WaiterQueue()
        for slot in 0..<3 { #expect(admit(&queue, slot, of: 1) == .waits) }
        #expect(queue.place(for: connection(0), tag(0), peer(1)) == .held(0))
        #expect(admit(&queue, 0, of: 1) == .waits)
        #expect(queue.inOrder().slots == [0, 1, 2])
        #expect(admit(&queue, 0, of: 1, tag: 99) == .waits)
        #expect(queue.inOrder().slots == [1, 2, 0])
    }

    @Test func `a connection's successor in the same slot is somebody else`() {
        var queue = WaiterQueue()
        #expect(admit(&queue, 0, of: 1) == .waits)
        queue.remove(connection(0, generation: 2))
        #expect(queue.inOrder().count == 1)
        queue.remove(connection(0))
        #expect(queue.inOrder().count == 0)
        #expect(queue.inOrder().count == 0)
    }

    @Test func `one client can hold half of the places`() {
        var queue = WaiterQueue()
        for slot in 0..<WaiterQueue.capacityOfPeer { #expect(admit(&queue, slot, of: 1) == .waits) }
        #expect(admit(&queue, 100, of: 1) == .refused)
        #expect(admit(&queue, 100, of: 2) == .waits)
        queue.remove(connection(0))
        #expect(admit(&queue, 101, of: 1) == .waits)
    }

    @Test func `when all places are taken the client with the most loses its newest`() {
        var queue = WaiterQueue()
        for slot in 0..<16 { #expect(admit(&queue, slot, of: 1) == .waits) }
        for slot in 16..<31 { #expect(admit(&queue, slot, of: 2) == .waits) }
        #expect(admit(&queue, 31, of: 3) == .waits)
        #expect(queue.inOrder().count == WaiterQueue.capacity)
        #expect(admit(&queue, 100, of: 4) == .displaces(15))
        #expect(queue.inOrder().count == WaiterQueue.capacity)
        #expect(admit(&queue, 101, of: 5) == .displaces(14))
        #expect(admit(&queue, 102, of: 3) == .displaces(30))
    }

    @Test func `who has the most cannot push out others, nor can one of many equals`() {
        var queue = WaiterQueue()
        for slot in 0..<WaiterQueue.capacity { #expect(admit(&queue, slot, of: UInt32(slot / 2)) == .waits) }
        #expect(admit(&queue, 100, of: 0) == .refused)
        #expect(admit(&queue, 100, of: 99) == .displaces(1))
        #expect(admit(&queue, 101, of: 99) == .refused)
        #expect(admit(&queue, 102, of: 0) == .refused)
    }

    /// Forty addresses with four guessers each once kept a right password waiting for ever: whenever a place was free, they were
    /// there first.
    @Test func `among more clients than places one that asks seldom has its turn`() {
        for _ in 0..<5 {
            var queue = WaiterQueue()
            var asked = 0
            var isCompared = false
            while !isCompared, asked < 40 {
                askAll(&queue)
                asked += 1
                _ = admit(&queue, 1000, of: 1000)
                // As many comparisons as there are between two scrapes, and all others ask again before each.
                for _ in 0..<48 where !isCompared {
                    let next = queue.inOrder()[0]
                    queue.start(next)
                    queue.remove(next)
                    isCompared = next.slot == 1000
                    askAll(&queue)
                }
                queue.remove(connection(1000))
            }
            #expect(isCompared)
        }
    }

    @Test func `who drew the smaller lot has no more places for asking often`() {
        for _ in 0..<20 {
            var queue = WaiterQueue()
            for client in 0..<WaiterQueue.capacity { #expect(admit(&queue, client, of: UInt32(client)) == .waits) }
            let outcomes = (0..<100).map { admit(&queue, 1000 + $0, of: 1000) }
            // One place at most, whether by the first attempt or by none.
            #expect(outcomes.dropFirst().allSatisfy { $0 == .refused })
        }
    }

    /// Every guesser that does not wait asks.
    private func askAll(_ queue: inout WaiterQueue) {
        let waiting = Set(queue.inOrder().slots)
        for slot in 0..<160 where !waiting.contains(slot) { _ = admit(&queue, slot, of: UInt32(slot / 4)) }
    }

    private enum Outcome: Equatable {
        case waits
        case displaces(Int)
        case refused
    }

    private func admit(_ queue: inout WaiterQueue, _ slot: Int, of number: UInt32, tag other: Int? = nil) -> Outcome {
        let place = queue.place(for: connection(slot), tag(other ?? slot), peer(number))
        if place == .none { return .refused }
        let displaced = queue.admit(connection(slot), tag(other ?? slot), peer(number), at: place)
        return displaced.map { .displaces($0.slot) } ?? .waits
    }
}
