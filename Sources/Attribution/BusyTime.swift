import Bytes

/// For how long the processors worked between two readings of /proc/stat: wall time of all of them less the time at rest.
public struct BusyTime: Sendable {
    /// So much of what is less than nothing, or more than all, is carried on; beyond it the counters have jumped.
    private static let carriedMicrosecondsOfEach: UInt64 = 1_000_000
    /// The most time of all processors together that is believed, so that no sum overflows: 70,000 years of one.
    private static let mostMicroseconds: UInt64 = 1 << 61

    private let ticksPerSecond: UInt64
    private var last: Reading?
    /// What the latest intervals were short of nothing (below 0), or had more than all (above 0).
    private(set) var carriedMicroseconds: Int64 = 0

    private struct Reading {
        let times: ProcessorTimes
        let restMicroseconds: UInt64
        let atNanoseconds: UInt64
    }

    /// What is known of the time between two readings.
    public struct Interval: Sendable, Equatable {
        /// The time of all processors together, in microseconds.
        public let capacityMicroseconds: UInt64
        /// The time in which they worked, in microseconds: at most the capacity.
        public let busyMicroseconds: UInt64

        /// What exceeds the capacity is left out.
        public init(capacityMicroseconds: UInt64, busyMicroseconds: UInt64) {
            self.capacityMicroseconds = capacityMicroseconds
            self.busyMicroseconds = min(busyMicroseconds, capacityMicroseconds)
        }
    }

    /// - Parameter ticksPerSecond: USER_HZ, the unit of /proc/stat. See sysconf(3).
    public init(ticksPerSecond: UInt64) {
        precondition(ticksPerSecond > 0)
        self.ticksPerSecond = ticksPerSecond
    }

    /// Takes in a reading.
    ///
    /// The time at rest is cut to whole ticks, so that an interval's busy time can be wrong by one: what would be below 0 or above
    /// the capacity is carried to the next, so that the sum of many is right.
    ///
    /// - Parameters:
    ///   - times: nil if they could not be read.
    ///   - nanoseconds: when they were read, by a clock that stands still while the machine is suspended.
    /// - Returns: nil for the first reading, and where nothing is known of the time since the one before: processors came or went
    ///   (the kernel counts the rest of those that are offline in another way, so that the sum jumps), a counter was set back by
    ///   more than is carried, one of the readings failed, or no time has passed.
    public mutating func take(_ times: ProcessorTimes?, atNanoseconds nanoseconds: UInt64) -> Interval? {
        let now = times.flatMap { reading($0, nanoseconds) }
        defer { last = now }
        if let last, let now, let interval = interval(from: last, to: now) { return interval }
        carriedMicroseconds = 0
        return nil
    }

    private func reading(_ times: ProcessorTimes, _ nanoseconds: UInt64) -> Reading? {
        let rest = times.restTicks.scaled(by: 1_000_000, over: ticksPerSecond)
        guard rest <= BusyTime.mostMicroseconds else { return nil }
        return Reading(times: times, restMicroseconds: rest, atNanoseconds: nanoseconds)
    }

    private mutating func interval(from last: Reading, to now: Reading) -> Interval? {
        guard now.times.signature == last.times.signature, now.times.processors == last.times.processors,
            now.atNanoseconds > last.atNanoseconds
        else { return nil }
        // From totals, so that the part of a microsecond that is cut off is not lost.
        let wall = now.atNanoseconds / 1000 - last.atNanoseconds / 1000
        let (capacity, overflows) = wall.multipliedReportingOverflow(by: now.times.processors)
        guard !overflows, capacity <= BusyTime.mostMicroseconds else { return nil }
        let rest = Int64(now.restMicroseconds) - Int64(last.restMicroseconds)
        let busy = Int64(capacity) - rest + carriedMicroseconds
        let within = min(max(busy, 0), Int64(capacity))
        let most = BusyTime.carriedMicrosecondsOfEach.multipliedReportingOverflow(by: now.times.processors)
        guard !most.overflow, (busy - within).magnitude <= most.partialValue else { return nil }
        carriedMicroseconds = busy - within
        return Interval(capacityMicroseconds: capacity, busyMicroseconds: UInt64(within))
    }
}

/// What a ledger keeps of it.
extension BusyTime {
    /// The latest reading: how many processors, which ones, their time at rest in ticks, and when it was; and what is carried. All 0 without
    /// a reading.
    var words: InlineArray<5, UInt64> {
        guard let last else { return [0, 0, 0, 0, 0] }
        return [
            last.times.processors, last.times.signature, last.times.restTicks, last.atNanoseconds,
            UInt64(bitPattern: carriedMicroseconds),
        ]
    }

    /// Goes on from what was kept, so that the time since is known; words that cannot be its own are not believed, and it begins anew.
    mutating func restore(_ words: InlineArray<5, UInt64>) {
        let carried = Int64(bitPattern: words[4])
        let most = BusyTime.carriedMicrosecondsOfEach.multipliedReportingOverflow(by: words[0])
        guard words[0] > 0, !most.overflow, carried.magnitude <= most.partialValue,
            let reading = reading(
                ProcessorTimes(restTicks: words[2], processors: words[0], signature: words[1]), words[3])
        else { return }
        last = reading
        carriedMicroseconds = carried
    }
}
