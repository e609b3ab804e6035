import Bytes

/// Shares the energy of intervals out among one cgroup, all others, and nobody, with the arithmetic of `Attribution`: idle power first, and
/// the rest by processor time, in microjoules that add up exactly.
public struct CommandShares: Sendable {
    /// Where the energy of one counter went, in microjoules.
    public struct Parts: Sendable, Equatable {
        /// What the command's cgroup used.
        public fileprivate(set) var command: UInt64 = 0
        /// What everybody else used, the kernel included.
        public fileprivate(set) var others: UInt64 = 0
        /// What the machine took for doing nothing.
        public fileprivate(set) var idle: UInt64 = 0

        /// All of it.
        public var total: UInt64 { command + others + idle }
    }

    private var idlePowers: [IdlePower]
    /// By counter.
    public private(set) var parts: [Parts]
    /// For how long the command's tasks ran, in microseconds.
    public private(set) var commandMicroseconds: UInt64 = 0
    /// For how long the tasks of all others and the kernel ran, in microseconds.
    public private(set) var othersMicroseconds: UInt64 = 0
    /// What the command ran beyond what all processors seemed to work, taken from the others' next time.
    private var debtMicroseconds: UInt64 = 0

    /// - Parameter idleMicrowatts: the idle power of each counter; nil where it is to be learnt.
    public init(idleMicrowatts: [UInt64?]) {
        idlePowers = idleMicrowatts.map { IdlePower(fixedMicrowatts: $0) }
        parts = Array(repeating: Parts(), count: idleMicrowatts.count)
    }

    /// Where the idle part of a counter's energy comes from.
    public func idleBasis(_ index: Int) -> IdlePower.Basis { idlePowers[index].basis }

    /// Takes in an interval.
    ///
    /// - Parameters:
    ///   - microjoules: the energy of each counter in it.
    ///   - microseconds: how long it took.
    ///   - ranMicroseconds: how long the command's tasks ran in it.
    ///   - busy: how long all processors worked in it; nil if that is not known, and then nobody else did.
    public mutating func take(
        _ microjoules: [UInt64], microseconds: UInt64, ranMicroseconds: UInt64, busy: BusyTime.Interval?
    ) {
        let owed = ranMicroseconds.saturatingSum(debtMicroseconds)
        let all = busy?.busyMicroseconds ?? owed
        let others = all - min(all, owed)
        debtMicroseconds = owed - min(all, owed)
        let total = ranMicroseconds.saturatingSum(others)
        commandMicroseconds.addSaturating(ranMicroseconds)
        othersMicroseconds.addSaturating(others)
        for index in parts.indices {
            let interval = IdlePower.Interval(microjoules: microjoules[index], microseconds: microseconds, busy: busy)
            let idle = idlePowers[index].take(interval, totalWeight: total)
            var shares = Apportionment(microjoules: microjoules[index] - idle, totalWeight: total)
            parts[index].command += shares.part(of: ranMicroseconds)
            parts[index].others += shares.part(of: others)
            parts[index].idle += idle + shares.remainingMicrojoules
        }
    }
}
