import Bytes
import Counters
import Kernel

/// The counters that other processes publish, as they showed when they were looked at last.
///
/// At most once a second each feed's file is opened, looked at, read if it is another one, and closed; the directory is looked at
/// every two seconds. In between there is nothing new to be read.
struct FeedSource: ~Copyable {
    /// The most devices whose energy is counted.
    static let capacity = 128
    /// The most feeds that are read; of more, those that were there first.
    static let mostFeeds = 16
    private static let lookNanoseconds: UInt64 = 1_000_000_000
    private static let listNanoseconds: UInt64 = 2_000_000_000
    /// `at` may be ahead of our clock by what lies between two looks at it.
    private static let toleranceNanoseconds: UInt64 = 1_000_000_000

    private var nextLook: UInt64 = 0
    private let isWanted: Bool
    private(set) var directory: FeedDirectory
    private(set) var feeds: [Feed] = []
    private(set) var counters: [FeedCounter] = []
    /// How many publications of all counters were taken in.
    private(set) var portions: UInt64 = 0
    /// Something came or went since this was asked last.
    private var hasChanged = false
    private var nextList: UInt64 = 0
    private var signature = Digest()

    init(_ path: String, isInUserNamespace: Bool, isWanted: Bool) {
        directory = FeedDirectory(path, isInUserNamespace: isInUserNamespace)
        self.isWanted = isWanted
    }

    /// It is time to look at what there is.
    func isDue(at now: UInt64) -> Bool { now >= dueNanoseconds }

    /// When it is time to, on the monotonic clock.
    var dueNanoseconds: UInt64 { isWanted ? nextLook : .max }

    /// Looks at what there is, if it is time to.
    ///
    /// - Parameter real: the time on the wall clock, in nanoseconds.
    mutating func look(at now: Moment, real: UInt64) {
        guard isDue(at: now.monotonicNanoseconds) else { return }
        nextLook = now.monotonicNanoseconds + FeedSource.lookNanoseconds
        if now.monotonicNanoseconds >= nextList {
            nextList = now.monotonicNanoseconds + FeedSource.listNanoseconds
            list()
        }
        for index in feeds.indices { look(index, at: now, real: real) }
        for index in counters.indices { take(index, at: now) }
        let current = sign()
        if current != signature { hasChanged = true }
        signature = current
    }

    /// Whether something came or went since this was asked last.
    mutating func takeChange() -> Bool {
        defer { hasChanged = false }
        return hasChanged
    }

    /// What is published already may matter from now on.
    mutating func lookClosely() { hasChanged = true }

    private mutating func list() {
        for index in feeds.indices { feeds[index].isListed = false }
        // Lent and not copied, which would allocate.
        var known: [Feed] = []
        swap(&known, &feeds)
        directory.list { name in FeedSource.note(name, &known) }
        swap(&known, &feeds)
    }

    /// Takes a name for that of a feed, if it is one.
    private static func note(_ name: Span<UInt8>, _ feeds: inout [Feed]) {
        let length = name.count - Feed.suffix.utf8.count
        guard length > 0, name.extracting(length..<name.count).isSame(as: Feed.suffix),
            FeedValue.isName(name.extracting(0..<length))
        else { return }
        let stem = name.extracting(0..<length)
        for index in feeds.indices where stem.isSame(as: feeds[index].name) {
            feeds[index].isListed = true
            return
        }
        guard feeds.count < mostFeeds else { return }
        feeds.append(Feed(named: String(decoding: stem.indices.map { stem[$0] }, as: UTF8.self)))
    }

    private mutating func look(_ index: Int, at now: Moment, real: UInt64) {
        guard feeds[index].isListed else { return feeds[index].leave() }
        directory.look(at: &feeds[index], now.monotonicNanoseconds, real: real)
        guard feeds[index].condition == .good, let fault = timeFault(index, now.monotonicNanoseconds) else { return }
        feeds[index].refuse(fault)
    }

