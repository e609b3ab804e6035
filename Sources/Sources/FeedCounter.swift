import Counters

/// What is kept of a device that a feed shows, and whose energy is counted.
struct FeedCounter: Sendable {
    /// Of the feed.
    let feed: Int
    /// As the feed has it.
    let id: [UInt8]
    let shape: FeedEntry.Shape
    /// What the feed calls it.
    let words: String
    var boundMicrowatts: UInt64
    /// Which of the feed's entries it was last.
    private(set) var entry: Int
    /// What is to be taken in next, and when it was read.
    private(set) var reading = Reading.failure(.stale)
    private(set) var span = ReadSpan(
        before: Moment(monotonicNanoseconds: 0, boottimeNanoseconds: 0),
        after: Moment(monotonicNanoseconds: 0, boottimeNanoseconds: 0))
    /// Nobody has taken in the reading yet.
    var hasNews = false
    /// When the latest reading was made, as the feed says; nil before the first.
    private(set) var lastNanoseconds: UInt64?
    /// Samples up to this moment were taken in.
    private(set) var sampledNanoseconds: UInt64 = 0
    /// So many samples at the end of the entry's are new with its publication.
    private(set) var newSamples = 0
    /// The publication that they, and the power that it brought, belong to; 0 before one was taken in.
    private(set) var publication: UInt64 = 0
    /// Nil for what counts energy itself.
    private var integrator: PowerIntegrator?

    init(_ feed: Int, _ entry: Int, in publisher: Feed, _ facts: CounterFacts) {
        let content = publisher.content
        self.feed = feed
        self.entry = entry
        id = Array(publisher.text[content.entries[entry].id.range])
        shape = content.entries[entry].shape
        words = publisher.string(content.entries[entry].domain)
        boundMicrowatts = facts.boundMicrowatts
        integrator =
            shape.unit > 0
            ? nil
            : PowerIntegrator(
                longestIntervalNanoseconds: max(
                    PowerIntegrator.longestIntervalNanoseconds, content.patience(content.entries[entry])))
    }

    /// What was known of the same device before, which the feed has again. What it used in between is known only if it counts energy
    /// itself.
    mutating func goOn(from former: FeedCounter) {
        sampledNanoseconds = former.sampledNanoseconds
        guard former.integrator != nil, integrator != nil else { return }
        integrator = former.integrator
        integrator?.interrupt()
    }

    /// Which entry of the feed is this device's; nil if none is.
    mutating func find(in publisher: Feed) -> Int? {
        let entries = publisher.content.entries.span
        let text = publisher.text.span
        if entry < entries.count, text.extracting(entries[entry].id.range).isSame(as: id.span) { return entry }
        guard let position = publisher.content.position(of: id.span, in: text) else { return nil }
        entry = position
        return position
    }
}

/// Taking in what a feed shows.
extension FeedCounter {
    /// Takes in what the feed shows now. It is called once a look, whether or not there is anything new.
    mutating func take(_ publisher: Feed, at now: Moment) {
        switch publisher.condition {
        case .garbage: fail(.garbage)
        case .unreadable: fail(.other)
        case .gone: fail(.unregistered)
        case .good:
            guard let position = find(in: publisher) else { return fail(.unregistered) }
            take(publisher.content.entries[position], publisher, at: now)
        }
    }

    private mutating func take(_ entry: FeedEntry, _ publisher: Feed, at now: Moment) {
        if case .unreadable(let obstacle) = entry.form { return fail(obstacle == .asleep ? .asleep : .driverError) }
        guard entry.shape == shape else { return fail(.unregistered) }
        guard !publisher.isStale(entry, at: now.monotonicNanoseconds) else { return fail(.stale) }
        let read = publisher.readNanoseconds(entry)
        if let lastNanoseconds, read <= lastNanoseconds { return }
        lastNanoseconds = read
        publication = publisher.publication
        boundMicrowatts = entry.boundMicrowatts ?? boundMicrowatts
        span = FeedCounter.span(min(read, now.monotonicNanoseconds), entry.spreadNanoseconds, now)
        reading = reading(entry)
        hasNews = true
        takeSamples(entry)
    }

    private mutating func reading(_ entry: FeedEntry) -> Reading {
        switch entry.form {
        case .counter(let microjoules): return .counter(microjoules)
        case .power(let microwatts):
            guard microwatts <= boundMicrowatts else {
                integrator?.interrupt()
                return .failure(.garbage)
            }
            integrator?.take(microwatts: microwatts, at: span.middle.monotonicNanoseconds)
            return .counter(integrator?.totalMicrojoules ?? 0, afterGap: integrator?.hasGapBefore ?? false)
        case .unreadable: return .failure(.other)
        }
    }

    private mutating func takeSamples(_ entry: FeedEntry) {
        newSamples = entry.samples?.newer(than: sampledNanoseconds) ?? 0
        if newSamples > 0 { sampledNanoseconds = entry.samples?.untilNanoseconds ?? sampledNanoseconds }
    }

    private mutating func fail(_ failure: ReadFailure) {
        reading = .failure(failure)
        hasNews = true
        newSamples = 0
        integrator?.interrupt()
    }

    /// A reading of a moment that is known but for so much: the same on the clock that counts sleep, too.
    private static func span(_ middle: UInt64, _ spread: UInt64, _ now: Moment) -> ReadSpan {
        let asleep = now.boottimeNanoseconds - min(now.boottimeNanoseconds, now.monotonicNanoseconds)
        func moment(_ nanoseconds: UInt64) -> Moment {
            Moment(monotonicNanoseconds: nanoseconds, boottimeNanoseconds: nanoseconds + asleep)
        }
        return ReadSpan(before: moment(middle - min(middle, spread / 2)), after: moment(middle + spread / 2))
    }
}
