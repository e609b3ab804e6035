import Kernel

/// How long all processors worked between two passes.
struct ProcessorClock: ~Copyable {
    private var stat: ProcessorStat
    private var busy: BusyTime
    private var processorCount: UInt64 = 1
    private let jiffyMicroseconds: UInt64
    /// Of the time between the two latest passes; nil where it is not known.
    private(set) var latest: BusyTime.Interval?

    init(_ path: String, ticksPerSecond: UInt64, jiffyMicroseconds: UInt64) throws(SystemError) {
        stat = try ProcessorStat(path)
        busy = BusyTime(ticksPerSecond: ticksPerSecond)
        self.jiffyMicroseconds = jiffyMicroseconds
    }

    /// - Returns: false if the file could not be read.
    mutating func read(at now: UInt64) -> Bool {
        guard let times = stat.read({ ProcessorTimes(procStat: $0) }) else {
            // The time of this pass stays unknown, and the next interval begins with the next reading.
            latest = busy.take(nil, atNanoseconds: now)
            return false
        }
        processorCount = times.processors
        latest = busy.take(times, atNanoseconds: now)
        return true
    }

    /// What a ledger keeps of it.
    var words: InlineArray<5, UInt64> { busy.words }

    /// Goes on from what was kept.
    mutating func restore(_ words: InlineArray<5, UInt64>) {
        busy.restore(words)
        if words[0] > 0 { processorCount = min(words[0], 1 << 16) }
    }

    /// By how much cgroups that are read one after the other seem to have run more than they did, together: a jiffy of each processor.
    var toleranceMicroseconds: UInt64 { processorCount * jiffyMicroseconds }

    /// What a place may owe at most: a second of all processors. Beyond it something has jumped.
    var largestDebtMicroseconds: UInt64 { processorCount * 1_000_000 }
}
