import Bytes

/// Which cgroups a pass reads.
///
/// Those that run are read at every pass. Of the others, which are many and do nothing, it is enough to know that they did nothing: the
/// place in which they lie tells it, whose own time has theirs in it. What it ran beyond those that were read is kept, and given to nobody,
/// until it is more than reading one after the other explains. Then all that is in the place is read, so that everyone gets what it
/// ran since it was read last, and nothing is lost.
extension Attribution {
    /// One that was not worth reading for so many passes is not read at each any more.
    static let patience: UInt8 = 8
    /// After so long, everything is read.
    public static let longestRestNanoseconds: UInt64 = 60_000_000_000

    /// Decides what this pass reads in any case.
    mutating func select(at now: UInt64, isShort: Bool) {
        let since = now - min(now, fullNanoseconds ?? 0)
        isPeriodic = fullNanoseconds != nil && since >= Attribution.longestRestNanoseconds && !isShort
        let isFull = settings.readsAll || fullNanoseconds == nil || isPeriodic
        if isFull { fullNanoseconds = now }
        for index in slots.indices { slots.accounts[index].prepare() }
        for index in slots.indices where slots.accounts[index].isLive && index != Slots.root {
            let account = slots.accounts[index].parent == Slots.root || slots.accounts[index].isHot
            if isFull || account || slots.accounts[index].node?.deaths ?? 0 > 0 { want(index) }
        }
        for index in slots.indices where slots.accounts[index].isLive && index != Slots.root {
            let parent = slots.accounts[index].parent
            slots.accounts[parent].node?.count += 1
            if !slots.accounts[index].isWanted { slots.accounts[parent].node?.unwanted += 1 }
        }
        for index in slots.indices where slots.accounts[index].node?.unwanted == 0 {
            slots.accounts[index].node?.isLookedThrough = true
        }
    }

    /// It is read, and so is all in which it lies.
    private mutating func want(_ index: Int) {
        var index = index
        while index != Slots.root, !slots.accounts[index].isWanted {
            slots.accounts[index].isWanted = true
            index = slots.accounts[index].parent
        }
    }

    /// Whether something in a place that was just read has run, or ended, that was not read.
    func isSuspicious(_ index: Int) -> Bool {
        guard let node = slots.accounts[index].node, !node.isLookedThrough else { return false }
        let ran = slots.accounts[index].riseMicroseconds.saturatingSum(node.heldMicroseconds)
        let explained = node.childrenMicroseconds.saturatingSum(node.debtMicroseconds)
        return node.deaths > 0 || ran - min(ran, explained) > processors.toleranceMicroseconds
    }

    /// Decides what is read at every pass: what runs so much that its place would otherwise be looked through more often than reading
    /// it costs.
    mutating func rate() {
        let tolerance = processors.toleranceMicroseconds
        for index in slots.indices where slots.accounts[index].isLive && index != Slots.root {
            let others = slots.accounts[slots.accounts[index].parent].node?.count ?? 1
            slots.accounts[index].rate(others: UInt64(others), toleranceMicroseconds: tolerance)
        }
    }
}

extension Account {
    /// Forgets the pass before.
    fileprivate mutating func prepare() {
        riseMicroseconds = 0
        isWanted = false
        isRead = false
        node?.childrenMicroseconds = 0
        node?.count = 0
        node?.unwanted = 0
        node?.isLookedThrough = false
    }

    fileprivate mutating func rate(others: UInt64, toleranceMicroseconds tolerance: UInt64) {
        passesSinceReading += 1
        guard isRead else { return }
        let (cost, overflows) = riseMicroseconds.multipliedReportingOverflow(by: others)
        if overflows || cost / passesSinceReading >= tolerance {
            isHot = true
            quietPasses = 0
        } else if isHot {
            quietPasses += 1
            isHot = quietPasses < Attribution.patience
        }
        passesSinceReading = 0
    }

    /// A cgroup that was not read yet: it is read, and has to show at once that it is worth it.
    mutating func beginToBeRead() {
        isHot = true
        quietPasses = Attribution.patience - 1
        passesSinceReading = 0
    }
}
