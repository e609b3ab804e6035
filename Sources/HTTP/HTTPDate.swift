public import Bytes

/// A point in time as HTTP writes it: `Sun, 06 Nov 1994 08:49:37 GMT`. See RFC 9110 section 5.6.7.
///
/// It is written when it is made, for all responses of the same second. Of a year beyond 9999 it has the last four digits.
public struct HTTPDate: Sendable {
    fileprivate var text = InlineArray<29, UInt8>(repeating: space)

    /// A moment of the wall clock, in seconds since 1970 without leap seconds.
    public init(unixSeconds: UInt64) {
        let time = CivilTime(unixSeconds: unixSeconds)
        (text[3], text[19], text[22]) = (UInt8(ascii: ","), UInt8(ascii: ":"), UInt8(ascii: ":"))
        write("SunMonTueWedThuFriSat", part: time.weekday, at: 0)
        write(time.day, digits: 2, at: 5)
        write("JanFebMarAprMayJunJulAugSepOctNovDec", part: time.month - 1, at: 8)
        write(time.year, digits: 4, at: 12)
        write(time.hour, digits: 2, at: 17)
        write(time.minute, digits: 2, at: 20)
        write(time.second, digits: 2, at: 23)
        write("GMT", part: 0, at: 26)
    }

    /// Writes one name of several that have three letters each.
    private mutating func write(_ names: StaticString, part: UInt64, at offset: Int) {
        for index in 0..<3 { text[offset + index] = unsafe names.utf8Start[Int(part) * 3 + index] }
    }

    private mutating func write(_ number: UInt64, digits: Int, at offset: Int) {
        var rest = number
        for index in (offset..<(offset + digits)).reversed() {
            text[index] = UInt8(ascii: "0") + UInt8(rest % 10)
            rest /= 10
        }
    }
}

extension ByteBuffer {
    /// Appends the date as a header has it.
    public mutating func append(_ date: HTTPDate) { append(date.text.span) }
}
