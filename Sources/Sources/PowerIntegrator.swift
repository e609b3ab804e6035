import Bytes

/// Energy out of readings of power: the area under the straight lines between them.
///
/// What power did between two readings is not known, so this is an estimate, unlike a counter's energy. Where a reading failed, or
/// the next one came too late to say anything of the time between, there is a gap: nothing is added for it.
struct PowerIntegrator: Sendable {
    /// The longest time between two readings that a line is drawn over, unless somebody says something else: twice the longest interval
    /// of sampling.
    static let longestIntervalNanoseconds: UInt64 = 120_000_000_000
    /// More than any one sensor's board can draw, a megawatt: larger numbers are no power. It keeps one interval's energy in 64 bits.
    static let largestMicrowatts: UInt64 = 1_000_000_000_000

    /// Energy since the first reading, in microjoules.
    private(set) var totalMicrojoules: UInt64 = 0
    /// Whether the time before the latest reading is a gap.
    private(set) var hasGapBefore = false
    /// What was cut off below a microjoule, in microwatts times nanoseconds, doubled: it is added next time, so nothing is lost.
    private var remainder: UInt64 = 0
    private var last: (microwatts: UInt64, nanoseconds: UInt64)?
    private var isInterrupted = false
    private let longestNanoseconds: UInt64

    /// Begins at 0.
    ///
    /// - Parameter longestIntervalNanoseconds: no line is drawn over more.
    init(longestIntervalNanoseconds: UInt64 = PowerIntegrator.longestIntervalNanoseconds) {
        longestNanoseconds = longestIntervalNanoseconds
    }

    /// Takes in a reading at a time in nanoseconds, later than the one before.
    mutating func take(microwatts: UInt64, at now: UInt64) {
        precondition(microwatts <= PowerIntegrator.largestMicrowatts)
        defer {
            last = (microwatts, now)
            isInterrupted = false
        }
        guard let last else { return }
        let elapsed = now >= last.nanoseconds ? now - last.nanoseconds : 0
        hasGapBefore = isInterrupted || elapsed > longestNanoseconds
        guard !hasGapBefore else { return }
        addArea(of: last.microwatts + microwatts, elapsed)
    }

    /// Takes in that power could not be read: the time up to the next reading is a gap.
    mutating func interrupt() {
        isInterrupted = true
    }

    /// Adds a trapezoid: the sum of its two sides times its width is twice its area.
    private mutating func addArea(of sides: UInt64, _ nanoseconds: UInt64) {
        let (whole, rest) = sides.scaledWithRemainder(by: nanoseconds, over: 2_000_000_000, carrying: remainder)
        totalMicrojoules &+= whole
        remainder = rest
    }
}
