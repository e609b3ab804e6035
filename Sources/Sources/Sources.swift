public import Counters
import Kernel

/// Where readings come from: every kind of source that is open, and one row of counters over all of them.
public struct Sources: ~Copyable {
    /// The counter of one kind behind a position in the row.
    struct Place {
        let kind: SourceKind
        let index: Int
    }

    /// The most counters that all kinds together can have.
    public static let mostCounters = PowercapSource.capacity + HwmonSource.capacity

    /// What each counter says of itself, in the order in which they are numbered. It only grows.
    public internal(set) var counters: [CounterFacts] = []
    /// What was found when they were opened.
    public internal(set) var report: SourceReport
    /// Every zone that the kernel shows: those that are counted first, in the order of the counters.
    public internal(set) var zones: [ZoneReport] = []

    var places: [Place] = []
    var powercap: PowercapSource?
    var perf: PerfSource?
    var hwmon: HwmonSource?
    var simulated: SimulatedSource?
    let roots: SystemRoots
    var search = Search()
    private let time: ReadingTime

    /// Nothing to read.
    public static func none() -> Sources {
        Sources(empty: .these([.powercap]), SystemRoots(sysfs: "/", procfs: "/", vendor: .unknown), .replay)
    }

    init(empty choice: SourceChoice, _ roots: SystemRoots, _ time: ReadingTime) {
        report = SourceReport(choice: choice, place: roots.place)
        self.roots = roots
        self.time = time
    }

    /// So much time at most may lie between two passes over the counters for a reason of their source.
    public var longestIntervalNanoseconds: UInt64 {
        perf == nil ? UInt64.max : PerfSource.longestIntervalNanoseconds
    }

    /// Begins a pass: reads what is read for many counters at once.
    public mutating func beginPass() {
        perf?.beginPass()
    }

    /// Reads one counter in a pass that began at a moment.
    ///
    /// - Returns: the reading and its own moment.
    public mutating func read(_ index: Int, at pass: Moment) -> (reading: Reading, moment: Moment) {
        let moment = time == .kernel ? Moment.now() : pass
        let place = places[index]
        switch place.kind {
        case .powercap: return (powercap?.read(place.index) ?? .failure(.other), moment)
        case .perf: return (perf?.read(place.index) ?? .failure(.other), moment)
        case .hwmon:
            return (hwmon?.read(place.index, at: moment.monotonicNanoseconds) ?? .failure(.other), moment)
        case .simulated:
            return (simulated?.read(place.index, at: moment.monotonicNanoseconds) ?? .failure(.other), moment)
        }
    }

    /// Numbers the counters of one kind after those that are there.
    mutating func append(_ facts: [CounterFacts], limits: [[PowerLimit]] = []) {
        for (index, counter) in facts.enumerated() {
            let kindIndex = places.count { $0.kind == counter.source }
            zones.insert(ZoneReport(counter, limits: index < limits.count ? limits[index] : []), at: counters.count)
            counters.append(counter)
            places.append(Place(kind: counter.source, index: kindIndex))
        }
    }
}

/// Where the kernel shows itself, whose processor it runs on, and what lies between it and this process.
public struct SystemRoots: Sendable {
    /// The root of sysfs.
    public let sysfs: String
    /// The root of procfs.
    public let procfs: String
    /// Who made the processor.
    public let vendor: ProcessorVendor
    /// Where this process is.
    public let place: Surroundings

    /// Roots whose processor somebody else knows.
    public init(sysfs: String, procfs: String, vendor: ProcessorVendor) {
        self.sysfs = sysfs
        self.procfs = procfs
        self.vendor = vendor
        place = Surroundings(sysfs: sysfs, procfs: procfs)
    }

    /// Reads who made the processor.
    public init(sysfs: String = "/sys", procfs: String = "/proc") {
        self.init(sysfs: sysfs, procfs: procfs, vendor: ProcessorVendor(procfs: procfs))
    }
}
