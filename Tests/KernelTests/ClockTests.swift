import Glibc
import Kernel
import Testing

@Suite struct ClockTests {
    @Test func `the monotonic clock never goes back`() {
        var last = Clock.monotonicNanoseconds()
        var falls = 0
        for _ in 0..<10_000 {
            let now = Clock.monotonicNanoseconds()
            if now < last { falls += 1 }
            last = now
        }
        #expect(falls == 0)
    }

    @Test func `the clock that counts sleep is never behind the one that does not`() {
        for _ in 0..<1_000 {
            let awake = Clock.monotonicNanoseconds()
            let all = Clock.boottimeNanoseconds()
            #expect(all >= awake)
        }
    }

    @Test func `the wall clock is the C library's`() {
        let before = UInt64(time(nil))
        let now = Clock.realtimeNanoseconds() / 1_000_000_000
        // time(2) reads a clock that is up to one tick of the kernel behind.
        #expect(now >= before)
        #expect(now <= UInt64(time(nil)) + 1)
    }
}
