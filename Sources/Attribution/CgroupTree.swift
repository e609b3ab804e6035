import Kernel

/// The directories of the cgroups that have accounts, followed as they come and go.
///
/// The directories that are opened are watched, and one in which something came or went is listed again, so that no order of
/// events matters and none need be complete. See inotify(7).
struct CgroupTree: ~Copyable {
    /// More levels than this are not opened.
    static let mostDepth = 16
    /// What is found beyond this without an account in one look has none.
    private static let mostFound = 16_384

    /// A directory that has no account yet.
    struct Found {
        let parent: Int
        let identifier: UInt64
        let path: [UInt8]
        /// It was made since its directory was listed before.
        var isNew = false
    }

    var path = PathBuffer()
    private let rootLength: Int
    private var listing = DirectoryListing()
    private var watch: DirectoryWatch
    private var watched: [DirectoryWatch.Number: Int] = [:]
    var naming: Naming
    var podNames: PodNames
    private var found: [Found] = []
    private var listings: UInt64 = 0
    /// Nothing was listed yet: all that is found was there before.
    private(set) var isFirst = true
    /// What an earlier run left of accounts, by the hash of their path; nil once all that is there was looked at.
    private var records: [UInt64: AccountRecord]?
    private(set) var nowNanoseconds: UInt64 = 0
    private(set) var nowUnixMicroseconds: UInt64 = 0
    var births: UInt64 = 0
    var deaths: UInt64 = 0
    /// How often a directory could not be listed or watched, or a file in it not be opened.
    var faults: UInt64 = 0

    init(_ root: String, _ settings: AttributionSettings) throws(SystemError) {
        var path = PathBuffer()
        guard path.append(root) else { throw SystemError(call: "open", code: .nameTooLong) }
        let watch = try DirectoryWatch()
        let podNames = try PodNames(settings.podNames)
        rootLength = path.count
        self.path = path
        self.watch = watch
        naming = Naming(settings)
        self.podNames = podNames
    }

    /// Opens and closes accounts for what came and went since the last time; it costs one call where nothing did.
    ///
    /// - Returns: whether any did.
    mutating func follow(
        _ slots: inout Slots, _ cpu: inout CpuReader, _ budget: inout BirthBudget, at now: UInt64,
        unixMicroseconds: UInt64
    ) -> Bool {
        (nowNanoseconds, nowUnixMicroseconds) = (now, unixMicroseconds)
        takeEvents(&slots)
        slots.markUnwatchedDirty()
        if budget.isWorthLooking, slots.hasRoom(forNode: false) { slots.markWaitingDirty() }
        var hasChanged = false
        for _ in 0...CgroupTree.mostDepth {
            let (hasListed, hasEnded) = listDirty(&slots, &cpu)
            guard hasListed else { break }
            if hasEnded { hasChanged = true }
            let candidates = found
            for candidate in candidates where adopt(candidate, &slots, &cpu, &budget) { hasChanged = true }
            found.removeAll(keepingCapacity: true)
        }
        isFirst = false
        return hasChanged
    }

    /// All that ended ends before anything opens: a path that returns finds its account.
    private mutating func listDirty(_ slots: inout Slots, _ cpu: inout CpuReader) -> (listed: Bool, ended: Bool) {
        var (hasListed, hasEnded) = (false, false)
        for index in slots.indices where slots.accounts[index].isLive && slots.accounts[index].node?.isDirty == true {
            hasListed = true
            if list(index, &slots, &cpu) { hasEnded = true }
        }
        return (hasListed, hasEnded)
    }

