/// What a reading turned out to be.
public enum Step: Sendable, Equatable {
    /// The first reading, which is where counting starts.
    case start
    /// The counter went on.
    case advance
    /// The counter ran through its range and started again from 0.
    case wrap
    /// The reading is no plausible step, or comes after one that was none: nothing is added until it is known what it was.
    case doubt
    /// What had been in doubt is over and the counter is where it would have been anyhow: nothing is lost.
    case glitch
    /// What was believed of an earlier step proves false, and the believed total is put right: what that step had added is owed, or
    /// what was lost with it is added.
    case correction
    /// The counter was set anew: what it had counted until then is unknown.
    case reset(ResetReason)
    /// The counter can have run through its range unseen: what was added is the least that is certain.
    case gap
    /// The reading is beyond the counter's range, and nothing was learned from it.
    case outOfRange
}

/// Why a counter was probably set anew.
public enum ResetReason: String, Sendable, CaseIterable {
    /// The machine slept meanwhile, which switches the counter off on many processors.
    case suspend
    /// It stepped back, and a wrap would need more power than is plausible.
    case steppedBack = "stepped_back"
    /// It stepped forward by more than is plausible.
    case jumped
}
