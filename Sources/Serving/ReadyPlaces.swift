/// Places whose turn has come, served in the order in which they became ready. Who is not served in one turn keeps its position in the
/// next, so nobody is passed over, however short turns are and however many come meanwhile.
struct ReadyPlaces {
    /// The queue, a ring: each place once at most.
    private var queue: [Int32]
    private var head = 0
    private var count = 0
    /// Which places are in the queue, and which of them were noted in this turn, a bit for each, 64 places a word.
    private var queued: [UInt64]
    private var noted: [UInt64]

    /// None of the places below `capacity` is ready.
    init(capacity: Int) {
        queue = Array(repeating: 0, count: capacity)
        queued = Array(repeating: 0, count: (capacity + 63) / 64)
        noted = queued
    }

    /// Another turn begins, in which all that are still ready are noted again. The others lose their position.
    mutating func beginTurn() {
        guard count > 0 else { return }
        for index in noted.indices { noted[index] = 0 }
    }

    /// A place is ready.
    mutating func insert(_ place: Int) {
        noted[place / 64] |= bit(place)
        guard queued[place / 64] & bit(place) == 0 else { return }
        queued[place / 64] |= bit(place)
        queue[position(count)] = Int32(truncatingIfNeeded: place)
        count += 1
    }

    /// A place has another tenant, or none.
    mutating func remove(_ place: Int) {
        guard queued[place / 64] & bit(place) != 0 else { return }
        clear(place)
        var kept = 0
        for index in 0..<count {
            let other = queue[position(index)]
            guard other != place else { continue }
            queue[position(kept)] = other
            kept += 1
        }
        count = kept
    }

    /// Takes the place whose turn it is; nil if none is ready.
    mutating func next() -> Int? {
        while count > 0 {
            let place = Int(queue[head])
            head = position(1)
            count -= 1
            let isReady = noted[place / 64] & bit(place) != 0
            clear(place)
            if isReady { return place }
        }
        return nil
    }

    private mutating func clear(_ place: Int) {
        queued[place / 64] &= ~bit(place)
        noted[place / 64] &= ~bit(place)
    }

    /// Where in the ring the entry is that so many others come before.
    private func position(_ index: Int) -> Int {
        let position = head + index
        return position < queue.count ? position : position - queue.count
    }

    private func bit(_ place: Int) -> UInt64 { 1 << UInt64(place % 64) }
}
