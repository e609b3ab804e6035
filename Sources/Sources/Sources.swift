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
    /// Whose time readings have.
    var time: ReadingTime
    /// When the latest read of the pass ended, which is when the next one begins.
    private var now = Moment(monotonicNanoseconds: 0, boottimeNanoseconds: 0)
    /// When perf's events were read in this pass.
    private var perfSpan = ReadSpan(
        before: Moment(monotonicNanoseconds: 0, boottimeNanoseconds: 0),
        after: Moment(monotonicNanoseconds: 0, boottimeNanoseconds: 0))

    /// Nothing to read.
    public static func none() -> Sources {
        Sources(empty: .these([.powercap]), SystemRoots(sysfs: "/", procfs: "/", vendor: .unknown), .replay)
    }

    init(empty choice: SourceChoice, _ roots: SystemRoots, _ time: ReadingTime) {
        report = SourceReport(choice: choice)
        self.roots = roots
        self.time = time
    }

    /// So much time at most may lie between two passes over the counters for a reason of their source.
    public var longestIntervalNanoseconds: UInt64 {
        perf == nil ? UInt64.max : PerfSource.longestIntervalNanoseconds
    }

    /// Begins a pass: reads what is read for many counters at once.
    public mutating func beginPass(at pass: Moment) {
        begin(at: pass)
        guard perf != nil else { return }
        perf?.beginPass()
        perfSpan = end(at: pass)
    }

    /// Reads one counter in a pass that began at a moment. Of two reads in a row the second begins when the first one ends.
    ///
    /// - Returns: the reading, and when it was taken.
    public mutating func read(_ index: Int, at pass: Moment) -> (reading: Reading, span: ReadSpan) {
        let place = places[index]
        if place.kind == .perf { return (perf?.read(place.index) ?? .failure(.other), perfSpan) }
        if time != .kernel { begin(at: pass) }
        let reading = read(place)
        let span = end(at: pass)
        guard place.kind == .hwmon else { return (reading, span) }
        return (hwmon?.take(reading, of: place.index, at: span) ?? reading, span)
    }

    private mutating func read(_ place: Place) -> Reading {
        switch place.kind {
        case .powercap: powercap?.read(place.index) ?? .failure(.other)
        case .perf: perf?.read(place.index) ?? .failure(.other)
        case .hwmon: hwmon?.read(place.index) ?? .failure(.other)
        case .simulated: simulated?.read(place.index, at: now.monotonicNanoseconds) ?? .failure(.other)
        }
    }

    private mutating func begin(at pass: Moment) {
        now = time == .kernel ? .now() : pass
    }

    /// Ends a read.
    private mutating func end(at pass: Moment) -> ReadSpan {
        let before = now
        now = time.end(of: pass)
        return ReadSpan(before: before, after: now)
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

/// Where the kernel shows itself, and whose processor it runs on.
public struct SystemRoots: Sendable {
    /// The root of sysfs.
    public let sysfs: String
    /// The root of procfs.
    public let procfs: String
    /// Who made the processor.
    public let vendor: ProcessorVendor

    /// Roots whose processor somebody else knows.
    public init(sysfs: String, procfs: String, vendor: ProcessorVendor) {
        self.sysfs = sysfs
        self.procfs = procfs
        self.vendor = vendor
    }

    /// Reads who made the processor.
    public init(sysfs: String = "/sys", procfs: String = "/proc") {
        self.init(sysfs: sysfs, procfs: procfs, vendor: ProcessorVendor(procfs: procfs))
    }
}