    /// Times that cannot be: whatever else such a feed says is not believed.
    private mutating func timeFault(_ feed: Int, _ now: UInt64) -> FeedFault? {
        if let line = feeds[feed].content.line(after: now + FeedSource.toleranceNanoseconds) {
            return FeedFault(.inFuture, line: line)
        }
        for index in counters.indices where counters[index].feed == feed {
            guard let last = counters[index].lastNanoseconds, let position = counters[index].find(in: feeds[feed]),
                let at = feeds[feed].content.entries[position].atNanoseconds, at < last
            else { continue }
            return FeedFault(.timeWentBack, line: feeds[feed].content.entries[position].line)
        }
        return nil
    }
}

/// Counters by their number.
extension FeedSource {
    /// Takes a device for a counter, or again for the one that it was: what the feed shows of it now is to be read next.
    mutating func attach(_ found: FoundInFeed, at index: Int) {
        var counter = FeedCounter(found.feed, found.entry, in: feeds[found.feed], found.facts)
        if index < counters.count {
            counter.goOn(from: counters[index])
            counters[index] = counter
        } else {
            counters.append(counter)
        }
        take(index, at: found.moment)
    }

    private mutating func take(_ index: Int, at now: Moment) {
        let before = counters[index].publication
        counters[index].take(feeds[counters[index].feed], at: now)
        if counters[index].publication != before { portions += 1 }
    }

    /// There is a reading that nobody has taken in yet.
    func hasNews(_ index: Int) -> Bool { counters[index].hasNews }

    /// The latest reading.
    mutating func read(_ index: Int) -> (reading: Reading, span: ReadSpan) {
        counters[index].hasNews = false
        return (counters[index].reading, counters[index].span)
    }

    /// Calls the closure with each sample of power that came with a counter's latest publication, in microwatts. What is above the
    /// bound is left out.
    func forEachSample(_ index: Int, _ body: (UInt64) -> Void) {
        let counter = counters[index]
        guard counter.newSamples > 0, feeds[counter.feed].publication == counter.publication else { return }
        feeds[counter.feed].forEachSample(counter, body)
    }
}

extension FeedSource {
    /// Which feeds there are, how each is, and which devices they show in which form: as long as it stays the same, nothing came or went.
    private func sign() -> Digest {
        var signature = Digest()
        switch directory.condition {
        case .absent: signature.add(0)
        case .refused: signature.add(1)
        case .open: signature.add(2)
        }
        for index in feeds.indices { FeedSource.add(feeds[index], to: &signature) }
        return signature
    }

    private static func add(_ feed: Feed, to signature: inout Digest) {
        switch feed.condition {
        case .good: signature.add(0)
        case .gone: return signature.add(1)
        case .garbage: return signature.add(2)
        case .unreadable(let code): return signature.add(3 + UInt64(UInt32(bitPattern: code.number)))
        }
        let entries = feed.content.entries.span
        let text = feed.text.span
        for index in entries.indices {
            signature.add(text.extracting(entries[index].id.range))
            signature.add(text.extracting(entries[index].text.range))
            signature.add(entries[index].shape.unit)
            signature.add(entries[index].shape.modulus)
            signature.add(entries[index].shape.kind == .gpu ? 1 : 0)
            signature.add(entries[index].isReadable ? 1 : 0)
        }
    }
}

/// Power in finer steps than counters tell.
extension Sources {
    /// So many publications of all counters were taken in.
    public var portions: UInt64 { feeds.portions }

    /// So many publications of a counter were taken in; nil for one that nobody publishes.
    public func portions(_ index: Int) -> UInt64? {
        let place = places[index]
        return place.kind == .feeds ? feeds.counters[place.index].publication : nil
    }

    /// The latest publication had samples of its power.
    public func hasSamples(_ index: Int) -> Bool { feeds.counters[places[index].index].newSamples > 0 }

    /// Calls the closure with each sample of power that came with a counter's latest publication, in microwatts.
    public func forEachSample(_ index: Int, _ body: (UInt64) -> Void) {
        feeds.forEachSample(places[index].index, body)
    }
}
