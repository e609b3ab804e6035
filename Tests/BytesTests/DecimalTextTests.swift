import Bytes
import Testing

@Suite struct DecimalTextTests {
    @Test(arguments: [
        (0, "0.000000"), (1, "0.000001"), (999_999, "0.999999"), (1_000_000, "1.000000"), (-1, "-0.000001"),
        (-1_500_000, "-1.500000"), (Int64.min, "-9223372036854.775808"),
    ])
    func `all digits`(value: Int64, text: String) {
        #expect(decimal(value, digits: 6) == text)
    }

    @Test(arguments: [
        (0, "0.000"), (499, "0.000"), (500, "0.001"), (-499, "0.000"), (-500, "-0.001"), (999_500, "1.000"),
        (1_234_499, "1.234"), (-1_234_500, "-1.235"), (Int64.max, "9223372036854.776"),
    ])
    func `fewer digits, rounded`(value: Int64, text: String) {
        #expect(decimal(value, digits: 6, shown: 3) == text)
    }

    @Test func `the largest number`() {
        #expect(decimal(UInt64.max, digits: 6) == "18446744073709.551615")
        #expect(decimal(UInt64.max, digits: 9, shown: 3) == "18446744073.710")
    }

    @Test(arguments: [
        [10, 3, 4, 7], [7, 1, 1, 7], [0, 5, 9, 0], [UInt64.max, 1, 2, 9_223_372_036_854_775_807],
        [UInt64.max, 2, 1, .max],
    ])
    func `scaling keeps all digits on the way, and stops at the largest number`(row: [UInt64]) {
        #expect(row[0].scaled(by: row[1], over: row[2]) == row[3])
    }
}