    /// Lists one directory: what is there no more ends, and what has no account is put down.
    ///
    /// - Returns: whether anything ended.
    private mutating func list(_ parent: Int, _ slots: inout Slots, _ cpu: inout CpuReader) -> Bool {
        watchNode(parent, &slots)
        slots.accounts[parent].node?.isDirty = false
        slots.accounts[parent].node?.withoutSlot = 0
        listings += 1
        let (number, prefix, first) = (listings, slots.accounts[parent].path, found.count)
        var highest: UInt64 = 0
        var candidates = found
        found = []
        do throws(SystemError) {
            try listing.forEachDirectory(in: path) { identifier, name in
                highest = max(highest, identifier)
                if let index = slots.live(identifier), slots.accounts[index].parent == parent,
                    slots.accounts[index].path.isChild(name)
                {
                    slots.accounts[index].seen = number
                } else if candidates.count < CgroupTree.mostFound {
                    candidates.append(Found(parent: parent, identifier: identifier, path: prefix.appending(name)))
                }
            }
        } catch {
            // One that has gone is told of by the directory in which it was.
            if error.code != .notFound { faults += 1 }
            found = Array(candidates[..<first])
            return false
        }
        let known = slots.accounts[parent].node?.highestIdentifier ?? .max
        for index in candidates[first...].indices { candidates[index].isNew = candidates[index].identifier > known }
        found = candidates
        slots.accounts[parent].node?.highestIdentifier = highest
        return endUnseen(parent, number, &slots, &cpu)
    }

    private mutating func endUnseen(
        _ parent: Int, _ number: UInt64, _ slots: inout Slots, _ cpu: inout CpuReader
    ) -> Bool {
        var hasEnded = false
        for index in slots.indices where slots.isLiveChild(index, of: parent) && slots.accounts[index].seen != number {
            die(index, &slots, &cpu)
            hasEnded = true
        }
        return hasEnded
    }

    /// The path of a directory, or of the file in it.
    ///
    /// - Returns: false if it is longer than the kernel takes.
    mutating func setPath(_ below: [UInt8], file: StaticString = "") -> Bool {
        path.truncate(to: rootLength)
        return path.append(below.span) && path.append(file)
    }
}

/// What is watched.
extension CgroupTree {
    /// Watches a directory before it is listed, so that nothing is missed in between. Where that cannot be, it is listed in each pass.
    private mutating func watchNode(_ index: Int, _ slots: inout Slots) {
        guard setPath(slots.accounts[index].path), slots.accounts[index].node?.watch == nil else { return }
        do throws(SystemError) {
            let number = try watch.add(path)
            watched[number] = index
            slots.accounts[index].node?.watch = number
        } catch {
            if error.code != .notFound { faults += 1 }
        }
    }

    /// Its directory has gone, or is no node any more.
    mutating func unwatch(_ index: Int, _ slots: inout Slots) {
        guard let number = slots.accounts[index].node?.watch else { return }
        watch.remove(number)
        watched[number] = nil
        slots.accounts[index].node?.watch = nil
    }

    private mutating func takeEvents(_ slots: inout Slots) {
        // Out of the way, since the closure may not touch what the watch is a part of.
        var known = watched
        watched = [:]
        do throws(SystemError) {
            try watch.takeEvents { event in
                switch event {
                case .made(let number):
                    if let index = known[number] { slots.accounts[index].node?.isDirty = true }
                case .removed(let number):
                    if let index = known[number] { slots.accounts[index].node?.noteRemoval() }
                case .ended(let number):
                    if let index = known.removeValue(forKey: number) { slots.accounts[index].node?.watch = nil }
                case .overflow: slots.markAllDirty()
                }
            }
        } catch {
            faults += 1
            slots.markAllDirty()
        }
        watched = known
    }
}

/// What an earlier run left.
extension CgroupTree {
    /// Lets accounts go on that are found again with the first look.
    mutating func restore(_ accounts: [AccountRecord]) {
        records = Dictionary(accounts.map { ($0.path, $0) }) { first, _ in first }
    }

    /// What an earlier run left of the account of a path, once.
    mutating func takeRecord(_ path: [UInt8]) -> AccountRecord? {
        records?.removeValue(forKey: AccountRecord.hash(path))
    }

    /// What was not found with the first look is forgotten.
    ///
    /// - Returns: whether there was anything to be restored until now.
    mutating func endRestoration() -> Bool {
        defer { records = nil }
        return records != nil
    }
}
