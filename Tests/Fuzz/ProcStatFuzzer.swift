import Attribution

/// Reads the bytes as /proc/stat, one reading after the other, and checks that no interval is busy for longer than it was.
///
/// The input is divided by zeros.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzProcStat(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = UnsafeBufferPointer(start: start, count: count)
    var busy = BusyTime(ticksPerSecond: 100)
    var power = IdlePower()
    var now: UInt64 = 1
    for piece in input.split(separator: 0).prefix(64) {
        let text = Array(piece)
        let times = ProcessorTimes(procStat: text.span)
        now += 1_000_000_000 + UInt64(text.count)
        let interval = busy.take(times, atNanoseconds: now)
        if let interval { precondition(interval.busyMicroseconds <= interval.capacityMicroseconds) }
        let energy = UInt64(text.count) * 1_000_000
        let idle = power.take(
            IdlePower.Interval(microjoules: energy, microseconds: 1_000_000, busy: interval), totalWeight: 1)
        precondition(idle <= energy)
    }
    return 0
}
