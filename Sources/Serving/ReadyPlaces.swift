/// Places whose turn has come, served in the order in which they became ready. Who is not served in one turn keeps its position in the
/// next, so nobody is passed over, however short turns are and however many come meanwhile.
struct ReadyPlaces {
    /// The queue, a ring: each place once at most.
    private var queue: [Int32]
    private var head = 0
    private var count = 0
    /// Of each place, the turn in which it was noted last, if it is in the queue; 0 if it is not.
    private var noted: [UInt64]
    private var turn: UInt64 = 1

    /// None of the places below `capacity` is ready.
    init(capacity: Int) {
        queue = Array(repeating: 0, count: capacity)
        noted = Array(repeating: 0, count: capacity)
    }

    /// Nobody waits. There may be nobody to serve all the same, where those who waited are ready no more.
    var isEmpty: Bool { count == 0 }

    /// Another turn begins, in which all that are still ready are noted again. The others lose their position.
    mutating func beginTurn() { turn += 1 }

    /// A place is ready.
    mutating func insert(_ place: Int) {
        let isQueued = noted[place] != 0
        noted[place] = turn
        guard !isQueued else { return }
        queue[position(count)] = Int32(truncatingIfNeeded: place)
        count += 1
    }

    /// A place has another tenant, or none.
    mutating func remove(_ place: Int) {
        guard noted[place] != 0 else { return }
        noted[place] = 0
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
            let isReady = noted[place] == turn
            noted[place] = 0
            if isReady { return place }
        }
        return nil
    }

    /// Where in the ring the entry is that so many others come before.
    private func position(_ index: Int) -> Int {
        let position = head + index
        return position < queue.count ? position : position - queue.count
    }
}
