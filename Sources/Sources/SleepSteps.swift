import Bytes
import Counters

/// Notices that a card's counter has made a step over a sleep that the card cannot have used.
///
/// The drivers of Intel's cards take a register that begins anew, as it does when the card had no power at all, for one that has turned,
/// and count up to 262 kJ that nobody used. A card that sleeps uses next to nothing: what is plausible follows from the time that it was
/// awake.
struct SleepSteps: Sendable {
    private var last: (microjoules: UInt64, nanoseconds: UInt64)?
    /// From the first to the latest reading that found it asleep.
    private var sleep: (from: UInt64, until: UInt64)?

    /// Takes in a reading at a time on the monotonic clock.
    ///
    /// - Returns: the reading, after a gap if it says nothing of the time before.
    mutating func take(_ reading: Reading, at now: UInt64, boundMicrowatts: UInt64) -> Reading {
        switch reading {
        case .failure(.asleep):
            sleep = (sleep?.from ?? now, now)
            return reading
        case .failure: return reading
        case .counter(let microjoules, _):
            defer {
                last = (microjoules, now)
                sleep = nil
            }
            guard let last, let sleep else { return reading }
            let awake = (sleep.from - min(sleep.from, last.nanoseconds)) + (now - min(now, sleep.until))
            let most = boundMicrowatts.scaled(by: awake, over: 1_000_000_000)
            let isPlausible = microjoules >= last.microjoules && microjoules - last.microjoules <= most
            return isPlausible ? reading : .counter(microjoules, afterGap: true)
        }
    }
}
