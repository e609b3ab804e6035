/// A calendar date and time of day in UTC.
public struct CivilTime: Equatable, Sendable {
    /// All four digits.
    public let year: UInt64
    /// 1 to 12, 1 to 31, 0 (Sunday) to 6.
    public let month, day, weekday: UInt64
    /// Of the day, in 24 hours.
    public let hour, minute, second: UInt64

    /// The date and time of a moment. Whole eras of 400 years have 146,097 days; years are counted from March so that the leap day comes last.
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
    /// Appends `1994-11-06`.
    public mutating func append(date time: CivilTime) {
        appendDigits(of: time.year, atLeast: 4)
        append("-")
        appendDigits(of: time.month, atLeast: 2)
        append("-")
        appendDigits(of: time.day, atLeast: 2)
    }

    /// Appends `08:49:37`.
    public mutating func append(clockTime time: CivilTime) {
        appendDigits(of: time.hour, atLeast: 2)
        append(":")
        appendDigits(of: time.minute, atLeast: 2)
        append(":")
        appendDigits(of: time.second, atLeast: 2)
    }
}
