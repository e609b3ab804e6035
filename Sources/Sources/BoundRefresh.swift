import Bytes
public import Counters
import Kernel

/// The files that state a zone's power limits, so that they can be read again without allocating.
struct LimitFiles: Equatable, Sendable {
    private struct Constraint: Equatable {
        let limit: StoredPath
        var maximum: StoredPath?
    }

    private let own: [Constraint]
    private let parent: [Constraint]
    /// The bound by what was stated when it was the counter's turn last.
    var latestMicrowatts: UInt64 = 0

    /// The limits of a zone, and of the one that it lies in: each by its directory.
    init(own: (directory: String, limits: PowerLimits), parent: (directory: String, limits: PowerLimits)?) {
        self.own = LimitFiles.constraints(own.directory, own.limits)
        self.parent = parent.map { LimitFiles.constraints($0.directory, $0.limits) } ?? []
    }

    private static func constraints(_ directory: String, _ limits: PowerLimits) -> [Constraint] {
        zip(limits.numbers, limits.limits).map { number, limit in
            let stem = "\(directory)/constraint_\(number)_"
            let maximum = limit.maximumMicrowatts == nil ? nil : StoredPath(stem + "max_power_uw")
            return Constraint(limit: StoredPath(stem + "power_limit_uw"), maximum: maximum)
        }
    }

    private static func number(_ path: StoredPath?) -> UInt64? {
        guard let file = path?.open(), case .counter(let value, _) = readCounter(file) else { return nil }
        return value
    }

    /// Puts what is stated now into the limits.
    ///
    /// - Returns: the highest number among them and those of the parent; nil if there is none above 0.
    fileprivate func refresh(_ limits: inout [PowerLimit]) -> UInt64? {
        var highest: UInt64 = 0
        for index in own.indices where index < limits.count {
            // Writing what is there already would copy the list, which others hold too.
            if let limit = LimitFiles.number(own[index].limit), limit != limits[index].microwatts {
                limits[index].microwatts = limit
            }
            if let maximum = LimitFiles.number(own[index].maximum), maximum != limits[index].maximumMicrowatts {
                limits[index].maximumMicrowatts = maximum
            }
            highest = max(highest, limits[index].microwatts, limits[index].maximumMicrowatts ?? 0)
        }
        for constraint in parent {
            highest = max(highest, LimitFiles.number(constraint.limit) ?? 0, LimitFiles.number(constraint.maximum) ?? 0)
        }
        return highest > 0 ? highest : nil
    }
}

/// Power limits that are changed while the machine runs: by profiles, by mains and battery, by whoever may.
extension Sources {
    /// Reads again what limits the power of a counter, and corrects what it says of itself. It costs some microseconds for each limit.
    ///
    /// - Returns: more power than this is not believed of it.
    public mutating func refreshBound(_ index: Int) -> UInt64 {
        guard let stated = statedBound(index) else { return counters[index].boundMicrowatts }
        // What was allowed a moment ago may have been drawn since the last reading.
        counters[index].boundMicrowatts = max(stated, limitFiles[index]?.latestMicrowatts ?? 0)
        return counters[index].boundMicrowatts
    }

    /// Reads the limits of some counters again, so that each has its turn once a minute; to be called at each tick.
    ///
    /// - Returns: the counters whose turn it was.
    public mutating func refreshBounds(at moment: Moment) -> Range<Int> {
        let turn = limitTurns.next(of: counters.count, at: moment.monotonicNanoseconds)
        for index in turn {
            guard let stated = statedBound(index) else { continue }
            counters[index].boundMicrowatts = max(stated, limitFiles[index]?.latestMicrowatts ?? 0)
            limitFiles[index]?.latestMicrowatts = stated
        }
        return turn
    }

    /// The bound by what is stated now; nil for a counter that states no limits.
    private mutating func statedBound(_ index: Int) -> UInt64? {
        guard let files = limitFiles[index] else { return nil }
        let highest = files.refresh(&zones[index].limits)
        return PlausiblePower.boundMicrowatts(counters[index].domain.kind, highestMicrowatts: highest)
    }
}

/// Whose turn it is, so that each of a row has its turn once a minute, a few at a time.
struct Turns {
    private static let roundNanoseconds: UInt64 = 60_000_000_000

    private var next: Int?
    private var lastNanoseconds: UInt64?
    private var roundBeganNanoseconds: UInt64 = 0

    /// Those whose turn it is now. The first round begins a minute after the first call.
    mutating func next(of count: Int, at now: UInt64) -> Range<Int> {
        let elapsed = now - min(now, lastNanoseconds ?? now)
        lastNanoseconds = now
        var first = next ?? count
        if next == nil { roundBeganNanoseconds = now }
        if first >= count {
            next = count
            guard now >= roundBeganNanoseconds.saturatingSum(Turns.roundNanoseconds) else { return count..<count }
            first = 0
            roundBeganNanoseconds = now
        }
        let share = UInt64(count).scaled(by: elapsed, over: Turns.roundNanoseconds) + 1
        let turn = first..<min(count, first + Int(clamping: share))
        next = turn.upperBound
        return turn
    }
}
