/// How many accounts may still be opened: so many a minute, and no more than so many at once.
///
/// What is short-lived by nature, such as a service for each login, would otherwise bring new series all the time.
struct BirthBudget {
    private let perMinute: UInt64
    /// In births times a minute's nanoseconds, so that no part of one is lost.
    private var saved: UInt64
    private var atNanoseconds: UInt64?

    private static let minute: UInt64 = 60_000_000_000

    init(perMinute: Int) {
        self.perMinute = UInt64(perMinute)
        saved = UInt64(perMinute) * BirthBudget.minute
    }

    /// Brings it up to date.
    mutating func advance(to now: UInt64) {
        let past = min(now - min(now, atNanoseconds ?? now), BirthBudget.minute)
        saved = min(saved + past * perMinute, perMinute * BirthBudget.minute)
        atNanoseconds = now
    }

    /// How many there may be now.
    var count: UInt64 { saved / BirthBudget.minute }

    /// So many that it is worth looking for those that wait.
    var isWorthLooking: Bool { count >= min(perMinute, 10) && count > 0 }

    /// Takes one.
    ///
    /// - Returns: false if there is none.
    mutating func take() -> Bool {
        guard count > 0 else { return false }
        saved -= BirthBudget.minute
        return true
    }
}
