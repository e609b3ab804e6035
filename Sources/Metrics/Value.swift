/// A series' value, kept exact: integers, and decimal fractions as integers of a smaller unit.
public enum Value: Equatable, Sendable {
    /// Unknown: the series is left out of the page, never shown as 0 or NaN.
    case absent
    case integer(UInt64)
    /// Millionths, such as microjoules of a series in joules.
    case micro(UInt64)
    /// Billionths, such as nanoseconds of a series in seconds.
    case nano(UInt64)
}
