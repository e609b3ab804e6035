import Bytes
import Testing

@Suite struct ComparisonTests {
    @Test(arguments: ["", "a", "ab", "abc", "abd", "Abc", "abcd", "\0abc"])
    func `bytes are compared with text and with bytes alike`(text: String) {
        let bytes = Array(text.utf8)
        let word = Array("abc".utf8)
        #expect(bytes.span.equals("abc") == (text == "abc"))
        #expect(bytes.span.equals(word.span) == (text == "abc"))
        #expect(bytes.span.hasPrefix("abc") == text.hasPrefix("abc"))
        #expect(bytes.span.hasPrefix(word.span) == text.hasPrefix("abc"))
        #expect(bytes.span.hasPrefix("") == true)
    }

    @Test func `ten bytes are digits`() {
        let digits = (0...255 as ClosedRange<UInt8>).filter(\.isASCIIDigit)
        #expect(digits == Array("0123456789".utf8))
        #expect(digits.compactMap(\.decimalDigit) == Array(0...9))
    }
}

@Suite struct WideArithmeticTests {
    @Test(
        arguments: [
            (0, 5, 3, 0, 0, 0), (10, 7, 3, 0, 23, 1), (10, 7, 3, 2, 24, 0), (.max, .max, .max, 0, .max, 0),
            (.max, 1_000, 1_000, 999, .max, 999), (.max, 3, 2, 0, .max, 0), (.max, .max, 1, .max, .max, 0),
            (1 << 63, 2, 1 << 63, 0, 2, 0), (.max, 2, 4, 3, (1 << 63), 1),
        ] as [(UInt64, UInt64, UInt64, UInt64, UInt64, UInt64)])
    func `a product is divided whole`(
        value: UInt64, numerator: UInt64, denominator: UInt64, carried: UInt64, quotient: UInt64, remainder: UInt64
    ) {
        let result = value.scaledWithRemainder(by: numerator, over: denominator, carrying: carried)
        #expect(result.quotient == quotient && result.remainder == remainder)
        if carried == 0 { #expect(value.scaled(by: numerator, over: denominator) == quotient) }
    }

    @Test func `a sum with remainders carried on loses nothing`() {
        var sum: UInt64 = 0
        var rest: UInt64 = 0
        for value in 1...1_000 as ClosedRange<UInt64> {
            let step = value.scaledWithRemainder(by: 1, over: 7, carrying: rest)
            sum += step.quotient
            rest = step.remainder
        }
        #expect(sum == 500_500 / 7 && rest == 500_500 % 7)
    }
}
