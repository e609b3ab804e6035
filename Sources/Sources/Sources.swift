import Bytes
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
    public static let mostCounters = PowercapSource.capacity + HwmonSource.capacity + FeedSource.capacity

    /// The most GPUs that are shown with what is known of their cards.
    public static let mostCards = FeedSource.capacity

    // First what each tick touches: see `Server` in the room Exporter.
    var places: [Place] = []
    var powercap = PowercapSource()
    var perf = PerfSource()
    /// Whose time readings have.
    var time: ReadingTime
    /// When the latest read of the pass ended, which is when the next one begins.
    var now = Moment(monotonicNanoseconds: 0, boottimeNanoseconds: 0)
    /// The pass under way is a quick one.
    private var readsOneClock = false
    var feeds: FeedSource

    /// What each counter says of itself, in the order in which they are numbered. It only grows.
    public internal(set) var counters: [CounterFacts] = []
    /// What was found when they were opened.
    public internal(set) var report: SourceReport
    /// Every zone that the kernel shows: those that are counted first, in the order of the counters.
    public internal(set) var zones: [ZoneReport] = []

    var hwmon = HwmonSource()
    /// So many of its sensors were too slow, and are read from feeds.
    var leftSensors = 0
    /// What was learned of sensors, open or not. Its names are those of feeds, too.
    var hwmonMemory = HwmonMemory()
    var simulated: SimulatedSource?
    let roots: SystemRoots
    let perfCalls: PerfCalls
    /// A search for each kind that may be read, in the order in which they are tried.
    var searches: [Search]
    /// When directories are listed next, on the monotonic clock.
    public internal(set) var nextListingNanoseconds: UInt64 = 0
    /// What is read again of the counters that state limits.
    var limitFiles: [LimitFiles?] = []
    var limitTurns = Turns()
    /// Those of which there is a counter, but for those that were given up.
    var openKinds = SourceKinds()
    /// Those whose counters never moved.
    public internal(set) var givenUp = SourceKinds()
    /// When perf's events were read in this pass.
    private var perfSpan = ReadSpan(
        before: Moment(monotonicNanoseconds: 0, boottimeNanoseconds: 0),
        after: Moment(monotonicNanoseconds: 0, boottimeNanoseconds: 0))
    private let inPlace = InPlace()

    init(unopened choice: SourceChoice, _ roots: SystemRoots, _ time: ReadingTime, _ perfCalls: PerfCalls) {
        report = SourceReport(choice: choice, processorRemark: roots.processor.remark, place: roots.place)
        self.roots = roots
        self.time = time
        self.perfCalls = perfCalls
        feeds = FeedSource(
            roots.feeds, isInUserNamespace: roots.place.isInUserNamespace,
            isWanted: choice.alternatives.contains { $0.contains(.feeds) })
        searches = choice.alternatives.enumerated().flatMap { row, kinds in
            kinds.filter { $0 != .simulated }.map { Search($0, among: kinds, row: row, sysfs: roots.sysfs) }
        }
    }

    /// So much time at most may lie between two passes over the counters for a reason of their source.
    public var longestIntervalNanoseconds: UInt64 {
        min(perf.isEmpty ? UInt64.max : PerfSource.longestIntervalNanoseconds, hwmon.longestIntervalNanoseconds)
    }

    /// Begins a pass: reads what is read for many counters at once.
    public mutating func beginPass(at pass: Moment) {
        lookAtFeeds(at: pass)
        readsOneClock = false
        begin(at: pass)
        beginPerf(at: pass)
    }

    /// Begins a pass before `nextLookNanoseconds`, with only one clock beside each reading: two of them cost as much as a third of the
    /// reading. `endQuickPass` has to say that the moments of the readings are right.
    public mutating func beginQuickPass(at pass: Moment) {
        readsOneClock = time == .kernel
        now = pass
        beginPerf(at: pass)
    }

    private mutating func beginPerf(at pass: Moment) {
        guard !perf.isEmpty else { return }
        perf.beginPass()
        perfSpan = end(at: pass)
    }

    /// Looks at what others publish, if it is time to.
    mutating func lookAtFeeds(at moment: Moment) {
        guard feeds.isDue(at: moment.monotonicNanoseconds) else { return }
        now = moment
        feeds.look(at: moment, real: time == .kernel ? Clock.realtimeNanoseconds() : moment.monotonicNanoseconds)
    }

    /// When a pass has to look at what others publish, or for what came and went.
    public var nextLookNanoseconds: UInt64 { min(feeds.dueNanoseconds, nextListingNanoseconds) }

    /// There is something to be read of a counter that others publish which was not read before: once for each publication.
    public func hasNews(_ index: Int) -> Bool { feeds.hasNews(places[index].index) }

    /// Reads one counter in a pass that began at a moment. Of two reads in a row the second begins when the first one ends.
    ///
    /// - Returns: the reading, and when it was taken.
    public mutating func read(_ index: Int, at pass: Moment) -> (reading: Reading, span: ReadSpan) {
        let place = places[index]
        if place.kind == .perf { return (perf.read(place.index), perfSpan) }
        if place.kind == .feeds { return readFeed(index, place.index) }
        if time != .kernel { begin(at: pass) }
        // Asked for first: the table by which a switch jumps is one more page of memory that is not in the caches.
        let shown = place.kind == .powercap ? powercap.read(place.index) : read(place)
        let span = end(at: pass)
        return (place.kind == .hwmon ? takeSensor(index, place.index, shown, span) : shown, span)
    }

    /// What was published, when that was read: its bound may be another one with each publication.
    private mutating func readFeed(_ index: Int, _ place: Int) -> (reading: Reading, span: ReadSpan) {
        let bound = feeds.counters[place].boundMicrowatts
        if counters[index].boundMicrowatts != bound { counters[index].boundMicrowatts = bound }
        return feeds.read(place)
    }

    /// What a counter shows; of a sensor that may be power.
    private mutating func read(_ place: Place) -> Reading {
        switch place.kind {
        case .powercap: powercap.read(place.index)
        case .perf: perf.read(place.index)
        case .hwmon: hwmon.show(place.index)
        case .feeds: feeds.counters[place.index].reading
        case .simulated: simulated?.read(place.index, at: now.monotonicNanoseconds) ?? .failure(.other)
        }
    }

    /// Whether the machine was awake all the time since a quick pass began. Otherwise nothing that was read in it may be used.
    public func endQuickPass(at pass: Moment) -> Bool {
        guard readsOneClock else { return true }
        let end = Moment(
            monotonicNanoseconds: now.monotonicNanoseconds, boottimeNanoseconds: Clock.boottimeNanoseconds())
        return end.isOfOneWaking(with: pass)
    }

    private mutating func begin(at pass: Moment) {
        now = time == .kernel ? .steady(after: now, Moment.now) : pass
    }

    /// Ends a read.
    private mutating func end(at pass: Moment) -> ReadSpan {
        let before = now
        now = readsOneClock ? before.awake(until: Clock.monotonicNanoseconds()) : time.end(of: pass, since: before)
        return ReadSpan(before: before, after: now)
    }

    /// How many counters of a kind there are, or were until they were read from another.
    func count(of kind: SourceKind) -> Int { places.count { $0.kind == kind } + (kind == .hwmon ? leftSensors : 0) }

    /// Numbers one more counter after those that are there.
    mutating func append(_ facts: CounterFacts, limits: [PowerLimit] = [], _ files: LimitFiles? = nil) {
        zones.insert(ZoneReport(facts, limits: limits), at: counters.count)
        limitFiles.append(files)
        limitFiles[counters.count]?.latestMicrowatts = facts.boundMicrowatts
        places.append(Place(kind: facts.source, index: count(of: facts.source)))
        counters.append(facts)
        if !givenUp.contains(facts.source) { openKinds.insert(facts.source) }
    }
}

