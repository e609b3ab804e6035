/// Why the platform's counters are not taken for the machine.
public enum PlatformFault: String, Sendable {
    /// They have never moved, while what lies in them has.
    case standsStill = "stands_still"
    /// They count less than what lies in them.
    case lessThanParts = "less_than_parts"
    /// Not all of them can be read.
    case unreadable
}

/// Tries whether the platform's counters, psys, are what they are said to be: they move, and over a minute they count no less than
/// the packages and the memory that lie in them.
///
/// On boards whose maker did not connect them they show one number for ever, or a part of the machine only.
struct PlatformTrial {
    /// What a pass over the counters showed.
    struct Observation {
        /// What the platform's counters have counted in all, by this run or an earlier one.
        var platformMicrojoules: UInt64 = 0
        /// What the packages and the memory have counted in all.
        var partsMicrojoules: UInt64 = 0
        /// The least steps of all of them together.
        var unitsMicrojoules: UInt64 = 0
        /// Each of the platform's counters was read just now.
        var platformIsRead = true
        /// Each of the others that has an account was read just now.
        var partsAreRead = true
        /// Grows with each event after which some of what was used is unknown.
        var disturbances: UInt64 = 0
    }

    /// Where a comparison begins.
    private struct Start {
        let nanoseconds: UInt64
        let observation: Observation
    }

    /// A platform's counter moves a thousand times in a second; one that has not in this time will not.
    static let patienceNanoseconds: UInt64 = 10_000_000_000
    /// Over so much time the platform is compared with its parts.
    static let windowNanoseconds: UInt64 = 60_000_000_000
    /// The counters of one pass are read one after the other: this part of a comparison may lie between them.
    private static let skewDivisor: UInt64 = 256

    /// Since when it has been looked at without a move, or could not be read.
    private var waitingSince: Start?
    private var window: Start?

    /// Takes in a pass. Returns what is wrong with the platform, if that is certain now.
    ///
    /// - Parameter hasBegun: the machine's energy is told by the platform already; it may be missing for a while then.
    mutating func judge(_ now: Observation, hasBegun: Bool, at nanoseconds: UInt64) -> PlatformFault? {
        if !hasBegun, let fault = judgeStanding(now, at: nanoseconds) { return fault }
        return judgeSize(now, at: nanoseconds)
    }

    private mutating func judgeStanding(_ now: Observation, at nanoseconds: UInt64) -> PlatformFault? {
        guard !now.platformIsRead || now.platformMicrojoules == 0 else {
            waitingSince = nil
            return nil
        }
        guard let start = waitingSince else {
            waitingSince = Start(nanoseconds: nanoseconds, observation: now)
            return nil
        }
        // As long as nothing else has moved either, it has not been slow.
        if now.platformIsRead && now.partsMicrojoules == start.observation.partsMicrojoules {
            waitingSince = Start(nanoseconds: nanoseconds, observation: now)
            return nil
        }
        guard nanoseconds - min(nanoseconds, start.nanoseconds) >= PlatformTrial.patienceNanoseconds else { return nil }
        guard now.platformIsRead else { return .unreadable }
        let used = now.partsMicrojoules &- start.observation.partsMicrojoules
        return used > now.unitsMicrojoules ? .standsStill : nil
    }

    private mutating func judgeSize(_ now: Observation, at nanoseconds: UInt64) -> PlatformFault? {
        guard now.platformIsRead, now.partsAreRead else {
            window = nil
            return nil
        }
        guard let start = window, start.observation.disturbances == now.disturbances else {
            window = Start(nanoseconds: nanoseconds, observation: now)
            return nil
        }
        guard nanoseconds - min(nanoseconds, start.nanoseconds) >= PlatformTrial.windowNanoseconds else { return nil }
        window = Start(nanoseconds: nanoseconds, observation: now)
        let parts = now.partsMicrojoules &- start.observation.partsMicrojoules
        let platform = now.platformMicrojoules &- start.observation.platformMicrojoules
        return platform &+ now.unitsMicrojoules &+ parts / PlatformTrial.skewDivisor < parts ? .lessThanParts : nil
    }
}
