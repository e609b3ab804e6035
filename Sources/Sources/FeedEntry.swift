import Counters

/// Why a device that is there cannot be read, as a feed says it.
public enum FeedObstacle: String, CaseIterable, Sendable {
    /// The device has neither a counter nor a power reading.
    case notSupported = "not_supported"
    case forbidden
    case asleep
    /// It was there, and does not answer any more.
    case lost
    /// Library and driver are of different versions.
    case driverMismatch = "driver_mismatch"
    case timeout
    case error
}

/// What a feed says of one device.
struct FeedEntry: Sendable {
    /// What is shown.
    enum Form: Equatable, Sendable {
        /// Energy in microjoules, below the modulus.
        case counter(microjoules: UInt64)
        /// Power, of which energy is to be made.
        case power(microwatts: UInt64)
        case unreadable(FeedObstacle)
    }

    /// What must stay the same for what is shown to be of the same counter.
    struct Shape: Equatable, Sendable {
        var kind = DomainKind.sensor
        /// Of one count, in 10^-9 microjoules; 0 for power.
        var unit: UInt64 = 0
        var modulus = CounterFacts.neverWraps
        var isEstimate = false
    }

    let line: Int
    let id: FeedText
    let domain: FeedText
    var shape = Shape()
    var form = Form.unreadable(.error)
    /// When it was read, on the monotonic clock; nil for when the feed was written.
    var atNanoseconds: UInt64?
    var spreadNanoseconds: UInt64 = 0
    var updateNanoseconds: UInt64?
    var boundMicrowatts: UInt64?
    var vendor = FeedText()
    var model = FeedText()
    var uuid = FeedText()
    var address = FeedText()
    /// It is divided into instances (MIG), which are all in its energy.
    var isDivided = false
    /// Its driver gives it up while nobody uses it, and its counter with it.
    var isForgetful = false
    /// Why it cannot be read, in words.
    var text = FeedText()
    var samples: FeedSamples?
}

/// Finer power of a device than its counter tells.
struct FeedSamples: Sendable {
    let watts: FeedText
    let count: Int
    /// Each is the mean of so long a time.
    let everyNanoseconds: UInt64
    /// When the time of the last ends, on the monotonic clock.
    let untilNanoseconds: UInt64

    /// How many of them are of a time after a moment: those at the end.
    func newer(than moment: UInt64) -> Int {
        guard untilNanoseconds > moment else { return 0 }
        // One whose time had half passed by then was taken already: stamps are not exact.
        let intervals = (untilNanoseconds - moment + everyNanoseconds / 2) / everyNanoseconds
        return Int(clamping: min(intervals, UInt64(count)))
    }
}
