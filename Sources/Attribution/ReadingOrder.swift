/// In which order cgroups are read in a pass: each before the one in which it lies, so that this one's time covers its own.
///
/// Of those that are not wanted, only the ones in a place that is looked through are read, and that place once more after them.
struct ReadingOrder {
    /// A place that is being looked through.
    private struct Look {
        let place: Int
        /// The next one in it.
        var child: Int?
        var hasRead = false
    }

    private var order: [Int]
    private var position = 0
    /// The first one in each place, and the next one in the same place.
    private var firstChildren: [Int?]
    private var siblings: [Int?]
    /// The innermost one last.
    private var looks: [Look] = []

    init(capacity: Int) {
        order = []
        order.reserveCapacity(capacity)
        firstChildren = Array(repeating: nil, count: capacity)
        siblings = Array(repeating: nil, count: capacity)
        looks.reserveCapacity(CgroupTree.mostDepth + 1)
    }

    /// Takes in which accounts there are.
    mutating func follow(_ slots: borrowing Slots) {
        order.removeAll(keepingCapacity: true)
        for index in slots.indices { firstChildren[index] = nil }
        var deepest = 0
        for index in slots.indices where slots.accounts[index].isLive && index != Slots.root {
            let parent = slots.accounts[index].parent
            siblings[index] = firstChildren[parent]
            firstChildren[parent] = index
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

    mutating func begin() {
        position = 0
        looks.removeAll(keepingCapacity: true)
    }

    /// The next one to be read; nil if all are that are wanted.
    mutating func next(_ slots: borrowing Slots) -> Int? {
        while let last = looks.indices.last {
            if let child = nextUnread(in: last, slots) { return child }
            let look = looks.removeLast()
            if look.hasRead, slots.accounts[look.place].isLive { return look.place }
        }
        while position < order.count {
            let index = order[position]
            position += 1
            if slots.accounts[index].isWanted, !slots.accounts[index].isRead { return index }
        }
        return nil
    }

    /// Reads next whatever is in a place and was not read yet, and then the place again.
    mutating func lookThrough(_ place: Int) { looks.append(Look(place: place, child: firstChildren[place])) }

    private mutating func nextUnread(in look: Int, _ slots: borrowing Slots) -> Int? {
        while let child = looks[look].child {
            looks[look].child = siblings[child]
            // One that ended is in the order still.
            guard slots.accounts[child].isLive, !slots.accounts[child].isRead else { continue }
            looks[look].hasRead = true
            return child
        }
        return nil
    }

    /// How many there are.
    var count: Int { order.count }
}
