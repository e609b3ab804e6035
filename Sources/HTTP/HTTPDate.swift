public import Bytes

/// A point in time as HTTP writes it: `Sun, 06 Nov 1994 08:49:37 GMT`. See RFC 9110 section 5.6.7.
public struct HTTPDate: Equatable, Sendable {
    /// Seconds since 1970, without leap seconds.
    public let unixSeconds: UInt64

    /// A moment of the wall clock.
    public init(unixSeconds: UInt64) {
        self.unixSeconds = unixSeconds
    }
}

extension ByteBuffer {
    /// Appends the date as a header has it.
    public mutating func append(_ date: HTTPDate) {
        let time = CivilTime(unixSeconds: date.unixSeconds)
        append(threeLetters(of: "SunMonTueWedThuFriSat", at: time.weekday))
        append(", ")
        appendDigits(of: time.day, atLeast: 2)
        append(" ")
        append(threeLetters(of: "JanFebMarAprMayJunJulAugSepOctNovDec", at: time.month - 1))
        append(" ")
        appendDigits(of: time.year, atLeast: 4)
        append(" ")
        append(clockTime: time)
        append(" GMT")
    }

    private mutating func append(_ letters: InlineArray<3, UInt8>) {
        append(letters.span)
    }
}

private func threeLetters(of names: StaticString, at index: UInt64) -> InlineArray<3, UInt8> {
    precondition(index < 12 && Int(index) * 3 + 3 <= names.utf8CodeUnitCount)
    let start = Int(index) * 3
    return InlineArray { offset in unsafe names.utf8Start[start + offset] }
}
