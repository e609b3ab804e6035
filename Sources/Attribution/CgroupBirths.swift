import Kernel

/// Accounts that open, go on and end as the tree says.
extension CgroupTree {
    /// Opens an account for a directory that has none, or lets the one go on that had its path before.
    ///
    /// No account is closed here to make room: whoever waits for a slot gets one after this pass's energy was given out. So nothing is
    /// lost with an account, and none is taken from a unit that is just about to return.
    ///
    /// - Returns: whether an account opened or went on.
    mutating func adopt(
        _ found: Found, _ slots: inout Slots, _ cpu: inout CpuReader, _ budget: inout BirthBudget
    ) -> Bool {
        guard slots.accounts[found.parent].isLive else { return false }
        let place = naming.place(found.path)
        guard let name = place.name else { return false }
        let labels = naming.labels(name, found.path)
        if let known = slots.index(labelled: labels) {
            // A live one is of a cgroup that this one has replaced, and ends with the next listing; or it is another that is shown
            // under the same labels.
            guard slots.accounts[known].isDead else { return wait(found, &slots) }
            return revive(known, found, name, &slots, &cpu)
        }
        let podLog = podLog(found, name, isNode: place.isNode)
        if podLog == nil { return wait(found, &slots) }
        let isNode = place.isNode && slots.accounts[found.parent].depth + 1 < CgroupTree.mostDepth
        return open(found, name, labels, podLog ?? [], isNode: isNode, &slots, &cpu, &budget)
    }

    /// The link that names a pod's container; empty where there is none.
    ///
    /// Labels stay as they are as long as a row counts, so that one which began a moment ago has no account until its link is there, or is
    /// not to be expected any more: until then its time is in the rest of its pod.
    ///
    /// - Returns: nil if it is worth waiting for one.
    private mutating func podLog(_ found: Found, _ name: CgroupName, isNode: Bool) -> [UInt8]? {
        guard podNames.isAskedFor, !isNode, name.type == .container, !name.podUID.isEmpty else { return [] }
        let container = found.path.span.extracting(name.containerID)
        if let link = podNames.find(container, at: nowNanoseconds) {
            return naming.fits(name, found.path, besides: link.count) ? link : []
        }
        // What runs since before us had its link, if ever.
        let isWaiting = !isFirst && podNames.isWorthWaiting(found.identifier, at: nowNanoseconds)
        return isWaiting ? nil : []
    }

    /// How often the names of pods could not be looked for.
    var nameFaults: UInt64 { podNames.faults }

    private mutating func wait(_ found: Found, _ slots: inout Slots) -> Bool {
        slots.accounts[found.parent].node?.withoutSlot += 1
        return false
    }

    private mutating func open(
        _ found: Found, _ name: CgroupName, _ labels: [UInt8], _ podLog: [UInt8], isNode: Bool, _ slots: inout Slots,
        _ cpu: inout CpuReader,
        _ budget: inout BirthBudget
    ) -> Bool {
        guard slots.hasRoom(forNode: isNode), isFirst || isNode || budget.take() else { return wait(found, &slots) }
        var account = Account()
        account.path = found.path
        account.name = name
        account.labels = labels
        account.podLog = podLog
        account.parent = found.parent
        account.depth = slots.accounts[found.parent].depth + 1
        account.identifier = found.identifier
        account.lastMicroseconds = found.isNew ? 0 : nil
        account.startUnixMicroseconds = nowUnixMicroseconds
        if isNode { account.node = Node(isNew: found.isNew) }
        let record = takeRecord(found.path)
        if let record { account.goOn(from: record) }
        let index = slots.open(account)
        if let record { slots.restore(index, record.microjoules) }
        let attachment = attach(index, &slots, &cpu)
        guard attachment == .open else {
            slots.withdraw(index)
            return attachment == .refused && wait(found, &slots)
        }
        births += 1
        return true
    }

    private mutating func revive(
        _ index: Int, _ found: Found, _ name: CgroupName, _ slots: inout Slots, _ cpu: inout CpuReader
    ) -> Bool {
        let last: UInt64? = found.isNew ? 0 : nil
        slots.revive(
            index, found.identifier, found.path, name, parent: found.parent, lastMicroseconds: last)
        if slots.accounts[index].node != nil { slots.accounts[index].node = Node(isNew: found.isNew) }
        let attachment = attach(index, &slots, &cpu)
        guard attachment == .open else {
            slots.die(index, at: nowNanoseconds)
            return attachment == .refused && wait(found, &slots)
        }
        births += 1
        return true
    }

    private enum Attachment {
        case open
        /// The cgroup has gone since it was listed, or it is none.
        case absent
        /// It is there, and cannot be opened now.
        case refused
    }

    /// Opens what an account is read from.
    private mutating func attach(_ index: Int, _ slots: inout Slots, _ cpu: inout CpuReader) -> Attachment {
        guard setPath(slots.accounts[index].path, file: "/cpu.stat") else { return .absent }
        do throws(SystemError) {
            try cpu.open(index, path)
            return .open
        } catch {
            guard error.code != .notFound, error.code != .notADirectory else { return .absent }
            faults += 1
            return .refused
        }
    }

    /// An account's cgroup has gone, and with it all that was in it.
    mutating func die(_ index: Int, _ slots: inout Slots, _ cpu: inout CpuReader) {
        if slots.accounts[index].node != nil {
            for child in slots.indices where slots.isLiveChild(child, of: index) {
                die(child, &slots, &cpu)
            }
            unwatch(index, &slots)
        }
        let parent = slots.accounts[index].parent
        slots.accounts[parent].node?.deaths += 1
        slots.accounts[parent].node?.latestDead = index
        // Who ran that will never be known; the one in which it lay had that time too.
        let held = slots.accounts[index].node?.heldMicroseconds ?? 0
        slots.accounts[parent].node?.heldMicroseconds.addSaturating(held)
        slots.accounts[index].riseMicroseconds = 0
        slots.die(index, at: nowNanoseconds)
        cpu.close(index)
        deaths += 1
    }
}

extension Node {
    /// - Parameter isNew: the directory was made since the one in which it lies was listed, and so was all that is in it.
    init(isNew: Bool) { self.init(highestIdentifier: isNew ? 0 : .max) }

    /// A directory in it has gone.
    mutating func noteRemoval() {
        isDirty = true
        removals = min(removals + 1, 2)
    }
}

extension Account {
    /// Goes on from what an earlier run left of it. Another cgroup under its path was made since that run's latest listing, if its number is
    /// above all that were there then.
    mutating func goOn(from record: AccountRecord) {
        startUnixMicroseconds = record.startUnixMicroseconds
        guard record.identifier == identifier else { return }
        lastMicroseconds = record.lastMicroseconds
        node?.highestIdentifier = record.highestIdentifier
        node?.heldMicroseconds = record.heldMicroseconds
    }
}
