import Bytes

/// How an interval is weighed: what each account's tasks ran in it, every microsecond once.
extension Attribution {
    /// Sets the weight of each account.
    ///
    /// A place has what its own time exceeds that of the accounts in it. Files are not read in one moment, so that it can seem to be
    /// less than nothing: then it has no weight, and what is missing is taken from its next ones. Where not all that is in it was read, it
    /// has none either, and what is left is kept until all of it is.
    ///
    /// - Returns: the sum of all weights.
    mutating func weigh() -> UInt64 {
        for index in slots.indices {
            weights[index] = 0
            slots.accounts[index].node?.childrenMicroseconds = 0
        }
        for index in slots.indices where index != Slots.root && slots.accounts[index].isLive {
            let parent = slots.accounts[index].parent
            let rise = slots.accounts[index].riseMicroseconds
            slots.accounts[parent].node?.childrenMicroseconds.addSaturating(rise)
            if slots.accounts[index].node == nil { weights[index] = rise }
        }
        let busy = processors.latest?.busyMicroseconds
        slots.accounts[Slots.root].riseMicroseconds = busy ?? slots.accounts[Slots.root].node?.childrenMicroseconds ?? 0
        for index in slots.indices where slots.accounts[index].isLive && slots.accounts[index].node != nil {
            weighRest(of: index)
        }
        var total: UInt64 = 0
        for index in slots.indices { total.addSaturating(weights[index]) }
        return total
    }

    private mutating func weighRest(of index: Int) {
        guard var node = slots.accounts[index].node else { return }
        let owed = node.childrenMicroseconds.saturatingSum(node.debtMicroseconds)
        let ran = slots.accounts[index].riseMicroseconds.saturatingSum(node.heldMicroseconds)
        let rest = ran - min(ran, owed)
        node.debtMicroseconds = min(owed - min(ran, owed), processors.largestDebtMicroseconds)
        node.heldMicroseconds = node.isLookedThrough ? 0 : rest
        // What is left when one alone has gone, and nothing ran that has no account, is what it ran since it was read last.
        let isAlone = node.deaths == 1 && node.removals <= 1 && node.withoutSlot == 0
        let heir = isAlone && index != Slots.root ? node.latestDead : index
        if node.isLookedThrough {
            weights[heir].addSaturating(rest)
            node.removals = 0
        }
        node.deaths = 0
        slots.accounts[index].node = node
    }

    /// Takes accounts from the page that ended long ago, and as many more as others wait for, those first that ended first. What they
    /// have goes into the total of what was retired, after this pass's energy was given out.
    mutating func retire() {
        guard slots.deadCount > 0, let now = passNanoseconds else { return }
        for index in slots.indices {
            guard case .dead(let since) = slots.accounts[index].state else { continue }
            if now - min(now, since) >= settings.keepNanoseconds { retire(index) }
        }
        let waiting = slots.withoutSlot
        for _ in 0..<waiting where !slots.hasRoom(forNode: false) {
            guard let index = slots.longestDeadUnit(before: now) else { return }
            retire(index)
        }
    }

    private mutating func retire(_ index: Int) {
        for kind in 0..<settings.kindCount { books.retire(slots.energy(index, kind), kind) }
        slots.free(index)
        layout += 1
    }
}

extension UInt64 {
    mutating func addSaturating(_ other: UInt64) { self = saturatingSum(other) }
}
