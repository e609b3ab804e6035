import Bytes
import Counters
import Kernel

/// Leaves a card alone from time to time, so that it can fall asleep.
///
/// Each reading counts as use, and a card falls asleep when nobody has used it for a while: one that is read all the time stays awake
/// for that alone, at some watts. So it is read for half a minute, and then left alone for longer than it takes to fall asleep. If it is
/// awake after that, others use it. One that has woken is left alone for as long, since it may have done so for a moment.
struct CardRest: Sendable {
    /// So long it is read before it is left alone.
    static let readingNanoseconds: UInt64 = 30_000_000_000
    /// Never is it left alone for longer.
    static let longestNanoseconds: UInt64 = 30_000_000_000

    /// It slept when it was looked at last.
    private(set) var hasSlept = false
    private var restUntilNanoseconds: UInt64 = 0
    private var readUntilNanoseconds: UInt64?

    /// It is left alone at a time on the monotonic clock.
    func isResting(at now: UInt64) -> Bool { now < restUntilNanoseconds }

    /// It was read for long enough.
    mutating func isDue(at now: UInt64) -> Bool {
        guard let until = readUntilNanoseconds else {
            readUntilNanoseconds = now.saturatingSum(CardRest.readingNanoseconds)
            return false
        }
        return now >= until
    }

    /// Leaves it alone from now on; not at all if it does not fall asleep anyway.
    mutating func begin(at now: UInt64, for nanoseconds: UInt64?) {
        hasSlept = false
        restUntilNanoseconds = now.saturatingSum(nanoseconds ?? 0)
        readUntilNanoseconds = restUntilNanoseconds.saturatingSum(CardRest.readingNanoseconds)
    }

    /// Takes in that it sleeps.
    mutating func noteSleep() {
        hasSlept = true
    }

    /// How long a card is left alone that falls asleep after a delay.
    static func nanoseconds(delayMilliseconds: UInt64) -> UInt64 {
        let delay = min(delayMilliseconds, longestNanoseconds / 1_000_000) * 1_000_000
        return min(delay + delay / 2 + 500_000_000, longestNanoseconds)
    }
}

extension HwmonCard {
    /// How long it has to be left alone to fall asleep; nil if it does not, because it is kept awake by its settings. See
    /// Documentation/ABI/testing/sysfs-devices-power in the kernel's source: a delay below 0 keeps it awake.
    var restNanoseconds: UInt64? {
        guard let setting = control.open(), HwmonCard.shows("auto", setting), let file = delay.open(),
            case .counter(let milliseconds, _) = readCounter(file)
        else { return nil }
        return CardRest.nanoseconds(delayMilliseconds: milliseconds)
    }
}
