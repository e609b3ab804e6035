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
public enum ReadingTime: Sendable, Equatable {
    /// The kernel's clocks beside each reading, since a pass over many counters takes a while.
    case kernel
    /// The moment that the pass was given: whoever replays an hour in a millisecond says what time it is.
    case replay
    /// The same, and each reading takes so long.
    case slowReplay(readNanoseconds: UInt64)

    /// When a reading ends that began at a moment or before.
    func end(of pass: Moment) -> Moment {
        switch self {
        case .kernel: return .now()
        case .replay: return pass
        case .slowReplay(let nanoseconds):
            return Moment(
                monotonicNanoseconds: pass.monotonicNanoseconds + nanoseconds,
                boottimeNanoseconds: pass.boottimeNanoseconds + nanoseconds)
        }
    }
}
