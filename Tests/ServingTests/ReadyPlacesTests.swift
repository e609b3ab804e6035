import Testing

@testable import Serving

@Suite struct ReadyPlacesTests {
    @Test func `each place that is ready has its turn once`() {
        var ready = ReadyPlaces(capacity: 1040)
        for place in [1039, 64, 0, 63, 64] { ready.insert(place) }
        #expect(take(&ready, 9) == [1039, 64, 0, 63])
    }

    @Test func `a turn that ends early goes on where it ended, whoever is ready again`() {
        var ready = ReadyPlaces(capacity: 130)
        var served: [Int] = []
        for _ in 0..<5 {
            ready.beginTurn()
            for place in [3, 64, 70, 127, 129] { ready.insert(place) }
            served += take(&ready, 2)
        }
        // The two that were served in one turn are queued again as they are noted.
        #expect(served == [3, 64, 70, 127, 129, 3, 64, 70, 127, 3])
    }

    @Test func `a place that was given up has no turn`() {
        var ready = ReadyPlaces(capacity: 16)
        for place in 0..<16 { ready.insert(place) }
        ready.remove(0)
        ready.remove(0)
        ready.remove(7)
        #expect(take(&ready, 16) == Array(1..<7) + Array(8..<16))
        ready.insert(5)
        ready.beginTurn()
        #expect(ready.next() == nil)
    }

    @Test func `those that come later never pass one that waits`() {
        // A client of a low place waited while newcomers took one higher place after the other, each of which came before it.
        var ready = ReadyPlaces(capacity: 64)
        var waiting = [5, 6, 7, 8]
        var served: [Int] = []
        for newcomer in 20..<26 {
            ready.beginTurn()
            for place in waiting { ready.insert(place) }
            served += take(&ready, 1)
            waiting = [newcomer] + waiting.filter { !served.contains($0) }
        }
        #expect(served == [5, 6, 7, 8, 20, 21])
    }

    @Test func `the next tenant of a place does not have its position`() {
        var ready = ReadyPlaces(capacity: 8)
        for place in [1, 2, 3] { ready.insert(place) }
        ready.remove(1)
        ready.insert(1)
        #expect(take(&ready, 4) == [2, 3, 1])
    }

    @Test func `whoever is ready no more loses its position, and the ring goes round`() {
        var ready = ReadyPlaces(capacity: 3)
        var served: [Int] = []
        for _ in 0..<6 {
            for places in [[0, 1, 2], [0, 2]] {
                ready.beginTurn()
                for place in places { ready.insert(place) }
                served += take(&ready, 1)
            }
        }
        #expect(served == Array(repeating: [0, 2], count: 6).flatMap(\.self))
    }

    private func take(_ ready: inout ReadyPlaces, _ count: Int) -> [Int] {
        (0..<count).compactMap { _ in ready.next() }
    }
}
