import Bytes
import Counters

/// Passes over the counters that were read and are not counted yet, with room for a second of them at most.
struct Backlog {
    /// A counter that is read in each of the passes, and what it may show without being looked at at once.
    struct Entry {
        let index: Int
        /// It is on a card that may be left alone to sleep.
        let mayRest: Bool
        /// It did when it was read last.
        let isAsleep: Bool
        /// What it showed when it was read last.
        fileprivate(set) var latest: UInt64
        /// The largest step forward in one pass that nobody needs to hear of.
        let mostStep: UInt64
        /// Where it starts again from 0.
        let modulus: UInt64
    }

    /// What a counter showed, and when, after the pass began: small, since each tick fills places that no cache holds any more.
    private struct Place {
        var reading = Reading.counter(0)
        var beginNanoseconds: UInt32 = 0
        /// Before the beginning for a counter that was not read.
        var endNanoseconds: UInt32 = 0

        static let skipped = Place(beginNanoseconds: 1)

        func span(of pass: Moment) -> ReadSpan? {
            guard endNanoseconds >= beginNanoseconds else { return nil }
            let start = pass.monotonicNanoseconds
            return ReadSpan(
                before: pass.awake(until: start + UInt64(beginNanoseconds)),
                after: pass.awake(until: start + UInt64(endNanoseconds)))
        }
    }

    private(set) var entries: [Entry] = []
    private var moments: [Moment] = []
    /// Pass by pass, in each of them entry by entry.
    private var places: [Place] = []
    /// How many passes there are, and how many of those are counted.
    private(set) var passes = 0
    private var counted = 0
    /// Where the next reading belongs, or comes from.
    private var position = 0
    /// There is room for so many; 0 while each has to be counted at once.
    private(set) var mostPasses = 0
    /// From then on, on the monotonic clock, a pass has to do more than to read and to count.
    private(set) var endNanoseconds: UInt64 = 0
    /// Something was read that should be looked at at once.
    private(set) var isUrgent = false
    /// A reading of the pass that is taken in takes long if it ends after this.
    private var endOfQuickNanoseconds: UInt64 = 0
    /// A reading of that pass ended more than four seconds after its beginning, and its time cannot be told.
    private(set) var hasOverrun = false
    /// The pass after which `entries` were listed.
    private(set) var generation: UInt64?

    /// A second of the fastest ticks that are usual, and less where there are many counters: nobody is answered, and no tick is served,
    /// while a reading is counted, which takes some half a microsecond.
    private static let mostPasses = 100
    private static let mostPlaces = 1000
    private static let readingNanoseconds: UInt64 = 1000

    var isEmpty: Bool { counted == passes }
    var isFull: Bool { passes >= mostPasses }
    /// When the latest pass in it began; nil if it is empty.
    var latest: Moment? { isEmpty ? nil : moments[passes - 1] }

    /// Begins anew after a pass, with no counters and no room. It must be empty.
    mutating func begin(after generation: UInt64) {
        precondition(isEmpty)
        self.generation = generation
        entries.removeAll(keepingCapacity: true)
        mostPasses = 0
    }

    /// - Parameter latest: nil for one that sleeps.
    mutating func append(_ index: Int, mayRest: Bool, latest: UInt64?, mostStep: UInt64, modulus: UInt64) {
        entries.append(
            Entry(
                index: index, mayRest: mayRest, isAsleep: latest == nil, latest: latest ?? 0, mostStep: mostStep,
                modulus: modulus))
    }

    /// Makes room for the passes of a second, or as many as are counted in a quarter of an interval; the first `count` of them may be
    /// collected now, before a moment on the monotonic clock. It allocates where there are more counters than ever.
    mutating func open(passes count: Int, every intervalNanoseconds: UInt64, before end: UInt64) {
        endNanoseconds = end
        let counters = max(1, entries.count)
        let room = min(
            Int(clamping: 1_000_000_000 / intervalNanoseconds), Backlog.mostPasses, Backlog.mostPlaces / counters,
            max(1, Int(clamping: intervalNanoseconds / 4 / Backlog.readingNanoseconds) / counters))
        mostPasses = min(count, room)
        let needed = room * entries.count
        if moments.isEmpty {
            let start = Moment(monotonicNanoseconds: 0, boottimeNanoseconds: 0)
            moments = Array(repeating: start, count: Backlog.mostPasses)
        }
        if places.count < needed { places = Array(repeating: Place(), count: needed) }
    }

    /// Begins to take in a pass, which should take no longer than `quickNanoseconds`.
    mutating func take(_ moment: Moment, quickNanoseconds: UInt64) {
        endOfQuickNanoseconds = moment.monotonicNanoseconds.saturatingSum(quickNanoseconds)
        hasOverrun = false
        moments[passes] = moment
        position = passes * entries.count
        passes += 1
    }

    /// Takes in what the next counter showed.
    mutating func take(_ reading: Reading, at span: ReadSpan, of entry: Int) {
        let start = moments[passes - 1].monotonicNanoseconds
        if let begin = UInt32(exactly: span.before.monotonicNanoseconds &- start),
            let end = UInt32(exactly: span.after.monotonicNanoseconds &- start)
        {
            places[position] = Place(reading: reading, beginNanoseconds: begin, endNanoseconds: end)
        } else {
            hasOverrun = true
        }
        position += 1
        if span.after.monotonicNanoseconds > endOfQuickNanoseconds { isUrgent = true }
        switch reading {
        case .counter(let raw, false) where isOrdinary(raw, entries[entry]): entries[entry].latest = raw
        case .failure(.asleep) where entries[entry].isAsleep: break
        default: isUrgent = true
        }
    }

    private func isOrdinary(_ raw: UInt64, _ entry: Entry) -> Bool {
        !entry.isAsleep && raw &- entry.latest <= entry.mostStep && raw < entry.modulus
    }

    /// Forgets the latest pass, which is not to be counted.
    mutating func dropLatest() {
        passes -= 1
        if isEmpty { clear() }
    }

    /// Takes in that the next counter was not read.
    mutating func skip() {
        places[position] = .skipped
        position += 1
    }

    /// Begins to give out the oldest pass.
    ///
    /// - Returns: when it began; nil if it is empty.
    mutating func beginPass() -> Moment? {
        guard !isEmpty else { return nil }
        position = counted * entries.count
        counted += 1
        return moments[counted - 1]
    }

    /// The next reading of the pass that is given out; nil after its last.
    mutating func next() -> (index: Int, reading: Reading, span: ReadSpan)? {
        while position < counted * entries.count {
            let place = places[position]
            let index = entries[position % entries.count].index
            position += 1
            if let span = place.span(of: moments[counted - 1]) { return (index, place.reading, span) }
        }
        if isEmpty { clear() }
        return nil
    }

    private mutating func clear() {
        passes = 0
        counted = 0
        isUrgent = false
    }
}