/// Where the kernel shows itself, whose processor it runs on, and what lies between it and this process.
public struct SystemRoots: Sendable {
    /// The root of sysfs.
    public let sysfs: String
    /// The root of procfs.
    public let procfs: String
    /// The directory of feeds.
    public let feeds: String

    /// Where feeds are, unless somebody says something else.
    public static let usualFeeds = "/run/pyjoules-exporter/feeds"
    /// Who made the processor, and how that is known.
    public let processor: ProcessorIdentity

    /// Who made the processor.
    public var vendor: ProcessorVendor { processor.vendor }
    /// Where this process is.
    public let place: Surroundings

    /// Roots whose processor somebody else knows.
    public init(
        sysfs: String, procfs: String, feeds: String = SystemRoots.usualFeeds, vendor: ProcessorVendor
    ) {
        self.init(sysfs: sysfs, procfs: procfs, feeds: feeds, ProcessorIdentity(vendor: vendor))
    }

    private init(sysfs: String, procfs: String, feeds: String, _ processor: ProcessorIdentity) {
        self.sysfs = sysfs
        self.procfs = procfs
        self.feeds = feeds
        self.processor = processor
        place = Surroundings(sysfs: sysfs, procfs: procfs)
    }

    /// Reads who made the processor.
    public init(sysfs: String = "/sys", procfs: String = "/proc", feeds: String = SystemRoots.usualFeeds) {
        self.init(sysfs: sysfs, procfs: procfs, feeds: feeds, ProcessorIdentity(procfs: procfs))
    }
}
