public import Accounts
import Bytes
import Counters
public import Kernel

/// Keeps the accounts in memory that outlives this process, so that a restart, an upgrade or SIGKILL continues the same totals.
///
/// Two copies are written in turn, each with a checksum and a growing number: whoever is killed in the middle of a write leaves
/// the other one whole. What the hardware counted meanwhile is added by the accountant, like any interval between two readings.
///
/// Records of counters that are not measured now are kept and written on. There is room for `LedgerImage.capacity` records.
public struct Ledger: ~Copyable {
    /// What a ledger needs in memory or in a file: two copies.
    public static let memoryBytes = LedgerImage.longestBytes * 2
    /// The memory of a ledger of the first layout, whose two copies may stand at the beginning of a ledger's memory.
    public static let firstLayoutMemoryBytes = FirstLayout.imageBytes * 2

    /// A counter that is measured.
    struct Entry {
        let identity: LedgerIdentity
        let startUnixMicroseconds: UInt64
    }

    var store: LedgerStore
    private var sequence: UInt64 = 0
    /// Of what is kept beside the records.
    var annexSequence: UInt64 = 0
    private var scratch = ByteBuffer(capacity: LedgerImage.longestBytes)
    private(set) var entries: [Entry] = []
    /// What earlier runs counted of counters that are not measured now.
    private(set) var kept: [LedgerRecord] = []
    /// How many kept records had no room any more.
    public private(set) var droppedRecords = 0
    /// Why the next run will not find what is counted now; nil if it will.
    public private(set) var trouble: Trouble?
    private let nowUnixMicroseconds: UInt64
    let boot: BootIdentity

    /// Why what is written may be lost.
    public enum Trouble: Equatable, Sendable {
        /// The latest write failed; the one before is whole, and each next one is tried.
        case cannotBeWritten(ErrorCode)
        /// The file has no name any more.
        case isDeleted
    }

    /// So many writes there are between two looks at whether the file is still there.
    private static let writesPerLook: UInt64 = 8

    /// - Parameter nowUnixMicroseconds: the wall clock, for totals that begin now.
    public init(_ store: consuming LedgerStore, boot: BootIdentity, nowUnixMicroseconds: UInt64) {
        self.store = store
        self.boot = boot
        self.nowUnixMicroseconds = nowUnixMicroseconds
    }

    /// What became of the domains of an earlier run.
    public enum Restoration: Equatable, Sendable {
        /// There was none.
        case new
        /// So many domains go on.
        case restored(domains: Int)
        /// What is there cannot be used, and counting starts anew.
        case refused(String)
    }

    /// The names that devices had in an earlier run, those that were read last first. To be called before `restore`.
    mutating func names() -> [(identity: String, tag: String)] {
        guard case .restored = read() else { return [] }
        return kept.sorted { $0.lastNanoseconds > $1.lastNanoseconds }.compactMap { $0.identity.name }
    }

    /// Reads what an earlier run left and lets the accounts that match go on from it: same device, same range, same start of the
    /// machine. To be called once, before the first pass.
    public mutating func restore(_ accounts: inout [DomainAccount]) -> Restoration {
        let found = read()
        var restored = 0
        for index in accounts.indices where enter(&accounts[index]) { restored += 1 }
        dropWhatDoesNotFit()
        switch found {
        case .refused, .new: return found
        case .restored:
            return restored > 0
                ? .restored(domains: restored)
                : .refused("none of its domains is measured now, and their totals are kept")
        }
    }

    /// Takes in one more account, and lets it go on from what an earlier run left, if that has it.
    ///
    /// - Returns: how many kept records had to make room.
    public mutating func adopt(_ account: inout DomainAccount) -> Int {
        let before = droppedRecords
        _ = enter(&account)
        dropWhatDoesNotFit()
        return droppedRecords - before
    }

    /// - Returns: whether an earlier run left something to go on from.
    private mutating func enter(_ account: inout DomainAccount) -> Bool {
        let facts = account.facts
        let identity = LedgerIdentity(facts)
        let found = kept.firstIndex { $0.identity == identity || $0.identity.isFirstLayout(of: facts) }
        guard let record = found.map({ kept.remove(at: $0) }) else {
            entries.append(Entry(identity: identity, startUnixMicroseconds: nowUnixMicroseconds))
            return false
        }
        entries.append(Entry(identity: identity, startUnixMicroseconds: record.startUnixMicroseconds))
        account.restore(record.accountant, startUnixMicroseconds: record.startUnixMicroseconds)
        return true
    }

    /// Writes the accounts, which must be those that were restored and adopted, over the older of the two copies. What could not be
    /// written is tried again at the same place the next time, so that the other copy stays whole.
    public mutating func write(_ accounts: borrowing [DomainAccount]) {
        precondition(accounts.count == entries.count)
        let next = sequence + 1
        encode(accounts, next)
        let offset = next % 2 == 0 ? 0 : LedgerImage.longestBytes
        if let code = scratch.withBytes({ store.write($0, at: offset) }) {
            trouble = .cannotBeWritten(code)
            return
        }
        sequence = next
        if trouble != .isDeleted { trouble = nil }
        if next % Ledger.writesPerLook == 0 { trouble = store.isDeleted ? .isDeleted : nil }
    }

    private mutating func encode(_ accounts: borrowing [DomainAccount], _ sequence: UInt64) {
        scratch.removeAll()
        let count = min(accounts.count, LedgerImage.capacity)
        var encoder = LedgerEncoder(
            boot: boot, sequence: sequence, recordCount: count + kept.count, into: &scratch)
        for index in 0..<count {
            encoder.append(
                entries[index].identity, accounts[index].accountant,
                startUnixMicroseconds: entries[index].startUnixMicroseconds, lastSeenSequence: sequence,
                into: &scratch)
        }
        for index in kept.indices { encoder.append(kept[index], into: &scratch) }
        encoder.finish(into: &scratch)
        precondition(!scratch.overflowed)
    }

    /// Counters that are measured go before records that are only kept, of which those go first that were not measured for longest.
    private mutating func dropWhatDoesNotFit() {
        let room = max(0, LedgerImage.capacity - entries.count)
        let surplus = max(0, kept.count - room)
        guard surplus > 0 else { return }
        kept.sort { $0.lastSeenSequence > $1.lastSeenSequence }
        kept.removeLast(surplus)
        droppedRecords += surplus
    }

    /// Reads the newer one of the copies that are whole into `kept`.
    private mutating func read() -> Restoration {
        let image: LedgerImage
        do throws(LedgerImage.Refusal) {
            (image, sequence) = try store.newest()
        } catch {
            switch error {
            case .empty: return .new
            case .unknownLayout: return .refused("it has an unknown layout")
            case .torn: return .refused("both of its copies are damaged")
            }
        }
        guard image.boot == boot else { return .refused("it is from before the machine was started") }
        kept = image.records
        return .restored(domains: 0)
    }
}
