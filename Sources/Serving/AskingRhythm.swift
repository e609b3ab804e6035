/// When a client asks on its connection, which decides how long it keeps its place.
struct AskingRhythm {
    /// No scraper asks again so soon.
    private static let soonNanoseconds: UInt64 = 50_000_000
    /// So much later than usual may a request come at any interval: a busy machine delays its clients, however often they ask.
    private static let delayNanoseconds: UInt64 = 250_000_000
    /// From so many requests on it is known whether they come regularly.
    private static let regularCount = 3

    /// When it asked last; before its first request, when it came. On the monotonic clock.
    private(set) var lastNanoseconds: UInt64
    /// It has asked.
    private(set) var hasAsked = false
    /// From the last request but one to the last.
    private var gapNanoseconds: UInt64 = 0
    /// How many requests in a row came in about the same time after one another.
    private var steadyCount = 0

    init(cameAt now: UInt64) { lastNanoseconds = now }

    /// It asks.
    mutating func ask(at now: UInt64) {
        let gap = now - min(now, lastNanoseconds)
        if !hasAsked || gap < AskingRhythm.soonNanoseconds {
            steadyCount = 1
        } else if steadyCount == 1 || AskingRhythm.areAlike(gap, gapNanoseconds) {
            steadyCount = min(steadyCount + 1, AskingRhythm.regularCount)
        } else {
            steadyCount = 2
        }
        if hasAsked { gapNanoseconds = gap }
        hasAsked = true
        lastNanoseconds = now
    }

    /// Its last request is so new that a next one is no scrape.
    func hasJustAsked(at now: UInt64) -> Bool {
        hasAsked && now - min(now, lastNanoseconds) < AskingRhythm.soonNanoseconds
    }

    /// It has asked regularly three times, and the next request is not long overdue.
    func isRegular(at now: UInt64) -> Bool {
        steadyCount == AskingRhythm.regularCount
            && now - min(now, lastNanoseconds) <= 2 * gapNanoseconds + AskingRhythm.delayNanoseconds
    }

    /// Neither is more than twice the other, apart from what a busy machine adds.
    private static func areAlike(_ one: UInt64, _ other: UInt64) -> Bool {
        max(one, other) <= 2 * min(one, other) + delayNanoseconds
    }
}
