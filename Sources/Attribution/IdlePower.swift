import Bytes

/// Learns the power that a kind of energy takes while the machine does nothing, and says how much of an interval's energy is idle.
///
/// It is the mean over windows of at least a second in which the processors rested for 98 % of the time or more, with a time
/// constant of ten minutes of such time. A window in which the whole machine took less than 97 % of it, idle or not, sets it to that:
/// doing nothing cannot take more than all. Until a window was seen, idle has the share of energy that rest has of time.
public struct IdlePower: Sendable {
    /// Where the idle part of an interval comes from.
    public enum Basis: Sendable, Equatable {
        /// The share of time at rest: no idle window was seen yet.
        case share
        /// The mean power of idle windows.
        case measured
        /// It was given.
        case fixed
    }

    /// What is known of an interval.
    public struct Interval: Sendable {
        let microjoules: UInt64
        let microseconds: UInt64
        let busy: BusyTime.Interval?

        /// - Parameters:
        ///   - microjoules: the energy of this kind in it.
        ///   - microseconds: how long the machine was awake in it.
        ///   - busy: how long the processors worked in it; nil if that is not known.
        public init(microjoules: UInt64, microseconds: UInt64, busy: BusyTime.Interval?) {
            self.microjoules = microjoules
            self.microseconds = microseconds
            self.busy = busy
        }
    }

    private static let windowMicroseconds: UInt64 = 1_000_000
    private static let memoryMicroseconds: UInt64 = 600_000_000
    /// One megawatt; above it lies no machine.
    private static let mostNanowatts: UInt64 = 1_000_000_000_000_000

    private let fixedNanowatts: UInt64?
    private var nanowatts: UInt64 = 0
    /// How much idle time the mean is of, no longer than the memory; 0 before any.
    private var seenMicroseconds: UInt64 = 0
    private var window = Window()

    /// Intervals until they are long enough to tell power.
    private struct Window {
        var microjoules: UInt64 = 0
        var microseconds: UInt64 = 0
        var capacityMicroseconds: UInt64 = 0
        var busyMicroseconds: UInt64 = 0
        var isKnown = true
    }

    /// - Parameter fixedMicrowatts: the idle power, if it is given; it goes on being measured for the time when it no longer is.
    public init(fixedMicrowatts: UInt64? = nil) {
        fixedNanowatts = fixedMicrowatts.map { min($0, IdlePower.mostNanowatts / 1000) * 1000 }
    }

    /// What the idle part comes from.
    public var basis: Basis {
        if fixedNanowatts != nil { return .fixed }
        return seenMicroseconds > 0 ? .measured : .share
    }

    /// Idle power in microwatts; nil while it is not known.
    public var microwatts: UInt64? {
        switch basis {
        case .fixed: fixedNanowatts.map { $0 / 1000 }
        case .measured: nanowatts / 1000
        case .share: nil
        }
    }

    /// Takes in an interval.
    ///
    /// - Parameter totalWeight: the sum of the weights by which the rest is shared out.
    /// - Returns: how much of its energy is idle, in microjoules: all of it if there is nobody who could have the rest.
    public mutating func take(_ interval: Interval, totalWeight: UInt64) -> UInt64 {
        extendWindow(by: interval)
        guard totalWeight > 0 else { return interval.microjoules }
        guard let power = fixedNanowatts ?? (seenMicroseconds > 0 ? nanowatts : nil) else {
            return share(of: interval)
        }
        return min(interval.microjoules, power.scaled(by: interval.microseconds, over: 1_000_000_000))
    }

    /// Forgets what the open window has: what comes next does not follow.
    public mutating func interrupt() {
        window = Window()
    }

    /// Energy by the time at rest; none if that is not known.
    private func share(of interval: Interval) -> UInt64 {
        guard let busy = interval.busy, busy.capacityMicroseconds > 0 else { return 0 }
        return interval.microjoules.scaled(
            by: busy.capacityMicroseconds - busy.busyMicroseconds, over: busy.capacityMicroseconds)
    }

    private mutating func extendWindow(by interval: Interval) {
        window.microjoules = window.microjoules.saturatingSum(interval.microjoules)
        window.microseconds = window.microseconds.saturatingSum(interval.microseconds)
        if let busy = interval.busy {
            window.capacityMicroseconds = window.capacityMicroseconds.saturatingSum(busy.capacityMicroseconds)
            window.busyMicroseconds = window.busyMicroseconds.saturatingSum(busy.busyMicroseconds)
        } else {
            window.isKnown = false
        }
        // A counter that has not moved for a second is a slow one: its power is told by its next move.
        guard window.microseconds >= IdlePower.windowMicroseconds, window.microjoules > 0 else { return }
        close(window)
        window = Window()
    }

    private mutating func close(_ window: Window) {
        let power = window.microjoules.scaled(by: 1_000_000_000, over: window.microseconds)
        guard power <= IdlePower.mostNanowatts else { return }
        // The products are below 2^57.
        if seenMicroseconds > 0, power * 100 < nanowatts * 97 {
            nanowatts = power
            seenMicroseconds = min(window.microseconds, IdlePower.memoryMicroseconds)
        } else if isIdle(window) {
            average(power, over: min(window.microseconds, IdlePower.memoryMicroseconds))
        }
    }

    private func isIdle(_ window: Window) -> Bool {
        window.isKnown && window.capacityMicroseconds > 0
            && window.busyMicroseconds <= window.capacityMicroseconds / 50
    }

    /// The plain mean while little was seen, and a sliding one later.
    private mutating func average(_ power: UInt64, over microseconds: UInt64) {
        let seen = min(seenMicroseconds + microseconds, IdlePower.memoryMicroseconds)
        let step = max(power, nanowatts) - min(power, nanowatts)
        let part = step.scaled(by: microseconds, over: seen)
        nanowatts = power > nanowatts ? nanowatts + part : nanowatts - part
        seenMicroseconds = seen
    }
}

/// What a ledger keeps of it.
extension IdlePower {
    /// The measured power in nanowatts, and of how many microseconds it is.
    public var words: InlineArray<2, UInt64> { [nanowatts, seenMicroseconds] }

    /// Goes on from what was kept; words that cannot be its own are not believed, and it begins anew.
    public init(fixedMicrowatts: UInt64? = nil, words: InlineArray<2, UInt64>) {
        self.init(fixedMicrowatts: fixedMicrowatts)
        guard words[0] <= IdlePower.mostNanowatts, words[1] <= IdlePower.memoryMicroseconds else { return }
        nanowatts = words[1] > 0 ? words[0] : 0
        seenMicroseconds = words[1]
    }
}
