import Bytes
import Glibc
import TestSupport
import Testing

@Suite struct CivilTimeTests {
    /// The C library counts days in another way; see gmtime_r(3).
    @Test func `random times until the year 9999 are what the C library says`() {
        var random = SplitMix64(seed: 1994)
        for _ in 0..<5000 {
            let seconds = UInt64.random(in: 0...253_402_300_799, using: &random)
            expectAsCLibrary(seconds)
        }
    }

    @Test func `every day of 800 years is what the C library says`() {
        for day in stride(from: 0, to: 800 * 366, by: 1) as StrideTo<UInt64> {
            expectAsCLibrary(day * 86_400)
        }
    }

    private func expectAsCLibrary(_ seconds: UInt64) {
        var time = time_t(seconds)
        var known = tm()
        gmtime_r(&time, &known)
        let civil = CivilTime(unixSeconds: seconds)
        // One comparison of arrays, since each expectation costs more than the calculation.
        let fields = [civil.year, civil.month, civil.day, civil.weekday, civil.hour, civil.minute, civil.second]
        let expected = [
            known.tm_year + 1900, known.tm_mon + 1, known.tm_mday, known.tm_wday, known.tm_hour, known.tm_min,
            known.tm_sec,
        ]
        if fields != expected.map({ UInt64($0) }) { Issue.record("\(seconds): \(civil)") }
    }
}
