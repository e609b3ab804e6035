import Testing

@testable import Kernel

@Suite struct TimerTests {
    private static let millisecond: UInt64 = 1_000_000

    @Test func `before its first interval has ended nothing has expired`() throws {
        let hour: UInt64 = 3_600_000_000_000
        let before = Clock.monotonicNanoseconds()
        let timer = try Timer(intervalNanoseconds: hour)
        let after = Clock.monotonicNanoseconds()
        #expect(timer.firstNanoseconds >= before + hour)
        #expect(timer.firstNanoseconds <= after + hour)
        #expect(timer.intervalNanoseconds == hour)
        #expect(try timer.takeExpirations() == 0)
    }

    @Test func `an expiration makes it readable, not before it is due`() throws {
        let timer = try Timer(intervalNanoseconds: 2 * Self.millisecond)
        try waitUntilReady(timer.descriptor, .readable)
        #expect(Clock.monotonicNanoseconds() >= timer.firstNanoseconds)
        #expect(try timer.takeExpirations() >= 1)
    }

    @Test func `a late read tells how many intervals ended`() throws {
        let timer = try Timer(intervalNanoseconds: Self.millisecond)
        try waitUntilReady(timer.descriptor, .readable)
        wait(until: timer.firstNanoseconds + 5 * Self.millisecond)
        #expect(try timer.takeExpirations() >= 6)
    }

    @Test func `over many reads every interval is told once`() throws {
        let timer = try Timer(intervalNanoseconds: Self.millisecond)
        var taken: UInt64 = 0
        for read in 1...5 as ClosedRange<UInt64> {
            wait(until: timer.firstNanoseconds + read * 2 * Self.millisecond)
            taken += try timer.takeExpirations()
            let ended = (Clock.monotonicNanoseconds() - timer.firstNanoseconds) / Self.millisecond + 1
            #expect(taken <= ended)
        }
        #expect(taken >= 11)
    }

    /// Spends the time: a test of lateness has nothing to wait for but the clock.
    private func wait(until time: UInt64) {
        while Clock.monotonicNanoseconds() < time {}
    }
}
