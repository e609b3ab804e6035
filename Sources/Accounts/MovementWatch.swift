import Bytes
public import Counters

/// Notices sources none of whose counters moves.
///
/// In guests, and on processors whose driver shows a counter without having tried it, counters open and can be read, and show one
/// number for ever. A processor's counter moves a thousand times in a second, even where nothing is to do: one that has not moved
/// in ten seconds counts nothing. Of sensors that cannot be said: a card that sleeps stands still.
public struct MovementWatch: Sendable {
    /// What is known of a source.
    public enum State: Sendable {
        /// It is being watched, or it is not of a kind that is judged.
        case unknown
        /// One of its counters has moved, in this run or in an earlier one that the ledger tells of.
        case moves
        /// None of its counters has moved in ten seconds.
        case standsStill
    }

    /// A counter that has not moved in this time is none.
    public static let patienceNanoseconds: UInt64 = 10_000_000_000

    private var states = CaseTable<SourceKind, State>(repeating: .unknown)
    private var since = CaseTable<SourceKind, UInt64?>(repeating: nil)

    /// Watches nothing yet.
    public init() {}

    /// What is known of a source.
    public func state(of kind: SourceKind) -> State { states[kind] }

    /// Only counters of processors move all the time.
    public static func judges(_ kind: SourceKind) -> Bool { kind == .powercap || kind == .perf }

    /// Takes in a pass over the counters.
    ///
    /// - Returns: a source that stands still, or moves after all, from now on; at most one in a pass.
    public mutating func take(_ accounts: [DomainAccount], at nanoseconds: UInt64) -> SourceKind? {
        if judge(.powercap, accounts, at: nanoseconds) { return .powercap }
        return judge(.perf, accounts, at: nanoseconds) ? .perf : nil
    }

    /// Returns whether there is news of a source.
    private mutating func judge(_ kind: SourceKind, _ accounts: [DomainAccount], at nanoseconds: UInt64) -> Bool {
        let state = states[kind]
        guard state != .moves else { return false }
        var isRead = false
        for index in accounts.indices where accounts[index].facts.source == kind {
            if accounts[index].totalMicrojoules > 0 {
                states[kind] = .moves
                return state == .standsStill
            }
            if accounts[index].hasBeenRead && accounts[index].failure == nil { isRead = true }
        }
        guard isRead, state == .unknown else {
            if !isRead { since[kind] = nil }
            return false
        }
        let start = since[kind] ?? nanoseconds
        since[kind] = start
        guard nanoseconds - min(nanoseconds, start) >= MovementWatch.patienceNanoseconds else { return false }
        states[kind] = .standsStill
        return true
    }
}
