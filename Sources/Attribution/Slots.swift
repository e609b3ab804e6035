import Kernel

/// One account of the partition, and the cgroup whose time it follows while there is one.
struct Account {
    enum State: Equatable {
        case free
        case live
        /// Its cgroup went; the account stays on the page for a while.
        case dead(sinceNanoseconds: UInt64)
    }

    var state = State.free
    /// Goes up each time the slot is filled.
    var generation: UInt32 = 0
    /// Below the root of the cgroups, such as `/system.slice/nginx.service`; empty for the root itself.
    var path: [UInt8] = []
    var name = CgroupName()
    /// The values of all its labels: no two accounts have the same.
    var labels: [UInt8] = []
    /// Of a pod's container, the name of the link to its log, as it was when the account opened; empty if there was none.
    var podLog: [UInt8] = []
    /// The account of the directory in which the cgroup lies.
    var parent = 0
    var depth = 0
    /// The cgroup's number, which no other one ever has, and which grows from one to the next.
    var identifier: UInt64 = 0
    /// What is known of the directories in it, where those have accounts of their own.
    var node: Node?
    /// The latest reading of its time; nil before the first.
    var lastMicroseconds: UInt64?
    /// When the account began, on the wall clock.
    var startUnixMicroseconds: UInt64 = 0
    /// The latest listing that had it.
    var seen: UInt64 = 0
    /// How much the cgroup's tasks ran since it was read before; 0 where this pass has not read it.
    var riseMicroseconds: UInt64 = 0
    /// It is read at every pass.
    var isHot = false
    /// For so many passes it was not worth reading.
    var quietPasses: UInt8 = 0
    var passesSinceReading: UInt64 = 0
    /// This pass reads it in any case.
    var isWanted = false
    /// This pass has read it.
    var isRead = false

    var isLive: Bool { state == .live }

    var isDead: Bool {
        if case .dead = state { true } else { false }
    }
}

/// A directory whose directories have accounts of their own; its own account is what they leave.
struct Node {
    /// It has to be listed.
    var isDirty = true
    /// By which it is watched; nil where it is not.
    var watch: DirectoryWatch.Number?
    /// Cgroups of a greater number were made since the latest listing.
    var highestIdentifier: UInt64
    /// Directories that should have an account, and for which there is no slot.
    var withoutSlot = 0
    /// What its directories were given beyond its own time, taken from the rests that come.
    var debtMicroseconds: UInt64 = 0
    /// What it ran that is not known to be whose, and which was given to nobody yet.
    var heldMicroseconds: UInt64 = 0
    /// How much its directories ran, as far as this pass has read them.
    var childrenMicroseconds: UInt64 = 0
    /// How many directories in it have accounts, and how many of them this pass does not read in any case.
    var count = 0
    var unwanted = 0
    /// Of each directory in it is known what it ran.
    var isLookedThrough = false
    /// How many directories went, with an account or without, since it was looked through; more than one if that is not known.
    var removals = 0
    /// How many with an account went since the pass before, and that of the latest one.
    var deaths = 0
    var latestDead = 0
}

/// A fixed number of accounts. The first is that of the root, which is always there.
struct Slots {
    static let root = 0

    /// Not behind a subscript of its own, whose accessors allocate room for an account each time (measured).
    var accounts: [Account]
    /// Microjoules by account and kind.
    private var microjoules: [UInt64]
    let kindCount: Int
    /// Live accounts by the number of their cgroup.
    private var liveByIdentifier: [UInt64: Int] = [:]
    /// All accounts by what they are shown as.
    private var byLabels: [[UInt8]: Int] = [:]
    /// How many accounts of units and of nodes there are, dead ones included.
    private(set) var unitCount = 0
    private(set) var nodeCount = 0
    private(set) var liveCount = 0
    private let mostUnits: Int
    /// No account from here on was ever filled.
    private(set) var usedCount = 0

    init(mostUnits: Int, kindCount: Int) {
        self.mostUnits = mostUnits
        self.kindCount = kindCount
        let capacity = mostUnits + AttributionSettings.mostNodes
        accounts = Array(repeating: Account(), count: capacity)
        microjoules = Array(repeating: 0, count: capacity * kindCount)
        liveByIdentifier.reserveCapacity(capacity)
        byLabels.reserveCapacity(capacity)
    }

    /// The first account, of the root itself, which never goes.
    mutating func openRoot(unixMicroseconds: UInt64) {
        var account = Account()
        account.name = CgroupName(.system)
        account.node = Node(isNew: false)
        account.startUnixMicroseconds = unixMicroseconds
        let index = open(account)
        precondition(index == Slots.root)
    }

    /// How many units have an account and are there.
    var liveUnitCount: Int {
        var count = 0
        for index in indices where accounts[index].isLive && accounts[index].node == nil { count += 1 }
        return count
    }

    /// How many accounts have outlived their cgroups.
    var deadCount: Int { unitCount + nodeCount - liveCount }

    /// The account of a unit that ended first, if that was before this pass.
    func longestDeadUnit(before now: UInt64) -> Int? {
        var longest: (index: Int, since: UInt64)?
        for index in indices where accounts[index].node == nil {
            guard case .dead(let since) = accounts[index].state, since < longest?.since ?? now else { continue }
            longest = (index, since)
        }
        return longest?.index
    }

