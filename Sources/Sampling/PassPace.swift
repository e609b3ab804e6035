import Bytes

/// Keeps passes over the counters so far apart that they take a tenth of the time at most: nobody is answered while one lasts.
///
/// A sensor that is slow by itself is given up before that, after two readings in a row (`SensorPace`). This is for what must be read
/// on, and for counters that are slow only all together. One long pass can be chance, such as a loaded machine.
public struct PassPace: Sendable, Equatable {
    /// A pass takes one such part of the time from one to the next at most.
    static let part: UInt64 = 10
    /// Passes are never further apart than this for being slow.
    static let longestNanoseconds: UInt64 = 5_000_000_000
    /// After so many passes in a row that take longer than that, they are further apart.
    static let longPasses = 3
    /// After so many in a row that take less than half of that, they are closer together again.
    static let shortPasses = 10

    /// From one pass to the next, while that is more than the interval that was asked for; nil while it is not.
    public private(set) var intervalNanoseconds: UInt64?
    private var longRun = Run()
    private var shortRun = Run()

    /// Passes in a row, and the intervals that they would need.
    private struct Run: Equatable {
        var count = 0
        var least = UInt64.max
        var most: UInt64 = 0

        mutating func append(_ nanoseconds: UInt64) {
            count += 1
            least = min(least, nanoseconds)
            most = max(most, nanoseconds)
        }
    }

    /// Quick, until it is known better.
    init() {}

    /// Takes in how long a pass took, where one was asked for in each interval.
    ///
    /// - Returns: whether the time between passes is another one now.
    mutating func take(passNanoseconds: UInt64, every asked: UInt64) -> Bool {
        let (product, overflow) = passNanoseconds.multipliedReportingOverflow(by: PassPace.part)
        let needed = overflow ? PassPace.longestNanoseconds : min(product, PassPace.longestNanoseconds)
        let before = intervalNanoseconds
        let current = before ?? asked
        if needed > current { longRun.append(needed) } else { longRun = Run() }
        if before != nil, needed < current / 2 { shortRun.append(needed) } else { shortRun = Run() }
        if longRun.count >= PassPace.longPasses { settle(on: longRun.least, asked) }
        if shortRun.count >= PassPace.shortPasses { settle(on: shortRun.most, asked) }
        return intervalNanoseconds != before
    }

    private mutating func settle(on nanoseconds: UInt64, _ asked: UInt64) {
        intervalNanoseconds = nanoseconds > asked ? nanoseconds : nil
        longRun = Run()
        shortRun = Run()
    }
}

/// Passes that take long.
extension Sampling {
    /// It is too early for another pass, although a tick is due: passes take long.
    public func isResting(at now: UInt64, every intervalNanoseconds: UInt64) -> Bool {
        guard let rest = restNanoseconds else { return false }
        // To the tick that is nearest.
        return now.saturatingSum(intervalNanoseconds / 2) < lastPassNanoseconds.saturatingSum(rest)
    }

    /// So much time lies between two passes, if they take long; nil otherwise. What the counters bear comes first.
    var restNanoseconds: UInt64? {
        pace.intervalNanoseconds.map { min($0, longestIntervalNanoseconds) }
    }

    /// Takes in how long the latest pass took.
    mutating func notePace(every intervalNanoseconds: UInt64) {
        let duration = lastReadNanoseconds - min(lastReadNanoseconds, lastPassNanoseconds)
        notePace(passNanoseconds: duration, every: intervalNanoseconds)
    }

    mutating func notePace(passNanoseconds: UInt64, every intervalNanoseconds: UInt64) {
        if pace.take(passNanoseconds: passNanoseconds, every: intervalNanoseconds) { layoutGeneration += 1 }
    }
}
