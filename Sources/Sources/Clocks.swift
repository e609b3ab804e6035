public import Counters
import Kernel

extension Moment {
    /// What the kernel's clocks show now.
    public static func now() -> Moment {
        Moment(
            monotonicNanoseconds: Clock.monotonicNanoseconds(), boottimeNanoseconds: Clock.boottimeNanoseconds())
    }

    /// What a reader of both clocks shows, which is asked again where the machine seems to have slept since an earlier moment: whoever has to
    /// wait for the processor between the two clocks sees their difference grow, as by a sleep.
    static func steady(after earlier: Moment, _ read: () -> Moment) -> Moment {
        var moment = read()
        for _ in 0..<3 where moment.hasSlept(since: earlier) { moment = read() }
        return moment
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

    /// When a reading of a pass ends that began at a moment.
    func end(of pass: Moment, since before: Moment) -> Moment {
        switch self {
        case .kernel: return .steady(after: before, Moment.now)
        case .replay: return pass
        case .slowReplay(let nanoseconds):
            return Moment(
                monotonicNanoseconds: pass.monotonicNanoseconds + nanoseconds,
                boottimeNanoseconds: pass.boottimeNanoseconds + nanoseconds)
        }
    }
}
