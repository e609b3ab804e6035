import Bytes
public import Kernel

/// Who used it: shares energy out among cgroups by the processor time of their tasks, in microjoules that add up exactly.
///
/// The accounts are a partition: units, the rests of the places in which they lie, `system` for what lies in no slice, idle energy,
/// and what was retired of accounts that are shown no more add up to all energy that was ever given to it, per kind, after each pass.
///
/// A pass takes in events, reads processor time in steps that the caller can spread over turns of its loop, and then gives out the
/// energy that it was begun with. It is told the time and never looks at a clock. Nothing is allocated while no cgroup comes or goes.
public struct Attribution: ~Copyable {
    /// What is shared out, and within which bounds.
    public let settings: AttributionSettings
    /// The directory in which the cgroups lie.
    public let root: String
    var slots: Slots
    var tree: CgroupTree
    private var cpu: CpuReader
    var processors: ProcessorClock
    /// When everything was read, on the monotonic clock; nil if it never was.
    var fullNanoseconds: UInt64?
    /// The latest pass reads everything because none did for `longestRestNanoseconds`.
    public internal(set) var isPeriodic = false
    private var budget: BirthBudget
    var books: EnergyBooks
    private(set) var reading: ReadingOrder
    /// The energy that is given out with the pass under way, by kind; nil between passes.
    private var given: [UInt64] = []
    var weights: [UInt64]
    /// A pass is under way.
    public private(set) var isUnderWay = false
    /// When the latest pass began, on the monotonic clock; nil before the first.
    public internal(set) var passNanoseconds: UInt64?
    private var previousNanoseconds: UInt64?
    /// How many passes were finished.
    public private(set) var passes: UInt64 = 0
    /// How many readings of cgroups were tried.
    public private(set) var reads: UInt64 = 0
    /// Grows when an account opens or goes.
    public internal(set) var layout: UInt64 = 0
    var faults = CaseTable<AttributionFault, UInt64>(repeating: 0)

    /// Reads at most so many files in one step, some 0.2 to 1 milliseconds.
    public static let readsPerStep = 64

    /// Opens a tree of cgroups. Nothing is read yet.
    ///
    /// - Parameters:
    ///   - root: the directory in which the cgroups lie, such as /sys/fs/cgroup.
    ///   - procfs: the root of procfs.
    ///   - ticksPerSecond: the unit of /proc/stat.
    ///   - jiffyMicroseconds: by how much the time of a running task can be behind: until the kernel's timer ticks.
    ///   - unixMicroseconds: the wall clock.
    public init(
        _ root: String, procfs: String, ticksPerSecond: UInt64, jiffyMicroseconds: UInt64, unixMicroseconds: UInt64,
        _ settings: AttributionSettings
    ) throws(SystemError) {
        let processors = try ProcessorClock(
            procfs + "/stat", ticksPerSecond: ticksPerSecond, jiffyMicroseconds: jiffyMicroseconds)
        let tree = try CgroupTree(root, settings)
        var slots = Slots(mostUnits: settings.mostUnits, kindCount: settings.kindCount)
        slots.openRoot(unixMicroseconds: unixMicroseconds)
        cpu = CpuReader(capacity: slots.capacity)
        reading = ReadingOrder(capacity: slots.capacity)
        weights = Array(repeating: 0, count: slots.capacity)
        books = EnergyBooks(settings)
        budget = BirthBudget(perMinute: settings.mostNewPerMinute)
        given = Array(repeating: 0, count: settings.kindCount)
        self.settings = settings
        self.root = root
        self.slots = slots
        self.tree = tree
        self.processors = processors
    }
}

/// Passes.
extension Attribution {
    /// Begins a pass, which must not be under way.
    ///
    /// - Parameters:
    ///   - energy: what was used of each kind since the pass before, in microjoules.
    ///   - now: the monotonic clock.
    ///   - unixMicroseconds: the wall clock, for accounts that begin now.
    ///   - isShort: somebody waits for it: what is read from time to time, whether it runs or not, is left to another one.
    public mutating func begin(
        _ energy: borrowing [UInt64], at now: UInt64, unixMicroseconds: UInt64, isShort: Bool = false
    ) {
        precondition(!isUnderWay && energy.count == settings.kindCount)
        isUnderWay = true
        for kind in given.indices { given[kind] = energy[kind] }
        previousNanoseconds = passNanoseconds
        passNanoseconds = now
        budget.advance(to: now)
        if tree.follow(&slots, &cpu, &budget, at: now, unixMicroseconds: unixMicroseconds) {
            layout += 1
            reading.follow(slots)
        }
        if tree.endRestoration() { books.retireRest(slots) }
        if !processors.read(at: now) { faults[.unreadable] += 1 }
        reading.begin()
        select(at: now, isShort: isShort)
    }

    /// Goes on with the pass under way; at most `readsPerStep` files are read.
    ///
    /// - Returns: whether it is finished.
    public mutating func proceed() -> Bool {
        precondition(isUnderWay)
        for _ in 0..<Attribution.readsPerStep {
            guard let index = reading.next(slots) else {
                finish()
                return true
            }
            read(index)
        }
        return false
    }

    private mutating func read(_ index: Int) {
        slots.accounts[index].isRead = true
        // One that ended with the slice in which it lay is in the order still.
        guard slots.accounts[index].isLive else { return }
        reads += 1
        switch cpu.read(index) {
        case .microseconds(let value): take(value, index)
        case .gone:
            tree.die(index, &slots, &cpu)
            slots.accounts[slots.accounts[index].parent].node?.isDirty = true
            layout += 1
        case .failed(let fault): faults[fault] += 1
        }
    }

    private mutating func take(_ value: UInt64, _ index: Int) {
        let last = slots.accounts[index].lastMicroseconds ?? value
        if value < last { faults[.backwards] += 1 }
        let rise = value - min(value, last)
        slots.accounts[index].lastMicroseconds = value
        slots.accounts[index].riseMicroseconds.addSaturating(rise)
        slots.accounts[slots.accounts[index].parent].node?.childrenMicroseconds.addSaturating(rise)
        guard isSuspicious(index) else { return }
        slots.accounts[index].node?.isLookedThrough = true
        reading.lookThrough(index)
    }

    private mutating func finish() {
        let total = weigh()
        let interval = EnergyBooks.Interval(
            microseconds: previousNanoseconds.flatMap { last in passNanoseconds.map { ($0 - min(last, $0)) / 1000 } }
                ?? 0,
            busy: processors.latest, totalWeight: total)
        for kind in given.indices {
            books.giveOut(given[kind], kind, interval, weights, to: &slots)
            if !books.isBalanced(kind, slots) { faults[.identity] += 1 }
        }
        rate()
        retire()
        passes += 1
        isUnderWay = false
    }
}