    var capacity: Int { accounts.count }
    /// The accounts that were ever filled, some of which may be free.
    var indices: Range<Int> { 0..<usedCount }

    /// The live account of a cgroup.
    func live(_ identifier: UInt64) -> Int? { liveByIdentifier[identifier] }

    /// The account that is shown under these labels, live or dead.
    func index(labelled labels: [UInt8]) -> Int? { byLabels[labels] }

    func energy(_ index: Int, _ kind: Int) -> UInt64 { microjoules[index * kindCount + kind] }

    mutating func add(_ energy: UInt64, _ index: Int, _ kind: Int) {
        microjoules[index * kindCount + kind] += energy
    }

    /// There is room for one more account.
    func hasRoom(forNode isNode: Bool) -> Bool {
        isNode ? nodeCount < AttributionSettings.mostNodes : unitCount < mostUnits
    }

    /// Fills a free slot, for which there must be room. It allocates.
    mutating func open(_ account: consuming Account) -> Int {
        precondition(hasRoom(forNode: account.node != nil))
        var index = 0
        while accounts[index].state != .free { index += 1 }
        account.generation = accounts[index].generation &+ 1
        account.state = .live
        account.beginToBeRead()
        if account.node == nil { unitCount += 1 } else { nodeCount += 1 }
        liveCount += 1
        liveByIdentifier[account.identifier] = index
        byLabels[account.labels] = index
        accounts[index] = account
        for kind in 0..<kindCount { microjoules[index * kindCount + kind] = 0 }
        usedCount = max(usedCount, index + 1)
        return index
    }

    /// Lets a dead account go on with another cgroup that is shown under the same labels: of the same path, or of one that differs in
    /// what no label has, such as the number that libvirt gives a machine at each start.
    mutating func revive(
        _ index: Int, _ identifier: UInt64, _ path: [UInt8], _ name: CgroupName, parent: Int, lastMicroseconds: UInt64?
    ) {
        precondition(accounts[index].isDead)
        accounts[index].state = .live
        accounts[index].identifier = identifier
        accounts[index].path = path
        accounts[index].name = name
        accounts[index].parent = parent
        accounts[index].lastMicroseconds = lastMicroseconds
        accounts[index].riseMicroseconds = 0
        accounts[index].beginToBeRead()
        liveByIdentifier[identifier] = index
        liveCount += 1
    }

    /// Its cgroup has gone.
    mutating func die(_ index: Int, at now: UInt64) {
        precondition(accounts[index].isLive && index != Slots.root)
        accounts[index].state = .dead(sinceNanoseconds: now)
        liveByIdentifier[accounts[index].identifier] = nil
        liveCount -= 1
    }

    /// Frees the slot of a dead account. What it has must have been taken from it before.
    mutating func free(_ index: Int) {
        precondition(accounts[index].isDead)
        byLabels[accounts[index].labels] = nil
        if accounts[index].node == nil { unitCount -= 1 } else { nodeCount -= 1 }
        let generation = accounts[index].generation
        accounts[index] = Account()
        accounts[index].generation = generation
    }

    /// Gives an account back what it had in an earlier run.
    mutating func restore(_ index: Int, _ energy: [UInt64]) {
        for kind in energy.indices { microjoules[index * kindCount + kind] = energy[kind] }
    }

    /// Takes back an account that was just opened, of which nothing could be read.
    mutating func withdraw(_ index: Int) {
        die(index, at: 0)
        free(index)
    }

    /// It is an account's cgroup that is there, and lies in that of another account.
    func isLiveChild(_ index: Int, of parent: Int) -> Bool {
        index != Slots.root && accounts[index].parent == parent && accounts[index].isLive
    }
}

/// What is listed again.
extension Slots {
    /// Events were lost: anything may have come or gone.
    mutating func markAllDirty() {
        for index in indices {
            accounts[index].node?.isDirty = true
            accounts[index].node?.removals = 2
        }
    }

    /// Of these nothing is told.
    mutating func markUnwatchedDirty() {
        for index in indices where accounts[index].isLive && accounts[index].node != nil {
            guard accounts[index].node?.watch == nil else { continue }
            accounts[index].node?.isDirty = true
            accounts[index].node?.removals = 2
        }
    }

    /// In these is something for which there was no slot.
    mutating func markWaitingDirty() {
        for index in indices where accounts[index].isLive && accounts[index].node?.withoutSlot ?? 0 > 0 {
            accounts[index].node?.isDirty = true
        }
    }

    /// How many directories should have an account and have none.
    var withoutSlot: Int {
        var sum = 0
        for index in indices where accounts[index].isLive { sum += accounts[index].node?.withoutSlot ?? 0 }
        return sum
    }
}

extension [UInt8] {
    /// Whether a path is `/name` below any other.
    func isChild(_ name: Span<UInt8>) -> Bool {
        let start = count - name.count
        guard start > 0, self[start - 1] == UInt8(ascii: "/") else { return false }
        for offset in name.indices where self[start + offset] != name[offset] { return false }
        return true
    }

    /// The path of a directory in the one that has this path.
    func appending(_ name: Span<UInt8>) -> [UInt8] {
        var path: [UInt8] = []
        path.reserveCapacity(count + 1 + name.count)
        path.append(contentsOf: self)
        path.append(UInt8(ascii: "/"))
        for index in name.indices { path.append(name[index]) }
        return path
    }
}
