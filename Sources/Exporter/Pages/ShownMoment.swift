import Accounts
import Sampling

/// What documents say of the moment that is shown, beside what the series show; taken when the series get their values.
struct ShownMoment {
    /// When the latest reading was made, on the wall clock.
    private(set) var unixMilliseconds: UInt64 = 0
    /// Since when energy is counted, on the wall clock.
    private(set) var startUnixMilliseconds: UInt64
    /// The machine's power; nil if it is not known.
    private(set) var machineMicrowatts: UInt64?
    /// So many steps of the history had ended.
    private(set) var steps: UInt64 = 0
    /// When the latest of them had, on the wall clock.
    private(set) var stepsUnixMilliseconds: UInt64 = 0
    /// When the program started, on the wall clock.
    private let programUnixMilliseconds: UInt64

    /// Nothing is shown.
    init(startUnixMilliseconds: UInt64) {
        self.startUnixMilliseconds = startUnixMilliseconds
        programUnixMilliseconds = startUnixMilliseconds
    }

    /// Shows what is known now.
    ///
    /// - Parameters:
    ///   - now: on the monotonic clock.
    ///   - unixNanoseconds: the same moment on the wall clock.
    mutating func show(
        _ sampling: borrowing Sampling, _ history: borrowing PowerHistory, at now: UInt64, unixNanoseconds: UInt64
    ) {
        func unixMilliseconds(at then: UInt64) -> UInt64 {
            (unixNanoseconds - min(now - min(then, now), unixNanoseconds)) / 1_000_000
        }
        self.unixMilliseconds = unixMilliseconds(at: sampling.lastPassNanoseconds)
        startUnixMilliseconds = earliestStart(sampling)
        machineMicrowatts = sampling.hostMicrowatts
        steps = history.count
        stepsUnixMilliseconds = unixMilliseconds(at: history.latestNanoseconds)
    }

    private func earliestStart(_ sampling: borrowing Sampling) -> UInt64 {
        let accounts = sampling.accounts.span
        var earliest = UInt64.max
        for index in accounts.indices {
            if let start = accounts[index].startUnixMicroseconds { earliest = min(earliest, start / 1000) }
        }
        return min(earliest, programUnixMilliseconds)
    }
}
