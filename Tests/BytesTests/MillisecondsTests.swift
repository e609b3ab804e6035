import Testing

@testable import Bytes

@Suite struct MillisecondsTests {
    /// An interval of 1.5 ms was once said to be 1 ms.
    @Test(
        arguments: [
            (0, "0"), (1_000_000, "1"), (1_500_000, "1.5"), (100_000_000, "100"), (1_000_001, "1.000001"),
            (60_000_000_000, "60000"),
        ] as [(UInt64, String)])
    func `a time is as exact as it is`(nanoseconds: UInt64, text: String) {
        #expect(milliseconds(nanoseconds) == text)
    }
}
