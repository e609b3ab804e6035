/// In which order cgroups are read in a pass: each before the one in which it lies, so that this one's time covers its own.
struct ReadingOrder {
    private var order: [Int]
    private var position = 0

    init(capacity: Int) {
        order = []
        order.reserveCapacity(capacity)
    }

    /// Takes in which accounts there are.
    mutating func follow(_ slots: borrowing Slots) {
        order.removeAll(keepingCapacity: true)
        var deepest = 0
        for index in slots.indices where slots.accounts[index].isLive {
            deepest = max(deepest, slots.accounts[index].depth)
            if slots.accounts[index].node == nil { order.append(index) }
        }
        // The root has no file of its own.
        for depth in stride(from: deepest, to: 0, by: -1) {
            for index in slots.indices where slots.accounts[index].isLive && slots.accounts[index].depth == depth {
                if slots.accounts[index].node != nil { order.append(index) }
            }
        }
    }

    mutating func begin() { position = 0 }

    mutating func next() -> Int? {
        guard position < order.count else { return nil }
        position += 1
        return order[position - 1]
    }

    var count: Int { order.count }
}
