import Accounts
import Bytes
import Counters

/// Which sources give readings: one of which nothing has been read for 10 s is down, whatever is open of it.
struct SourceWatch {
    private static let patienceNanoseconds: UInt64 = 10_000_000_000

    /// When something of a kind was read last, or when there was first something of it.
    private var lastRead = CaseTable<SourceKind, UInt64?>(repeating: nil)
    private var firstNanoseconds: UInt64?
    /// The kinds that are down.
    private(set) var silent = SourceKinds()
    /// Something is read of some source. Where nothing is there to be read, that is waited for as long as for a reading.
    private(set) var isAnythingRead = true

    /// Takes in what a pass over the counters has left in their accounts.
    ///
    /// - Returns: whether a source went up or down.
    mutating func review(_ accounts: [DomainAccount], at now: UInt64) -> Bool {
        let first = firstNanoseconds ?? now
        firstNanoseconds = first
        let accounts = accounts.span
        for index in accounts.indices where !accounts[index].isMirror {
            let kind = accounts[index].facts.source
            // What is asleep answers.
            let isAlive = accounts[index].failure == nil || accounts[index].failure == .asleep
            if isAlive || lastRead[kind] == nil { lastRead[kind] = now }
        }
        let before = silent
        isAnythingRead = accounts.isEmpty && !SourceWatch.isOver(first, now)
        for kind in lastRead.keys {
            guard let last = lastRead[kind] else { continue }
            if SourceWatch.isOver(last, now) {
                silent.insert(kind)
            } else {
                silent.remove(kind)
                isAnythingRead = true
            }
        }
        return silent != before
    }

    private static func isOver(_ last: UInt64, _ now: UInt64) -> Bool { now - min(last, now) >= patienceNanoseconds }
}
