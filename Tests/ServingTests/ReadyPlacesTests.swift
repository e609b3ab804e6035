import Testing

@testable import Serving

@Suite struct ReadyPlacesTests {
    @Test func `each place that is ready has its turn once`() {
        var ready = ReadyPlaces(capacity: 1040)
        for place in [1039, 64, 0, 63, 64] { ready.insert(place) }
        #expect(take(&ready, 9) == [0, 63, 64, 1039])
    }

    @Test func `a turn that ends early goes on where it ended, whoever is ready again`() {
        var ready = ReadyPlaces(capacity: 130)
        var served: [Int] = []
        for _ in 0..<5 {
            ready.removeAll()
            for place in [3, 64, 70, 127, 129] { ready.insert(place) }
            served += take(&ready, 2)
        }
        #expect(served == [3, 64, 70, 127, 129, 3, 64, 70, 127, 129])
    }

    @Test func `a place that was given up has no turn`() {
        var ready = ReadyPlaces(capacity: 16)
        for place in 0..<16 { ready.insert(place) }
        ready.remove(0)
        ready.remove(0)
        ready.remove(7)
        #expect(take(&ready, 16) == Array(1..<7) + Array(8..<16))
        ready.insert(5)
        ready.removeAll()
        #expect(ready.next() == nil)
    }

    private func take(_ ready: inout ReadyPlaces, _ count: Int) -> [Int] {
        (0..<count).compactMap { _ in ready.next() }
    }
}
