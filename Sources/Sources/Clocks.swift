public import Counters
import Kernel

extension Moment {
    /// What the kernel's clocks show now.
    public static func now() -> Moment {
        Moment(
            monotonicNanoseconds: Clock.monotonicNanoseconds(), boottimeNanoseconds: Clock.boottimeNanoseconds())
    }
}

/// Whose time a reading has.
public enum ReadingTime: Sendable {
    /// The kernel's clocks beside each reading, since a pass over many counters takes a while.
    case kernel
    /// The moment that the pass was given: whoever replays an hour in a millisecond says what time it is.
    case replay
}
