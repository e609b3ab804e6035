import Counters

/// Notices that a card's accumulator of energy stands still while the card runs: no card uses nothing.
///
/// Firmware has done that (AMD's tools have it in their lists of known faults). A card that sleeps is not read, so that its accumulator is
/// only looked at while it runs.
struct AccumulatorWatch: Sendable {
    /// A card that idles uses some watts: a million units of an accumulator in this time.
    static let patienceNanoseconds: UInt64 = 10_000_000_000

    /// It has stood still for so long.
    private(set) var isStuck = false
    private var last: (microjoules: UInt64, nanoseconds: UInt64)?

    /// Takes in a reading at a time on the monotonic clock.
    mutating func take(_ reading: Reading, at now: UInt64) {
        guard case .counter(let microjoules, _) = reading else { return self.last = nil }
        guard let last, last.microjoules == microjoules else { return self.last = (microjoules, now) }
        isStuck = now - min(now, last.nanoseconds) >= AccumulatorWatch.patienceNanoseconds
    }
}
