import Bytes

/// Whether a sensor is quick enough to be read in the loop, which waits for each reading.
///
/// Most take microseconds to a millisecond. Some take more than a second (USB power supplies, meters behind a BMC), and while they
/// do nothing is sampled and nobody is answered. One long reading can be chance, such as a busy bus, so that it takes two in a row,
/// unless one alone is so long that a second is not to be risked.
struct SensorPace: Sendable, Equatable {
    /// Two readings in a row that each take longer are too slow.
    static let longNanoseconds: UInt64 = 20_000_000
    /// One reading that takes longer is too slow.
    static let longestNanoseconds: UInt64 = 500_000_000

    private var lastWasLong = false
    /// How long the reading took that was one too many; nil while the sensor is quick enough.
    private(set) var slowNanoseconds: UInt64?

    /// Quick, until it is known better.
    init() {}

    /// Known to be too slow.
    init(slowNanoseconds: UInt64) {
        self.slowNanoseconds = slowNanoseconds
    }

    /// Takes in how long a reading took.
    mutating func take(nanoseconds: UInt64) {
        let isLong = nanoseconds > SensorPace.longNanoseconds
        if nanoseconds > SensorPace.longestNanoseconds || isLong && lastWasLong { slowNanoseconds = nanoseconds }
        lastWasLong = isLong
    }
}
