import Testing

@testable import Serving

@Suite struct PendingChangeTests {
    private static let millisecond: UInt64 = 1_000_000

    @Test func `nothing is due before a change, nor after it was read`() {
        var pending = PendingChange()
        #expect(pending.dueNanoseconds == nil)
        pending.note(at: 7)
        pending.clear()
        #expect(pending.dueNanoseconds == nil)
    }

    @Test func `it is due when it was quiet for a moment`() {
        var pending = PendingChange()
        for milliseconds in [0, 100, 349] as [UInt64] {
            pending.note(at: milliseconds * Self.millisecond)
            #expect(pending.dueNanoseconds == milliseconds * Self.millisecond + PendingChange.quietNanoseconds)
        }
    }

    @Test(arguments: [1, 10, 100, 249] as [UInt64])
    func `what changes all the time is due a while after its first change, and again after the next`(period: UInt64) {
        var pending = PendingChange()
        var now: UInt64 = 5
        for _ in 0..<3 {
            let first = now
            pending.note(at: now)
            while let due = pending.dueNanoseconds, now < due {
                now += period * Self.millisecond
                pending.note(at: now)
            }
            #expect(pending.dueNanoseconds == first + PendingChange.longestNanoseconds)
            pending.clear()
        }
    }
}
