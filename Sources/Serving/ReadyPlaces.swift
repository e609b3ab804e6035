/// Places whose turn has come, served in a round: each turn goes on after the place where the last one stopped, so that nobody is
/// passed over however short turns are.
struct ReadyPlaces {
    /// A bit for each place, 64 places a word.
    private var words: [UInt64]
    private var count = 0
    /// Where the round goes on.
    private var start = 0

    /// None of the places below `capacity` is ready.
    init(capacity: Int) {
        words = Array(repeating: 0, count: (capacity + 63) / 64)
    }

    mutating func removeAll() {
        guard count > 0 else { return }
        for index in words.indices { words[index] = 0 }
        count = 0
    }

    mutating func insert(_ place: Int) {
        guard !contains(place) else { return }
        words[place / 64] |= bit(place)
        count += 1
    }

    mutating func remove(_ place: Int) {
        guard contains(place) else { return }
        words[place / 64] &= ~bit(place)
        count -= 1
    }

    /// Takes the place whose turn it is; nil if none is ready.
    mutating func next() -> Int? {
        guard count > 0, let place = first(from: start) ?? first(from: 0) else { return nil }
        remove(place)
        start = place + 1
        return place
    }

    private func contains(_ place: Int) -> Bool { words[place / 64] & bit(place) != 0 }

    private func bit(_ place: Int) -> UInt64 { 1 << UInt64(place % 64) }

    private func first(from start: Int) -> Int? {
        var index = start / 64
        guard index < words.count else { return nil }
        var word = words[index] & (UInt64.max << UInt64(start % 64))
        while word == 0 {
            index += 1
            guard index < words.count else { return nil }
            word = words[index]
        }
        return index * 64 + word.trailingZeroBitCount
    }
}
