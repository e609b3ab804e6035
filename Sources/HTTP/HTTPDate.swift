public import Bytes

/// A point in time as HTTP writes it: `Sun, 06 Nov 1994 08:49:37 GMT`. See RFC 9110 section 5.6.7.
public struct HTTPDate: Equatable, Sendable {
    /// Since 1970, without leap seconds.
    public let unixSeconds: UInt64

    /// The point in time so many seconds after the beginning of 1970.
    public init(unixSeconds: UInt64) {
        self.unixSeconds = unixSeconds
    }
}

/// A calendar date and time of day in UTC.
public struct CivilTime: Equatable, Sendable {
    /// Of our era, all digits.
    public let year: UInt64
    /// 1 to 12, 1 to 31, 0 (Sunday) to 6.
    public let month, day, weekday: UInt64
    /// 0 to 23, 0 to 59, 0 to 59.
    public let hour, minute, second: UInt64

    /// Whole eras of 400 years have 146,097 days; years are counted from March so that the leap day comes last.
    public init(unixSeconds: UInt64) {
        let days = unixSeconds / 86_400
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        weekday = (days + 4) % 7
        let secondOfDay = unixSeconds % 86_400
        (hour, minute, second) = (secondOfDay / 3600, secondOfDay / 60 % 60, secondOfDay % 60)
    }
}

extension ByteBuffer {
    /// Appends `Sun, 06 Nov 1994 08:49:37 GMT`.
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

    /// Appends `08:49:37`.
    public mutating func append(clockTime time: CivilTime) {
        appendDigits(of: time.hour, atLeast: 2)
        append(":")
        appendDigits(of: time.minute, atLeast: 2)
        append(":")
        appendDigits(of: time.second, atLeast: 2)
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
