import TestSupport
import Testing

@testable import Attribution

private func times(_ ticks: UInt64, _ processors: [Int] = [0, 1]) -> ProcessorTimes? {
    let lines = processors.map { "cpu\($0) 1\n" }.joined()
    return ProcessorTimes(procStat: Array("cpu 1 1 1 \(ticks) 0 1 1 0\n\(lines)intr 1\n".utf8).span)
}

private let second: UInt64 = 1_000_000_000

@Suite struct BusyTimeTests {
    @Test(
        arguments: [
            [0, 1, 2, 3, 4], [2, 1, .max, 3, 0], [2, 1, 100, 3, 3_000_000], [.max, 1, 100, 3, 0],
            [2, 1, 100, 3, 1 << 63],
        ] as [[UInt64]])
    func `words that no reading leaves are not believed`(_ words: [UInt64]) {
        var busy = BusyTime(ticksPerSecond: 100)
        busy.restore([words[0], words[1], words[2], words[3], words[4]])
        #expect(busy.words[0] == 0 && busy.carriedMicroseconds == 0)
    }

    /// Two processors at 100 ticks a second.
    @Test func `busy is wall time of all processors less the time at rest`() {
        var busy = BusyTime(ticksPerSecond: 100)
        #expect(busy.take(times(5000), atNanoseconds: 7 * second) == nil)
        let interval = busy.take(times(5150), atNanoseconds: 8 * second)
        #expect(interval == .init(capacityMicroseconds: 2_000_000, busyMicroseconds: 500_000))
    }

    @Test func `what is below nothing and above all is carried to the next intervals`() {
        var busy = BusyTime(ticksPerSecond: 100)
        _ = busy.take(times(0), atNanoseconds: 0)
        #expect(busy.take(times(201), atNanoseconds: second)?.busyMicroseconds == 0)
        #expect(busy.carriedMicroseconds == -10_000)
        #expect(busy.take(times(400), atNanoseconds: 2 * second)?.busyMicroseconds == 0)
        #expect(busy.carriedMicroseconds == 0)
        // iowait can go back a little. See proc_stat(5).
        #expect(busy.take(times(399), atNanoseconds: 3 * second)?.busyMicroseconds == 2_000_000)
        #expect(busy.carriedMicroseconds == 10_000)
        #expect(busy.take(times(499), atNanoseconds: 4 * second)?.busyMicroseconds == 1_010_000)
        #expect(busy.carriedMicroseconds == 0)
    }

    /// The machine rests and works by turns; its counter is cut to ticks.
    @Test(arguments: [1, 3, 16, 100, 1000, 1024] as [UInt64])
    func `over many intervals nothing is lost, whatever the tick`(_ ticksPerSecond: UInt64) {
        var random = SplitMix64(seed: ticksPerSecond)
        var busy = BusyTime(ticksPerSecond: ticksPerSecond)
        var (now, rest, worked, found) = (UInt64(5), UInt64(9_000_000), UInt64(0), UInt64(0))
        _ = busy.take(times(rest * ticksPerSecond / 1_000_000), atNanoseconds: now * 1000)
        for _ in 0..<3000 {
            let wall = UInt64.random(in: 10_000...2_000_000, using: &random)
            let work = UInt64.random(in: 0...3, using: &random) * (2 * wall) / 3
            (now, rest, worked) = (now + wall, rest + 2 * wall - work, worked + work)
            let interval = busy.take(times(rest * ticksPerSecond / 1_000_000), atNanoseconds: now * 1000)
            found += interval?.busyMicroseconds ?? 0
            #expect(interval?.capacityMicroseconds == 2 * wall)
            let error = Int64(found) + busy.carriedMicroseconds - Int64(worked)
            #expect(error.magnitude <= 1_000_000 / ticksPerSecond + 1)
        }
    }

    @Test(arguments: [[0], [0, 2], [0, 1, 2]])
    func `with other processors nothing is known of the interval, and the next is good again`(_ others: [Int]) {
        var busy = BusyTime(ticksPerSecond: 100)
        _ = busy.take(times(1000), atNanoseconds: 0)
        // As much as two processors could have rested: nothing but their numbers tells.
        #expect(busy.take(times(1100, others), atNanoseconds: second) == nil)
        let all = UInt64(others.count)
        #expect(busy.take(times(1100 + 50 * all, others), atNanoseconds: 2 * second)?.busyMicroseconds == 500_000 * all)
    }

    @Test func `a counter that is set back, jumps or fails tells nothing, and no debt is left of it`() {
        for jump in [nil, 0, 1_000_000] as [UInt64?] {
            var busy = BusyTime(ticksPerSecond: 100)
            _ = busy.take(times(100_000), atNanoseconds: 0)
            #expect(busy.take(times(100_201), atNanoseconds: second)?.busyMicroseconds == 0)
            #expect(busy.take(jump.flatMap { times($0) }, atNanoseconds: 2 * second) == nil)
            #expect(busy.carriedMicroseconds == 0)
            let next = busy.take(times((jump ?? 0) + 100), atNanoseconds: 3 * second)
            #expect(next?.busyMicroseconds == (jump == nil ? nil : 1_000_000))
        }
    }

    @Test func `no time and time that goes back are no interval`() {
        var busy = BusyTime(ticksPerSecond: 100)
        _ = busy.take(times(100), atNanoseconds: second)
        #expect(busy.take(times(100), atNanoseconds: second) == nil)
        #expect(busy.take(times(100), atNanoseconds: 0) == nil)
        #expect(busy.take(times(100), atNanoseconds: second) != nil)
    }

    @Test func `any numbers are taken without a fault`() {
        var random = SplitMix64(seed: 2)
        for ticksPerSecond in [1, 100, .max] as [UInt64] {
            var busy = BusyTime(ticksPerSecond: ticksPerSecond)
            for _ in 0..<5000 {
                let interval = busy.take(times(random.nextOfAnySize()), atNanoseconds: random.nextOfAnySize())
                if let interval { #expect(interval.busyMicroseconds <= interval.capacityMicroseconds) }
            }
        }
    }
}
