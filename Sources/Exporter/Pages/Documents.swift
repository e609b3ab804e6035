import Attribution
import Bytes
import Counters
import Kernel
import Sampling
import Sources

/// The documents beside metrics: JSON for programs and HTML for people. They show what the series show, at the same moment, and what
/// power was before.
struct Documents: ~Copyable {
    /// What never changes while the program runs.
    let facts: DocumentFacts
    private(set) var texts = DomainTexts()
    private(set) var history: PowerHistory
    /// Of what the latest frame shows, which is not what the series show.
    private var frameTexts = DomainTexts()
    private var frameLayout: UInt64?
    private(set) var moment: ShownMoment
    /// Whose energy it is, while a row of it is written.
    private var name = ByteBuffer(capacity: ConsumerName.longestBytes)

    /// - Parameters:
    ///   - stepNanoseconds: how long each step of the history is.
    ///   - startUnixMilliseconds: when the program started.
    init(_ facts: DocumentFacts, stepNanoseconds: UInt64, startUnixMilliseconds: UInt64) {
        self.facts = facts
        history = PowerHistory(stepNanoseconds: stepNanoseconds)
        moment = ShownMoment(startUnixMilliseconds: startUnixMilliseconds)
    }

    /// Takes in a pass over the counters.
    mutating func take(_ sampling: borrowing Sampling) { history.take(sampling) }

    /// Takes in that something came or went. It allocates.
    mutating func follow(_ sampling: borrowing Sampling) { texts.follow(sampling) }

    /// Shows from now on what is known now; the series get their values at the same time.
    mutating func show(_ sampling: borrowing Sampling, at now: UInt64) {
        moment.show(sampling, history, at: now, unixNanoseconds: Clock.realtimeNanoseconds())
    }

    /// The most bytes that JSON can have as things are now.
    func jsonBytes(_ sampling: borrowing Sampling, withHistory: Bool) -> Int {
        let perDomain = 10 * ByteBuffer.longestNumber + 160
        let perStep = withHistory ? PowerHistory.steps * 12 + 64 : 0
        return 2048 + 2 * texts.byteCount + (texts.entries.count + 1) * (perDomain + perStep)
            + consumerBytes(sampling)
    }

    /// The most bytes that the page can have as things are now.
    func pageBytes(_ sampling: borrowing Sampling) -> Int {
        PageHalves.byteCount + 4096 + texts.byteCount + texts.entries.count * (8 * ByteBuffer.longestNumber + 64)
            + consumerBytes(sampling)
    }

    /// The most bytes that a frame can have as things are now.
    mutating func frameBytes(_ sampling: borrowing Sampling) -> Int {
        // It allocates, where something came or went.
        if frameLayout != sampling.layoutGeneration {
            frameLayout = sampling.layoutGeneration
            frameTexts.follow(sampling)
        }
        return 512 + frameTexts.byteCount + frameTexts.entries.count * (2 * ByteBuffer.longestNumber + 64)
    }

    /// Writes a frame into an empty buffer with room for `frameBytes`: what the latest sample has found.
    ///
    /// - Parameters:
    ///   - unixNanoseconds: the wall clock.
    ///   - now: the same moment on the monotonic clock.
    func writeFrame(
        _ sampling: borrowing Sampling, unixNanoseconds: UInt64, at now: UInt64, into frame: inout ByteBuffer
    ) {
        let age = now - min(sampling.lastPassNanoseconds, now)
        SampleFrame.append(
            sampling, frameTexts, unixNanoseconds: unixNanoseconds - min(age, unixNanoseconds), to: &frame)
    }

    private func consumerBytes(_ sampling: borrowing Sampling) -> Int {
        let each = ConsumerName.longestBytes * ByteBuffer.longestEscape + 3 * ByteBuffer.longestNumber + 160
        return sampling.sharing == nil ? 0 : Consumers.most * each
    }

    /// Calls the closure with each consumer that is shown, what it is, and its name.
    mutating func forEachConsumer(
        _ sampling: borrowing Sampling, _ catalog: borrowing SeriesCatalog,
        _ body: (AttributionSeries.Reading, DomainKind, StaticString, borrowing ByteBuffer) -> Void
    ) {
        var consumers = Consumers()
        catalog.forEachConsumer { consumers.consider($0) }
        for position in 0..<consumers.count {
            let reading = consumers[position]
            name.removeAll()
            guard let (kind, type) = describe(reading, sampling, catalog), !name.overflowed else { continue }
            body(reading, kind, type, name)
        }
    }

    /// Writes a consumer's name, and gives the kind of its energy and what it is; nil if it has gone since its energy was shown.
    private mutating func describe(
        _ reading: AttributionSeries.Reading, _ sampling: borrowing Sampling, _ catalog: borrowing SeriesCatalog
    ) -> (DomainKind, StaticString)? {
        switch sampling.sharing {
        case .some(let sharing):
            guard let index = reading.index else {
                name.append(AttributedType.idle.label)
                return (sharing.kinds[reading.kind], AttributedType.idle.label)
            }
            guard let account = sharing.attribution.account(at: index),
                catalog.isShown(index, generation: account.generation)
            else { return nil }
            ConsumerName.append(account, to: &name)
            return (sharing.kinds[reading.kind], account.name.type.label)
        case .none: return nil
        }
    }
}

/// What documents say that never changes while the program runs.
struct DocumentFacts {
    let isSimulated: Bool
    let intervalNanoseconds: UInt64
    /// Between two moments that are shown there is at least so much time.
    let resolutionNanoseconds: UInt64
    /// Where metrics are, from the page on.
    let metricsLink: String
    /// What it was built from.
    let revision = Build.revision

    /// - Parameter telemetryPath: begins with a slash.
    init(isSimulated: Bool, intervalNanoseconds: UInt64, resolutionNanoseconds: UInt64, telemetryPath: String) {
        self.isSimulated = isSimulated
        self.intervalNanoseconds = intervalNanoseconds
        self.resolutionNanoseconds = max(resolutionNanoseconds, intervalNanoseconds)
        // A colon would make a scheme of what is before it, and a second slash a host of what is after it.
        let rest = telemetryPath.dropFirst()
        metricsLink = rest.contains(":") || rest.hasPrefix("/") ? "./" + rest : String(rest)
    }
}
