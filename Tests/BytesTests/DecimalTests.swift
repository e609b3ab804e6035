import Bytes
import TestSupport
import Testing

@Suite struct DecimalTests {
    @Test(
        arguments: [
            ("0", 0),
            ("7", 7),
            ("10", 10),
            ("000", 0),
            ("0000000000000000000000000000042", 42),
            ("18446744073709551615", UInt64.max),
            ("0018446744073709551615", UInt64.max),
            ("9999999999999999999", 9_999_999_999_999_999_999),
        ] as [(String, UInt64)])
    func `digits are read as the number that they spell`(text: String, value: UInt64) {
        #expect(parse(text) == value)
    }

    @Test(arguments: [
        "", " ", "\n", "+1", "-1", "-0", "1.0", "1e3", "0x10", " 1", "1 ", "1\n", "1\0", "1_000", "1,000", "a", "1a",
        "\u{661}", "18446744073709551616", "18446744073709551620", "20000000000000000000", "99999999999999999999",
        "184467440737095516150",
    ])
    func `anything else is no number`(text: String) {
        #expect(parse(text) == nil)
    }

    @Test func `only the ten digits are digits`() {
        for byte in UInt8.min...UInt8.max {
            let isDigit = byte >= 0x30 && byte <= 0x39
            #expect((parse([byte]) != nil) == isDigit, "byte \(byte)")
        }
    }

    @Test func `no byte passes as a digit because of its neighbours`() {
        for place in 0..<17 {
            for byte in UInt8.min...UInt8.max {
                var bytes = Array(repeating: UInt8(ascii: "7"), count: 17)
                bytes[place] = byte
                let isDigit = byte >= 0x30 && byte <= 0x39
                #expect((parse(bytes) != nil) == isDigit, "byte \(byte) at \(place)")
                bytes[max(0, place - 1)] = ~byte
                #expect(parse(bytes) == model(bytes), "bytes \(bytes)")
            }
        }
        var random = SplitMix64(seed: 2)
        for _ in 0..<20_000 {
            let count = Int(random.next() % 24)
            let bytes = (0..<count).map { _ in UInt8(0x2F + random.next() % 12) }
            #expect(parse(bytes) == model(bytes), "bytes \(bytes)")
        }
    }

    @Test(arguments: [0, 1, 9, 10, 99, 100, 4_294_967_295, 4_294_967_296, UInt64.max - 1, UInt64.max] as [UInt64])
    func `a number is written in its shortest form`(value: UInt64) {
        var buffer = ByteBuffer(capacity: 20)
        buffer.append(decimal: value)
        #expect(buffer.text() == String(value))
        #expect(buffer.overflowed == false)
    }

    @Test func `random numbers of every size come back as they were`() {
        var random = SplitMix64(seed: 1)
        var buffer = ByteBuffer(capacity: 20)
        for _ in 0..<5000 {
            let value = random.nextOfAnySize()
            buffer.removeAll()
            buffer.append(decimal: value)
            #expect(buffer.text() == String(value))
            #expect(parse(buffer.content()) == value)
        }
    }

    @Test(
        arguments: [
            (0, 6, "0.000000"),
            (1, 6, "0.000001"),
            (999_999, 6, "0.999999"),
            (1_000_000, 6, "1.000000"),
            (1_500_000, 6, "1.500000"),
            (123_456_789, 9, "0.123456789"),
            (5, 1, "0.5"),
            (UInt64.max, 1, "1844674407370955161.5"),
            (UInt64.max, 6, "18446744073709.551615"),
            (UInt64.max, 9, "18446744073.709551615"),
            (UInt64.max, 18, "18.446744073709551615"),
        ] as [(UInt64, Int, String)])
    func `a fixed-point number keeps every digit of its fraction`(value: UInt64, fractionDigits: Int, text: String) {
        var buffer = ByteBuffer(capacity: 21)
        buffer.append(fixedPoint: value, fractionDigits: fractionDigits)
        #expect(buffer.text() == text)
        #expect(buffer.overflowed == false)
    }

    @Test func `a fixed-point number without its point is the number`() {
        var random = SplitMix64(seed: 2)
        var buffer = ByteBuffer(capacity: 21)
        for _ in 0..<2000 {
            let value = random.nextOfAnySize()
            let fractionDigits = Int.random(in: 1...18, using: &random)
            buffer.removeAll()
            buffer.append(fixedPoint: value, fractionDigits: fractionDigits)
            let text = buffer.content()
            let point = text.count - fractionDigits - 1
            #expect(text[point] == UInt8(ascii: "."))
            #expect(parse(Array(text[..<point] + text[(point + 1)...])) == value)
        }
    }

    @Test(
        arguments: [
            (0, 1, "0"),
            (0, 2, "00"),
            (7, 2, "07"),
            (12, 2, "12"),
            (123, 2, "123"),
            (1994, 4, "1994"),
            (1, 20, "00000000000000000001"),
            (UInt64.max, 20, "18446744073709551615"),
        ] as [(UInt64, Int, String)])
    func `zeros in front fill up to the least number of digits and never cut`(value: UInt64, minimum: Int, text: String)
    {
        var buffer = ByteBuffer(capacity: 20)
        buffer.appendDigits(of: value, atLeast: minimum)
        #expect(buffer.text() == text)
    }

    @Test func `a number that does not fit is left out whole`() {
        var buffer = ByteBuffer(capacity: 3)
        buffer.append(decimal: 1000)
        #expect(buffer.text() == "")
        #expect(buffer.overflowed == true)
    }

    /// As the standard library reads them, without the sign that it allows.
    private func model(_ bytes: [UInt8]) -> UInt64? {
        bytes.contains(UInt8(ascii: "+")) ? nil : UInt64(String(decoding: bytes, as: Unicode.ASCII.self))
    }

    private func parse(_ text: String) -> UInt64? { parse(Array(text.utf8)) }

    private func parse(_ bytes: [UInt8]) -> UInt64? { UInt64(decimal: bytes.span) }
}
