import Bytes
public import Counters
import Kernel

/// The files that state a zone's power limits, so that they can be read again without allocating.
struct LimitFiles: Equatable, Sendable {
    private struct Constraint: Equatable {
        let limit: StoredPath
        let maximum: StoredPath?
        /// Which of the zone's limits it is; nil for one that stated nothing when the zone was found.
        let position: Int?
    }

    /// What one zone states.
    private struct Zone: Equatable {
        /// Shows 0 while its limits are not in force; nil for what cannot be switched off.
        var enabled: StoredPath?
        var areInForce = true
        var constraints: [Constraint] = []

        init() {}

        init(_ directory: String, _ limits: PowerLimits) {
            enabled = StoredPath(directory + "/enabled")
            areInForce = limits.areInForce
            constraints = limits.constraints.map { constraint in
                let stem = "\(directory)/constraint_\(constraint.number)_"
                return Constraint(
                    limit: StoredPath(stem + "power_limit_uw"), maximum: StoredPath(stem + "max_power_uw"),
                    position: constraint.position)
            }
        }

        mutating func refreshForce() {
            if let shown = LimitFiles.number(enabled) { areInForce = shown != 0 }
        }
    }

    private var own: Zone
    private var parent: Zone
    /// The bound by what was stated when it was the counter's turn last.
    var latestMicrowatts: UInt64 = 0
    /// More power than this is beyond limits that are stated and not in force: they may be stated otherwise by now.
    private var reviewAboveMicrowatts: UInt64 = 0

    /// Limits in force are read again when a step is in doubt, and what states none has none to be read.
    fileprivate func isBeyond(_ microwatts: UInt64) -> Bool {
        !own.areInForce && reviewAboveMicrowatts > 0 && microwatts > reviewAboveMicrowatts
    }

    /// The limits of a zone, and of the one that it lies in: each by its directory.
    init(own: (directory: String, limits: PowerLimits), parent: (directory: String, limits: PowerLimits)?) {
        self.own = Zone(own.directory, own.limits)
        reviewAboveMicrowatts =
            own.limits.limits.map { LimitFiles.higher($0.microwatts, $0.maximumMicrowatts) }.max() ?? 0
        self.parent = parent.map { Zone($0.directory, $0.limits) } ?? Zone()
    }

    /// The limits of a channel of a sensor chip.
    init(directory: String, number: UInt16, _ limits: [PowerLimit]) {
        own = Zone()
        own.constraints = limits.enumerated().map { position, limit in
            let path = StoredPath("\(directory)/power\(number)_\(limit.constraint)")
            return Constraint(limit: path, maximum: nil, position: position)
        }
        parent = Zone()
    }

    private static func number(_ path: StoredPath?) -> UInt64? {
        guard let file = path?.open(), case .counter(let value, _) = readCounter(file) else { return nil }
        return value
    }

    /// Puts what is stated now into the limits; what cannot be read stays as it was.
    ///
    /// - Returns: the highest number that limits anything among them and those of the parent; nil if there is none.
    fileprivate mutating func refresh(_ limits: inout [PowerLimit]) -> UInt64? {
        own.refreshForce()
        parent.refreshForce()
        var highest: UInt64 = 0
        reviewAboveMicrowatts = 0
        for constraint in own.constraints {
            let stated = LimitFiles.restate(constraint, &limits)
            reviewAboveMicrowatts = max(reviewAboveMicrowatts, stated)
            if own.areInForce { highest = max(highest, stated) }
        }
        for constraint in parent.constraints where parent.areInForce {
            highest = max(highest, LimitFiles.stated(constraint))
        }
        return highest > 0 ? highest : nil
    }

    fileprivate mutating func review(above microwatts: UInt64) {
        reviewAboveMicrowatts = max(reviewAboveMicrowatts, microwatts)
    }

    /// - Returns: the higher one of the constraint's numbers.
    private static func restate(_ constraint: Constraint, _ limits: inout [PowerLimit]) -> UInt64 {
        guard let position = constraint.position, position < limits.count else { return stated(constraint) }
        // Writing what is there already would copy the list, which others hold too.
        if let limit = number(constraint.limit), limit != limits[position].microwatts {
            limits[position].microwatts = limit
        }
        if let maximum = number(constraint.maximum), maximum != limits[position].maximumMicrowatts {
            limits[position].maximumMicrowatts = maximum
        }
        return higher(limits[position].microwatts, limits[position].maximumMicrowatts)
    }

    private static func stated(_ constraint: Constraint) -> UInt64 {
        higher(number(constraint.limit), number(constraint.maximum))
    }

    private static func higher(_ limit: UInt64?, _ maximum: UInt64?) -> UInt64 {
        func limiting(_ number: UInt64?) -> UInt64 { number.flatMap { PlausiblePower.isLimit($0) ? $0 : nil } ?? 0 }
        return max(limiting(limit), limiting(maximum))
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

    /// Reads the limits of a counter again if its power is beyond those that the kernel stated last, although it is plausible: they may
    /// have been changed. Only power that is a quarter higher is beyond them until then.
    ///
    /// - Returns: more power than this is not believed of it; nil if the power is within the limits.
    public mutating func reviewBound(_ index: Int, for microwatts: UInt64) -> UInt64? {
        guard limitFiles[index]?.isBeyond(microwatts) ?? false else { return nil }
        let bound = refreshBound(index)
        let seen = microwatts.saturatingSum(microwatts / 4)
        limitFiles[index]?.review(above: seen)
        return bound
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
        // Most drivers wake a card to tell its limits.
        guard limitFiles[index] != nil, places[index].kind != .hwmon || !hwmon.isAsleep(places[index].index) else {
            return nil
        }
        let highest = limitFiles[index]?.refresh(&zones[index].limits)
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
