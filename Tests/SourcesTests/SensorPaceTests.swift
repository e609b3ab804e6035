import Testing

@testable import Sources

@Suite struct SensorPaceTests {
    private let millisecond: UInt64 = 1_000_000

    @Test(
        arguments: [
            ([20, 20, 20], nil), ([21, 20, 21, 1, 21], nil), ([21, 21], 21), ([21, 1, 21, 400], 400), ([500], nil),
            ([501], 501), ([500, 21], 21), ([30, 500, 1], 500),
        ] as [([UInt64], UInt64?)])
    func `two long readings in a row are too many, and one that is longer still`(
        milliseconds: [UInt64], slow: UInt64?
    ) {
        var pace = SensorPace()
        for duration in milliseconds where pace.slowNanoseconds == nil {
            pace.take(nanoseconds: duration * millisecond)
        }
        #expect(pace.slowNanoseconds == slow.map { $0 * millisecond })
    }
}
